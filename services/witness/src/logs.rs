//! Which logs are known, and by which keys.

use std::{collections::BTreeMap, sync::Arc};

use strongroom_ledger::{
    Note, Verifier,
    note::{Algorithm, NoteError},
};
use strongroom_model::Digest;

/// A log whose checkpoints may be cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLog {
    origin: String,
    name: String,
    keys: Vec<Verifier>,
}

impl KnownLog {
    /// Name of the log in its checkpoints.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// SHA-256 of the origin in lowercase hex: its name in paths (`c2sp.org/tlog-mirror`).
    pub fn hash(&self) -> &str {
        &self.name
    }

    /// The note with the signatures of the log's own keys and no others, if one of them signed it.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`]; [`NoteError::BadSignature`] when a signature by a known key is wrong.
    pub(crate) fn verified(&self, note: &Note) -> Result<Note, NoteError> {
        note.verify(&self.keys)?;
        let own = |signature: &&_| self.keys.iter().any(|key| key.made(signature));
        let lines: String = note.signatures().iter().filter(own).map(ToString::to_string).collect();
        Note::parse(format!("{}\n{lines}", note.text()).as_bytes())
    }

    /// The log's keys, and one more: what a cosigned checkpoint is verified with.
    pub(crate) fn keys(&self) -> &[Verifier] {
        &self.keys
    }
}

/// All known logs.
#[derive(Debug, Clone, Default)]
pub struct Logs(BTreeMap<String, Arc<KnownLog>>);

impl Logs {
    /// Adds a key of the log called `origin`; a log may have several.
    ///
    /// # Errors
    /// A text saying what is wrong, when the key is none of a log.
    pub fn add(&mut self, origin: &str, key: Verifier) -> Result<(), String> {
        if key.algorithm() != Algorithm::Ed25519 {
            return Err("is the key of a cosigner, not of a log".to_owned());
        }
        let log = self.0.entry(origin.to_owned()).or_insert_with(|| {
            let name = Digest::of(origin.as_bytes()).to_string();
            Arc::new(KnownLog { origin: origin.to_owned(), name, keys: Vec::new() })
        });
        let log = Arc::make_mut(log);
        if !log.keys.contains(&key) {
            log.keys.push(key);
        }
        Ok(())
    }

    /// Every log.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<KnownLog>> {
        self.0.values()
    }
}
