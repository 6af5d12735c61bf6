//! Tokens whose signature was checked already, by their digest: a caller shows the same one for minutes.
//!
//! An entry says only that the signature holds under a generation of its issuer's keys; times are checked anew with
//! each request. When keys change, everything checked under the old ones is checked again.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use strongroom_model::Timestamp;

use super::{Identified, claims::Window};

/// Most tokens that are remembered.
const MOST: usize = 4096;

/// What is known of a token.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Who bears it.
    pub(super) identified: Arc<Identified>,
    /// When it holds.
    pub(super) window: Window,
    /// Its issuer, by its place in the settings.
    pub(super) issuer: usize,
    /// The keys it was checked with.
    pub(super) generation: u64,
}

/// A bounded memory of checked tokens.
#[derive(Debug, Default)]
pub(super) struct SeenTokens(Mutex<HashMap<[u8; 32], Seen>>);

impl SeenTokens {
    /// The name of a token here; the token itself is not kept.
    pub(super) fn digest(token: &str) -> [u8; 32] {
        Sha256::digest(token).into()
    }

    /// What is known of the token of that digest.
    pub(super) fn find(&self, digest: &[u8; 32]) -> Option<Seen> {
        self.0.lock().get(digest).cloned()
    }

    /// Remembers a token. When there are too many, those that have ended go; else all go, and are checked again.
    pub(super) fn remember(&self, digest: [u8; 32], seen: Seen, now: Timestamp) {
        let mut tokens = self.0.lock();
        if tokens.len() >= MOST {
            tokens.retain(|_, seen| seen.window.check(now).is_ok());
        }
        if tokens.len() >= MOST {
            tokens.clear();
        }
        tokens.insert(digest, seen);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(until: i64) -> Seen {
        let identified = Identified {
            subject: "jo".to_owned(),
            issuer: String::new(),
            client_roles: Vec::new(),
            name: None,
            client: None,
            expires: Timestamp::UNIX_EPOCH,
        };
        Seen { identified: Arc::new(identified), window: Window { from: 0, until }, issuer: 0, generation: 1 }
    }

    #[test]
    fn there_are_never_too_many() {
        let tokens = SeenTokens::default();
        let now = Timestamp::from_micros(100).unwrap();
        for n in 0..MOST {
            let until = if n < 10 { 200 } else { 50 };
            tokens.remember(SeenTokens::digest(&n.to_string()), seen(until), now);
        }
        assert_eq!(tokens.len(), MOST);
        tokens.remember(SeenTokens::digest("one more"), seen(200), now);
        assert_eq!(tokens.len(), 11);
        assert!(tokens.find(&SeenTokens::digest("3")).is_some());
        assert!(tokens.find(&SeenTokens::digest("30")).is_none());
        for n in 0..=MOST {
            tokens.remember(SeenTokens::digest(&format!("x{n}")), seen(200), now);
            assert!(tokens.len() <= MOST);
        }
        assert!(tokens.find(&SeenTokens::digest(&format!("x{MOST}"))).is_some());
    }
}
