//! Signed checkpoints that should not exist, kept with what they contradict.
//!
//! Two checkpoints of one size with two roots, both signed, prove that a log shows two histories. A checkpoint
//! without a proof that it continues the latest one proves nothing, since anybody may send it with a wrong proof;
//! a few are kept as hints.

use std::collections::HashSet;

use parking_lot::Mutex;
use strongroom_kernel::ports::{Note as Kept, PortError};
use strongroom_ledger::Note;
use strongroom_model::Digest;

use crate::{keeper::Keeper, logs::KnownLog};

/// Contradictions kept of one log, and hints: more of them say nothing new.
const MOST: usize = 64;

/// What a checkpoint is evidence of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Two histories, proven.
    Contradiction,
    /// Perhaps another history.
    Hint,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Contradiction => "contradiction",
            Self::Hint => "hint",
        }
    }
}

/// What is kept of one log.
#[derive(Debug)]
pub(crate) struct Evidence {
    prefix: String,
    /// Kinds and digests of the texts that are kept already.
    known: Mutex<HashSet<String>>,
}

impl Evidence {
    /// What was kept of `log` before.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) async fn open(log: &KnownLog, keeper: &Keeper) -> Result<Self, PortError> {
        let prefix = format!("evidence/{}/", log.hash());
        let known = keeper.all(&prefix).await?.into_iter();
        let known = known.map(|(key, _)| key[prefix.len()..].to_owned()).collect();
        Ok(Self { prefix, known: Mutex::new(known) })
    }

    /// Keeps two signed checkpoints that do not go together, unless they are kept already or enough are. Tells
    /// whether they are new. What is kept becomes durable in the background.
    pub(crate) fn keep(&self, kind: Kind, before: &Note, now: &Note, keeper: &Keeper) -> bool {
        let name = format!("{}/{}", kind.word(), Digest::of(now.text().as_bytes()));
        let mut known = self.known.lock();
        let kept = known.iter().filter(|name| name.starts_with(kind.word())).count();
        if kept >= MOST || known.contains(&name) {
            return false;
        }
        let value = format!("{}:\n\n{before}\n{now}\n", kind.word()).into_bytes();
        let note = Kept { key: format!("{}{name}", self.prefix), value: Some(value) };
        let taken = keeper.put(vec![note]).is_ok();
        if taken {
            known.insert(name);
        }
        taken
    }

    /// All of it as text, contradictions first.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) async fn text(&self, keeper: &Keeper) -> Result<String, PortError> {
        let kept = keeper.all(&self.prefix).await?;
        Ok(kept.iter().map(|(_, value)| String::from_utf8_lossy(value)).collect())
    }
}
