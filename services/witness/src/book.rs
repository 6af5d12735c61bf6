//! What was seen of one log: its latest checkpoint, and which one may follow it.
//!
//! Deciding and handing over for writing is one step under one lock, so that two requests can never both follow
//! the same checkpoint. A decision holds in memory at once, while its signature waits until it is durable: what
//! follows it in the meantime follows a checkpoint that was checked, and is written after it.

use std::sync::Arc;

use parking_lot::Mutex;
use strongroom_kernel::ports::{Note as State, PortError};
use strongroom_ledger::{
    AddCheckpoint, Checkpoint, Cosigner, Note,
    checkpoint::CheckpointError,
    witness::{Refusal, Seen},
};
use strongroom_model::{Error, ErrorKind};

use crate::{
    counts::{Counts, count},
    evidence::{Evidence, Kind},
    keeper::{Keeper, Kept},
    logs::KnownLog,
};

/// Why a checkpoint is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The log did not sign it.
    #[error("no signature by a known key of this log, or a wrong one")]
    Signature,
    /// It is no checkpoint.
    #[error("{0}")]
    Malformed(CheckpointError),
    /// It does not follow the latest one.
    #[error(transparent)]
    Judged(#[from] Refusal),
    /// It cannot be kept now.
    #[error("{0}")]
    Kept(Error),
}

/// The latest checkpoint.
#[derive(Debug, Clone)]
pub(crate) struct Latest {
    pub(crate) checkpoint: Checkpoint,
    /// With the log's signatures and, where there is one, the cosignature.
    pub(crate) note: Arc<Note>,
}

impl Latest {
    pub(crate) fn seen(&self) -> Seen {
        Seen::from(&self.checkpoint)
    }
}

#[derive(Debug, Default)]
struct Pages {
    latest: Option<Latest>,
    /// What is durable, and may be shown.
    shown: Option<Latest>,
    /// Time of the last cosignature: they never go back.
    time: u64,
}

/// What was seen of one log.
#[derive(Debug)]
pub(crate) struct Book {
    log: Arc<KnownLog>,
    key: String,
    pages: Mutex<Pages>,
    pub(crate) evidence: Evidence,
}

/// A checkpoint that was taken and is on its way to the disk.
pub(crate) struct Taken {
    latest: Latest,
    kept: Option<Kept>,
}

impl Book {
    /// Opens the book of `log`, kept under a name that begins with `role`.
    ///
    /// # Errors
    /// `Corrupt` when what is kept is no checkpoint of that log under its keys.
    pub(crate) async fn open(role: &str, log: Arc<KnownLog>, keeper: &Keeper) -> Result<Self, PortError> {
        let key = format!("{role}/{}", log.hash());
        let latest = match keeper.get(&key).await? {
            Some(kept) => {
                let read = Checkpoint::open(&kept, log.origin(), log.keys());
                let (checkpoint, note) = read.map_err(|error| {
                    let text = format!("read the latest checkpoint of {}", log.origin());
                    PortError::corrupt(text).with_source(error)
                })?;
                Some(Latest { checkpoint, note: Arc::new(note) })
            }
            None => None,
        };
        let pages = Pages { shown: latest.clone(), latest, time: 0 };
        let evidence = Evidence::open(&log, keeper).await?;
        Ok(Self { log, key, pages: Mutex::new(pages), evidence })
    }

    pub(crate) fn log(&self) -> &Arc<KnownLog> {
        &self.log
    }

    /// The latest durable checkpoint, for everybody to see.
    pub(crate) fn shown(&self) -> Option<Latest> {
        self.pages.lock().shown.clone()
    }

    /// Takes the checkpoint of `request` as the latest if it continues the one before, and cosigns it with
    /// `cosigner` at `time` (seconds since the epoch), if there is one.
    pub(crate) fn take(
        &self,
        request: &AddCheckpoint,
        cosigner: Option<(&Cosigner, u64)>,
        keeper: &Keeper,
        counts: &Counts,
    ) -> Result<Taken, Refused> {
        let verified = self.log.verified(request.checkpoint());
        let mut note = verified.map_err(|_| {
            count(&counts.forged);
            Refused::Signature
        })?;
        let checkpoint: Checkpoint = note.text().parse().map_err(Refused::Malformed)?;
        let mut pages = self.pages.lock();
        let latest = pages.latest.as_ref();
        let seen = latest.map(Latest::seen);
        if let Err(refusal) = request.judge(seen.as_ref(), &checkpoint) {
            let latest = latest.cloned();
            drop(pages);
            self.report(refusal, latest.as_ref(), &checkpoint, &note, keeper, counts);
            return Err(refusal.into());
        }
        if let Some((cosigner, time)) = cosigner {
            let time = time.max(pages.time);
            let signature = cosigner.sign(note.text(), time);
            note.add(signature.ok_or_else(|| Refused::Kept(no_time()))?);
            pages.time = time;
        }
        let next = Latest { checkpoint, note: Arc::new(note) };
        // the same again only gets a newer time, which need not be remembered
        let durable = pages.shown.as_ref().is_some_and(|shown| shown.checkpoint == next.checkpoint);
        if durable {
            return Ok(Taken { latest: next, kept: None });
        }
        let state = State { key: self.key.clone(), value: Some(next.note.to_string().into_bytes()) };
        let kept = keeper.put(vec![state]).map_err(Refused::Kept)?;
        pages.latest = Some(next.clone());
        Ok(Taken { latest: next, kept: Some(kept) })
    }

    /// Waits until what was taken is durable; only then may its cosignature leave the house.
    pub(crate) async fn settle(&self, taken: Taken) -> Result<Latest, Refused> {
        if let Some(kept) = taken.kept {
            kept.wait().await.map_err(Refused::Kept)?;
            let mut pages = self.pages.lock();
            let newer = |shown: &Latest| shown.checkpoint.size() > taken.latest.checkpoint.size();
            if !pages.shown.as_ref().is_some_and(newer) {
                pages.shown = Some(taken.latest.clone());
            }
        }
        Ok(taken.latest)
    }

    /// Says aloud what a refusal means, and keeps what proves it.
    fn report(
        &self,
        refusal: Refusal,
        latest: Option<&Latest>,
        checkpoint: &Checkpoint,
        note: &Note,
        keeper: &Keeper,
        counts: &Counts,
    ) {
        let behind = latest.is_some_and(|latest| checkpoint.size() < latest.checkpoint.size());
        if behind {
            count(&counts.behind);
        }
        let Some(latest) = latest else { return };
        let (origin, size, seen) = (self.log.origin(), checkpoint.size(), latest.checkpoint.size());
        let other_root = seen == size && latest.checkpoint.root() != checkpoint.root();
        match refusal {
            // whatever the request says besides: two signed roots of one size are two histories
            _ if other_root => {
                count(&counts.contradictions);
                if self.evidence.keep(Kind::Contradiction, &latest.note, note, keeper) {
                    tracing::error!(
                        origin,
                        size,
                        "SPLIT VIEW: the log signed two histories; the evidence is kept"
                    );
                }
            }
            Refusal::Proof(_) | Refusal::NeedlessProof | Refusal::OtherRoot => {
                count(&counts.unproven);
                if self.evidence.keep(Kind::Hint, &latest.note, note, keeper) {
                    tracing::error!(
                        origin,
                        size,
                        seen,
                        "NOT COSIGNED: the checkpoint is not proven to continue the latest one; a hint is kept"
                    );
                }
            }
            Refusal::OldAboveNew => {
                if self.evidence.keep(Kind::Hint, &latest.note, note, keeper) {
                    tracing::warn!(
                        origin,
                        size,
                        seen,
                        "ROLLBACK: the log went back behind what was cosigned"
                    );
                }
            }
            Refusal::Conflict { .. } => {
                count(&counts.conflicts);
                if behind && self.evidence.keep(Kind::Hint, &latest.note, note, keeper) {
                    tracing::warn!(
                        origin,
                        size,
                        seen,
                        "an older checkpoint came again, or the log was rolled back"
                    );
                }
            }
        }
    }
}

fn no_time() -> Error {
    Error::new(ErrorKind::Internal, "the time of day cannot stand in a cosignature")
}
