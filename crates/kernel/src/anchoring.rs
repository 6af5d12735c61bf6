//! Published checkpoints attested by outsiders, on a rhythm: one proof covers everything before it.
//!
//! The kernel's own table keeps the proofs; writing one is a unit like any other.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use strongroom_ledger::{Checkpoint, Hash};
use strongroom_model::{Caller, Error};
use tokio::sync::watch;

use crate::{
    command::Command,
    kernel::Kernel,
    ports::{Anchor, AnchorProof, Reach},
    row::{Migration, Row as _, Schema},
    snapshot::Snapshot,
    unit::{Action, State, Unit},
};

/// Tables of the kernel that are written by units.
pub const SCHEMA: Schema = Schema {
    service: "kernel",
    tables: &[AnchoredCheckpoint::TABLE],
    migrations: &[Migration {
        version: 1,
        name: "anchored_checkpoints",
        sql: "CREATE TABLE kernel_anchored_checkpoint (
                size {int} NOT NULL,
                provider {text} NOT NULL,
                root {digest} NOT NULL,
                link {text} NOT NULL,
                anchored_at {time} NOT NULL,
                {row},
                UNIQUE (size, provider)
              );",
    }],
};

const ANCHOR_CHECKPOINT: Action = Action { service: "kernel", name: "anchor_checkpoint" };

crate::table! {
    /// One attestation of a checkpoint.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AnchoredCheckpoint in "kernel_anchored_checkpoint" {
        /// Leaves the checkpoint covers.
        pub size: i64,
        /// Who attested: a URL, or `memory` where it is nobody.
        pub provider: String,
        /// Root over the leaves.
        pub root: strongroom_model::Digest,
        /// What the outsider gave back.
        pub link: String,
        /// When he did, by our clock.
        pub anchored_at: strongroom_model::Timestamp,
    }
    key ["size", "provider"]
}

/// An outsider and how often he is asked.
#[derive(Debug, Clone)]
pub struct AnchorPart {
    /// Who attests.
    pub anchor: Arc<dyn Anchor>,
    /// Between two attestations; nothing is asked while nothing was written.
    pub every: Duration,
}

impl AnchoredCheckpoint {
    /// The text that was attested: the unsigned checkpoint of `origin` (`c2sp.org/tlog-checkpoint`).
    ///
    /// # Errors
    /// When origin or size cannot stand in a checkpoint.
    pub fn text(&self, origin: &str) -> Result<String, strongroom_ledger::checkpoint::CheckpointError> {
        let size = u64::try_from(self.size).unwrap_or_default();
        Ok(Checkpoint::new(origin, size, Hash::new(*self.root.as_bytes()))?.to_string())
    }

    /// The attestation as its anchor gave it.
    pub fn proof(&self) -> AnchorProof {
        let provider = (self.provider != NOBODY).then(|| self.provider.clone());
        AnchorProof { link: self.link.clone(), provider }
    }
}

const NOBODY: &str = "memory";

struct Keep(AnchoredCheckpoint);

#[async_trait]
impl Command for Keep {
    type Reply = ();

    async fn decide(&self, _: &Snapshot) -> Result<(Unit, ()), Error> {
        let mut unit = Unit::new(&Caller::system("anchor"), ANCHOR_CHECKPOINT);
        unit.about("checkpoint", self.0.size);
        unit.put(&self.0, State::Absent.or("anchored_already"));
        Ok((unit, ()))
    }
}

impl Kernel {
    /// Has the published checkpoint attested now, unless nothing but the last attestation came since.
    ///
    /// One that was begun earlier and not heard of again is asked for first: an outsider who takes his time may have
    /// attested it while we were away. Dropping the call is safe.
    ///
    /// # Errors
    /// `Unavailable` when the outsider does not attest; nothing is then kept, and the next round tries again.
    pub async fn anchor_checkpoint(&self, anchor: &dyn Anchor) -> Result<Option<AnchoredCheckpoint>, Error> {
        let provider = anchor.provider().unwrap_or(NOBODY).to_owned();
        let published = self.ledger().published();
        let covered = self.covered(&provider).await?;
        if published.size <= covered {
            return Ok(None);
        }
        let note = format!("anchor/{provider}");
        if let Some(size) = self.begun(&note).await?.filter(|size| (covered..published.size).contains(size)) {
            // the note is only a number: the root is that of our tree
            let root = self.ledger().root_at(size).await.map_err(internal)?;
            self.attest_size(anchor, &provider, size, root).await?;
        }
        self.note(note, Some(published.size.to_string().into_bytes()));
        self.attest_size(anchor, &provider, published.size, published.root).await.map(Some)
    }

    /// Leaves that need no attestation: those under the last one, and its own.
    async fn covered(&self, provider: &str) -> Result<u64, Error> {
        let last: Vec<AnchoredCheckpoint> = self
            .snapshot()
            .await?
            .select(
                "WHERE kernel_anchored_checkpoint.provider = $1 ORDER BY size DESC LIMIT 1",
                &[crate::Value::Text(provider.to_owned())],
                Reach::Point,
            )
            .await?;
        Ok(last.first().map_or(0, |last| u64::try_from(last.size).unwrap_or_default() + 1))
    }

    async fn begun(&self, note: &str) -> Result<Option<u64>, Error> {
        let text = self.recall(note).await?;
        Ok(text.and_then(|text| String::from_utf8(text).ok()?.parse().ok()))
    }

    async fn attest_size(
        &self,
        anchor: &dyn Anchor,
        provider: &str,
        size: u64,
        root: Hash,
    ) -> Result<AnchoredCheckpoint, Error> {
        let mut row = AnchoredCheckpoint {
            size: i64::try_from(size).unwrap_or(i64::MAX),
            provider: provider.to_owned(),
            root: strongroom_model::Digest::from_bytes(*root.as_bytes()),
            link: String::new(),
            anchored_at: self.clock().now(),
        };
        let text = row.text(self.ledger().origin()).map_err(internal)?;
        row.link = anchor.anchor(&text).await.map_err(crate::from_port)?.link;
        row.anchored_at = self.clock().now();
        self.run(&Keep(row.clone())).await?;
        Ok(row)
    }
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(strongroom_model::ErrorKind::Internal, "internal error").with_source(error)
}

/// Asks one outsider on his rhythm until `stop` says so.
pub(crate) async fn run(kernel: Kernel, part: AnchorPart, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(part.every) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        // a chain may take many minutes, and what is under way there is found again
        let outcome = tokio::select! {
            outcome = kernel.anchor_checkpoint(part.anchor.as_ref()) => outcome,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match outcome {
            Ok(Some(row)) => tracing::info!(size = row.size, provider = row.provider, "checkpoint anchored"),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(error = %error.diagnosis(), "checkpoint not anchored, tried again later");
            }
        }
    }
}
