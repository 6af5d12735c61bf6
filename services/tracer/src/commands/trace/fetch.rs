//! Fetches and hashes the resources of a posted trace that are given by their address, before the trace is added.
//!
//! The client waits: what is recorded is whole, and a file that cannot be had is told to whoever named it instead
//! of being found out later. Nothing was accepted by then, so nothing is lost.

use std::time::Instant;

use futures::StreamExt as _;
use strongroom_inspect::{Algorithm, Digests};
use strongroom_kernel::ports::{Fetch, FetchError, FetchLimits};

use crate::wire::post::Posted;

/// Files of one trace, at most.
const MOST_FILES: usize = 20;

/// Why a resource was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum NotFetched {
    /// Nobody may be asked.
    #[error("HTTP_FTP is switched off here: send HASH or FILE_DATA")]
    Off,
    /// A trace names too many.
    #[error("is the address of one file too many: at most {MOST_FILES} are fetched for a trace")]
    TooMany,
    /// It could not be had.
    #[error("could not be fetched: {0}")]
    Failed(#[from] FetchError),
}

impl NotFetched {
    /// Whether another try may succeed.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Failed(error) if error.may_pass())
    }
}

/// Fetches what `posted` names, within `limits` for all of it together, and puts the digests where they belong.
///
/// # Errors
/// The place of a resource, and why it was not fetched.
pub async fn fetch(
    fetch: Option<&dyn Fetch>,
    limits: FetchLimits,
    algorithm: Algorithm,
    posted: &mut Posted,
) -> Result<(), (usize, NotFetched)> {
    if let Some(one_too_many) = posted.remote.get(MOST_FILES) {
        return Err((one_too_many.place, NotFetched::TooMany));
    }
    // all are checked before the first is asked
    for remote in &posted.remote {
        let checked = fetch.ok_or(NotFetched::Off).and_then(|fetch| Ok(fetch.check(&remote.url)?));
        checked.map_err(|error| (remote.place, error))?;
    }
    let start = Instant::now();
    let Some(fetch) = fetch else { return Ok(()) };
    for remote in std::mem::take(&mut posted.remote) {
        let left = FetchLimits { total: limits.total.saturating_sub(start.elapsed()), ..limits };
        let digest = digest(fetch, &remote.url, left, algorithm).await;
        let digest = digest.map_err(|error| (remote.place, NotFetched::Failed(error)))?;
        if let Some(resource) =
            posted.resources.as_mut().and_then(|resources| resources.get_mut(remote.place))
        {
            *resource = resource.clone().with_content(&digest, algorithm);
        }
    }
    Ok(())
}

async fn digest(
    fetch: &dyn Fetch,
    url: &str,
    limits: FetchLimits,
    algorithm: Algorithm,
) -> Result<Vec<u8>, FetchError> {
    let mut body = fetch.fetch(url, limits).await?.body;
    let mut digests = Digests::new(&[algorithm]);
    while let Some(piece) = body.next().await {
        digests.update(&piece?);
    }
    Ok(digests.finish().pop().map(|(_, digest)| digest).unwrap_or_default())
}
