//! A mirror as `c2sp.org/tlog-mirror` defines it, to which entries are pushed.

use strongroom_fetch::{Answer, Fetcher};
use strongroom_kernel::ports::PortError;
use strongroom_ledger::{
    AddCheckpoint, Signature,
    mirror::{INFO_MEDIA_TYPE, MirrorInfo, UPLOAD_MEDIA_TYPE},
    note::parse_signatures,
    witness::{SIZE_MEDIA_TYPE, parse_size},
};

use crate::{below, words};

/// What a mirror says to a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announced {
    /// Entries can be pushed against it.
    Pending,
    /// The request must begin at this size.
    Latest(u64),
    /// It is refused.
    Refused {
        /// With this status.
        status: u16,
        /// And these words.
        text: String,
    },
}

/// What a mirror says to entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// It holds all of them: its signatures, to be verified.
    Cosigned(Vec<Signature>),
    /// More is missing, or an upload must begin elsewhere.
    Told(MirrorInfo),
    /// They are refused.
    Refused {
        /// With this status.
        status: u16,
        /// And these words.
        text: String,
    },
}

/// A mirror at a submission prefix.
#[derive(Debug, Clone)]
pub struct HttpMirror {
    prefix: String,
    fetcher: Fetcher,
}

impl HttpMirror {
    /// The mirror whose `add-checkpoint` and `add-entries` are below `prefix`.
    pub fn new(prefix: impl Into<String>, fetcher: Fetcher) -> Self {
        Self { prefix: prefix.into(), fetcher }
    }

    /// Tells of a checkpoint.
    ///
    /// # Errors
    /// `Unavailable` when no answer comes or it cannot be read.
    pub async fn announce(&self, request: &AddCheckpoint) -> Result<Announced, PortError> {
        let url = below(&self.prefix, "add-checkpoint");
        let answer = self.fetcher.post(&url, "text/plain; charset=utf-8", request.to_string()).await?;
        match answer.status {
            200 => Ok(Announced::Pending),
            409 if is(&answer, SIZE_MEDIA_TYPE) => {
                parse_size(&answer.body).map(Announced::Latest).ok_or_else(unreadable)
            }
            status if passes(status) => Err(later(answer)),
            status => Ok(Announced::Refused { status, text: words(&answer.body) }),
        }
    }

    /// Sends an upload: a head and its packages.
    ///
    /// # Errors
    /// As [`HttpMirror::announce`].
    pub async fn push(&self, upload: Vec<u8>) -> Result<Pushed, PortError> {
        let url = below(&self.prefix, "add-entries");
        let answer = self.fetcher.post(&url, UPLOAD_MEDIA_TYPE, upload).await?;
        match answer.status {
            200 => {
                let signatures = parse_signatures(&answer.body);
                signatures.map(Pushed::Cosigned).map_err(|error| unreadable().with_source(error))
            }
            202 | 409 if is(&answer, INFO_MEDIA_TYPE) => {
                MirrorInfo::parse(&answer.body).map(Pushed::Told).ok_or_else(unreadable)
            }
            status if passes(status) => Err(later(answer)),
            status => Ok(Pushed::Refused { status, text: words(&answer.body) }),
        }
    }
}

fn is(answer: &Answer, media_type: &str) -> bool {
    let kind = answer.content_type.as_deref().unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(media_type))
}

/// Whether it may be otherwise a moment later.
fn passes(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..)
}

fn later(answer: Answer) -> PortError {
    answer.success("push to the mirror").err().unwrap_or_else(unreadable)
}

fn unreadable() -> PortError {
    PortError::unavailable("the mirror's answer cannot be read")
}
