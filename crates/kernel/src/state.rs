//! Seals on what is kept without a leaf: notes and replies to repeated requests.
//!
//! A seal is the ledger key's signature over the name and the value, kept in front of the value. It cannot be made
//! without the key and is checked with its public half: before a note or a reply is used, and by verification.
//! A sealed value of earlier may stand in its place again; what that comes to is in
//! `docs/decisions/0009-state-without-a-leaf-is-sealed.md`.

use strongroom_ledger::{Signer, Verifier};
use strongroom_model::DigestHasher;

use crate::ports::{IdempotentReply, Note, PortError};

/// Bytes of a seal: an Ed25519 signature (RFC 8032).
pub(crate) const SEAL: usize = 64;
/// First line of the signed text. A checkpoint's first line is the name of a key, which has no space in it, so that no
/// seal is a checkpoint and no checkpoint a seal.
const TITLE: &str = "strongroom state";

/// What is signed: the title, what kind of thing it is, and SHA-256 over its parts, each behind its length as 8 bytes,
/// big-endian.
fn text(kind: &str, parts: &[&[u8]]) -> String {
    let mut hasher = DigestHasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    format!("{TITLE}\n{kind}\n{}\n", hasher.finish())
}

fn note_text(name: &str, value: &[u8]) -> String {
    text("note", &[name.as_bytes(), value])
}

fn reply_text(reply: &IdempotentReply, plain: &[u8]) -> String {
    let expires = reply.expires.micros().to_be_bytes();
    text("reply", &[reply.scope.as_bytes(), reply.key.as_bytes(), reply.request.as_bytes(), &expires, plain])
}

fn seal(signer: &Signer, text: &str, value: &[u8]) -> Vec<u8> {
    [signer.sign(text).bytes(), value].concat()
}

/// The value behind its seal, if `text` of it is what was signed.
fn open<'v>(verifier: &Verifier, stored: &'v [u8], text: impl Fn(&[u8]) -> String) -> Option<&'v [u8]> {
    let (seal, value) = stored.split_at_checked(SEAL)?;
    verifier.verify(&text(value), seal).then_some(value)
}

/// The note as it is stored.
pub(crate) fn seal_note(signer: &Signer, note: Note) -> Note {
    let Note { key, value } = note;
    let value = value.map(|value| seal(signer, &note_text(&key, &value), &value));
    Note { key, value }
}

/// The value of the note `name` as it was before it was sealed.
///
/// # Errors
/// `Corrupt` when it is not what was noted.
pub(crate) fn open_note(verifier: &Verifier, name: &str, stored: &[u8]) -> Result<Vec<u8>, PortError> {
    open(verifier, stored, |value| note_text(name, value))
        .map(<[u8]>::to_vec)
        .ok_or_else(|| PortError::corrupt(format!("note {name}: not what was noted")))
}

/// The reply as it is stored.
pub(crate) fn seal_reply(signer: &Signer, reply: IdempotentReply) -> IdempotentReply {
    let sealed = seal(signer, &reply_text(&reply, &reply.reply), &reply.reply);
    IdempotentReply { reply: sealed, ..reply }
}

/// The reply as it was before it was sealed.
///
/// # Errors
/// `Corrupt` when it is not what was answered.
pub(crate) fn open_reply(verifier: &Verifier, stored: &IdempotentReply) -> Result<Vec<u8>, PortError> {
    open(verifier, &stored.reply, |plain| reply_text(stored, plain))
        .map(<[u8]>::to_vec)
        .ok_or_else(|| PortError::corrupt("a reply kept for a repeated request is not what was answered"))
}

#[cfg(test)]
mod tests {
    use strongroom_model::{Digest, Timestamp};

    use super::*;

    fn signer(seed: u8) -> Signer {
        Signer::from_seed("ledger.example/a".parse().unwrap(), &[seed; 32])
    }

    fn note(key: &str, value: &[u8]) -> Note {
        Note { key: key.to_owned(), value: Some(value.to_vec()) }
    }

    #[test]
    fn a_note_opens_under_its_own_name_and_key_only() {
        let (signer, other) = (signer(1), signer(2));
        let stored = seal_note(&signer, note("sink/a", b"17")).value.unwrap();
        assert_eq!(open_note(&signer.verifier(), "sink/a", &stored).unwrap(), b"17");
        open_note(&signer.verifier(), "sink/b", &stored).unwrap_err();
        open_note(&other.verifier(), "sink/a", &stored).unwrap_err();
        for at in 0..stored.len() {
            let mut changed = stored.clone();
            changed[at] ^= 1;
            open_note(&signer.verifier(), "sink/a", &changed).unwrap_err();
            open_note(&signer.verifier(), "sink/a", &stored[..at]).unwrap_err();
        }
        assert_eq!(seal_note(&signer, Note { key: "gone".to_owned(), value: None }).value, None);
    }

    #[test]
    fn a_reply_opens_only_with_all_that_was_signed() {
        let signer = signer(1);
        let verifier = signer.verifier();
        let plain = IdempotentReply {
            scope: "anna POST /raw".to_owned(),
            key: "k".to_owned(),
            request: Digest::of(b"request"),
            reply: b"saved".to_vec(),
            expires: Timestamp::from_micros(5).unwrap(),
        };
        let stored = seal_reply(&signer, plain.clone());
        assert_eq!(open_reply(&verifier, &stored).unwrap(), b"saved");
        let note = seal_note(&signer, note("k", b"saved")).value.unwrap();
        let changed = [
            IdempotentReply { scope: "anna POST /raw2".to_owned(), ..stored.clone() },
            IdempotentReply { key: "l".to_owned(), ..stored.clone() },
            // the border between two parts moved
            IdempotentReply {
                scope: "anna POST /raw".to_owned() + "k",
                key: String::new(),
                ..stored.clone()
            },
            IdempotentReply { request: Digest::of(b"other"), ..stored.clone() },
            IdempotentReply { expires: Timestamp::from_micros(6).unwrap(), ..stored.clone() },
            IdempotentReply { reply: note, ..stored.clone() },
            plain,
        ];
        for (place, changed) in changed.iter().enumerate() {
            assert!(open_reply(&verifier, changed).is_err(), "{place}");
        }
    }
}
