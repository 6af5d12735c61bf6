//! A witness as `c2sp.org/tlog-witness` defines it, and a mirror asked like one.

use std::time::Duration;

use async_trait::async_trait;
use strongroom_fetch::{Answer, Fetcher};
use strongroom_kernel::ports::{PortError, Witness, WitnessAnswer};
use strongroom_ledger::{
    AddCheckpoint, Note, Signature,
    note::parse_signatures,
    witness::{SIZE_MEDIA_TYPE, parse_size},
};
use strongroom_model::Digest;

use crate::{below, words};

/// Looks at a mirror's checkpoint after it was told of a new one, and the pause before each.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(300);

/// A witness, or a mirror, at a submission prefix that is its monitoring prefix too.
#[derive(Debug, Clone)]
pub struct HttpWitness {
    prefix: String,
    fetcher: Fetcher,
}

impl HttpWitness {
    /// The witness whose `add-checkpoint` is below `prefix`.
    pub fn new(prefix: impl Into<String>, fetcher: Fetcher) -> Self {
        Self { prefix: prefix.into(), fetcher }
    }

    /// The signatures that a mirror has put on this checkpoint, once it has copied what it covers.
    async fn mirrored(&self, request: &AddCheckpoint) -> Result<Vec<Signature>, PortError> {
        let hash = Digest::of(request.origin().as_bytes());
        let url = below(&self.prefix, &format!("{hash}/checkpoint"));
        for _ in 0..LOOKS {
            tokio::time::sleep(PAUSE).await;
            let answer = self.fetcher.get(&url).await?;
            if answer.status == 404 {
                continue;
            }
            let answer = answer.success("read a mirror's checkpoint")?;
            let note = Note::parse(&answer.body).map_err(|error| unreadable().with_source(error))?;
            if note.text() == request.checkpoint().text() {
                return Ok(note.signatures().to_vec());
            }
        }
        Err(PortError::unavailable("the mirror has not copied this checkpoint yet"))
    }
}

#[async_trait]
impl Witness for HttpWitness {
    async fn add_checkpoint(&self, request: &AddCheckpoint) -> Result<WitnessAnswer, PortError> {
        let url = below(&self.prefix, "add-checkpoint");
        let answer = self.fetcher.post(&url, "text/plain; charset=utf-8", request.to_string()).await?;
        match answer.status {
            // a mirror cosigns later, when it holds everything
            200 if answer.body.is_empty() => self.mirrored(request).await.map(WitnessAnswer::Cosigned),
            200 => {
                let signatures = parse_signatures(&answer.body);
                signatures.map(WitnessAnswer::Cosigned).map_err(|error| unreadable().with_source(error))
            }
            409 if tells_size(&answer) => {
                parse_size(&answer.body).map(WitnessAnswer::Latest).ok_or_else(unreadable)
            }
            status @ 400..=499 if !matches!(status, 408 | 425 | 429) => {
                Ok(WitnessAnswer::Refused { status, text: words(&answer.body) })
            }
            _ => Err(answer.success("ask the witness").err().unwrap_or_else(unreadable)),
        }
    }
}

fn tells_size(answer: &Answer) -> bool {
    let kind = answer.content_type.as_deref().unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(SIZE_MEDIA_TYPE))
}

fn unreadable() -> PortError {
    PortError::unavailable("the witness's answer cannot be read")
}
