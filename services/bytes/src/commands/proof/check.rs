//! Checks what is stored of a raw file: content against hash, hash against proof.

use futures::TryStreamExt as _;
use strongroom_kernel::{
    ContentBody, ContentRead, Subject, from_port,
    ports::{AnchorProof, PortErrorKind},
};
use strongroom_model::{Caller, Error};

use crate::{
    commands::CHECK_PROOF,
    state::BytesState,
    tables::{BoefjeMeta, RawFile},
    wire::hash::{Algorithm, SecureHasher},
};

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The hash is that of the content and the job's end; `None` when the file has none.
    pub hash_holds: Option<bool>,
    /// The proof holds for the hash; `None` when there is none, it is by another authority than the
    /// configured one, or it leaves nothing to check.
    pub proof_holds: Option<bool>,
}

/// Recomputes the hash of `raw` and checks its proof with the configured authority.
///
/// # Errors
/// `NotFound` when the content is gone; `Unavailable`; `Internal` when the content is not what was stored.
pub async fn check(
    state: &BytesState,
    caller: Caller,
    raw: &RawFile,
    boefje_meta: &BoefjeMeta,
) -> Result<Checked, Error> {
    let (Some(stored), Some(ended_at)) = (&raw.secure_hash, boefje_meta.ended_at) else {
        return Ok(Checked { hash_holds: None, proof_holds: None });
    };
    let name = stored.split(':').next().unwrap_or_default();
    let Some(algorithm) = Algorithm::from_name(name) else {
        return Ok(Checked { hash_holds: None, proof_holds: check_proof(state, raw, stored).await? });
    };
    let read = ContentRead {
        caller,
        action: CHECK_PROOF,
        subject: Subject { noun: "raw_file", id: raw.id.to_string() },
        domain: raw.domain.clone(),
        digest: raw.content,
        range: None,
    };
    state.kernel().attest(raw).await?;
    let mut hasher = SecureHasher::new(algorithm);
    match state.kernel().read_content(read).await?.body {
        ContentBody::Whole(bytes) => hasher.update(&bytes),
        ContentBody::Stream(mut pieces) => {
            while let Some(piece) = pieces.try_next().await.map_err(from_port)? {
                hasher.update(&piece);
            }
        }
    }
    let hash_holds = Some(hasher.finish(ended_at) == *stored);
    Ok(Checked { hash_holds, proof_holds: check_proof(state, raw, stored).await? })
}

async fn check_proof(state: &BytesState, raw: &RawFile, hash: &str) -> Result<Option<bool>, Error> {
    let Some(link) = raw.proof_link.clone() else { return Ok(None) };
    if raw.proof_provider.as_deref() != state.anchor().provider() {
        // made before the authority was changed: whoever has its certificates can tell
        return Ok(None);
    }
    let proof = AnchorProof { link, provider: raw.proof_provider.clone() };
    match state.anchor().check(hash, &proof).await {
        Ok(()) => Ok(Some(true)),
        Err(error) => match error.kind {
            PortErrorKind::Corrupt | PortErrorKind::Missing => Ok(Some(false)),
            PortErrorKind::Refused => Ok(None),
            PortErrorKind::Exists
            | PortErrorKind::Conflict
            | PortErrorKind::Unavailable
            | PortErrorKind::Full => Err(from_port(error)),
        },
    }
}
