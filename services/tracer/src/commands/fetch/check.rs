//! What can be told of an address from its text, before its trace is accepted.

use strongroom_kernel::ports::{Fetch, FetchError};

use crate::wire::post::Posted;

/// Files of one trace, at most.
const MOST_FILES: usize = 20;

/// Why a file would never be fetched.
#[derive(Debug, thiserror::Error)]
pub enum NotFetched {
    /// Nobody may be asked.
    #[error("HTTP_FTP is switched off here: send HASH or FILE_DATA")]
    Off,
    /// A trace names too many.
    #[error("is the address of one file too many: at most {MOST_FILES} are fetched for a trace")]
    TooMany,
    /// Its address is not one that may be asked.
    #[error("cannot be fetched: {0}")]
    Refused(#[from] FetchError),
}

/// Whether the files that `posted` names may be asked for.
///
/// # Errors
/// The place of a resource, and why its file never would be.
pub fn check(fetch: Option<&dyn Fetch>, posted: &Posted) -> Result<(), (usize, NotFetched)> {
    if let Some(one_too_many) = posted.remote.get(MOST_FILES) {
        return Err((one_too_many.place, NotFetched::TooMany));
    }
    for remote in &posted.remote {
        let checked = fetch.ok_or(NotFetched::Off).and_then(|fetch| Ok(fetch.check(&remote.url)?));
        checked.map_err(|error| (remote.place, error))?;
    }
    Ok(())
}
