//! One try: the file is hashed as it comes and not kept.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::StreamExt as _;
use strongroom_inspect::{Algorithm, Digests};
use strongroom_kernel::ports::{Fetch, FetchError, FetchLimits};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Standard Base64 of the digest of the file.
    pub content_hash: String,
    /// Its algorithm, and that of `source_hash`.
    pub algorithm: Algorithm,
    /// Bytes of the file.
    pub length: u64,
    /// Digest of the address it came from after redirects.
    pub source_hash: String,
}

/// Fetches and hashes the file at `url`.
///
/// # Errors
/// Any of [`FetchError`].
pub async fn try_once(
    fetch: &dyn Fetch,
    url: &str,
    limits: FetchLimits,
    algorithm: Algorithm,
) -> Result<Fetched, FetchError> {
    let file = fetch.fetch(url, limits).await?;
    let source_hash = BASE64_STANDARD.encode(algorithm.digest(file.url.as_bytes()));
    let mut body = file.body;
    let mut digests = Digests::new(&[algorithm]);
    let mut length = 0;
    while let Some(piece) = body.next().await {
        let piece = piece?;
        length += piece.len() as u64;
        digests.update(&piece);
    }
    let digest = digests.finish().pop().map(|(_, digest)| digest).unwrap_or_default();
    Ok(Fetched { content_hash: BASE64_STANDARD.encode(digest), algorithm, length, source_hash })
}
