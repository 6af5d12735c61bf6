//! Signed notes: the published examples, several signatures, and what must be refused.

use strongroom_ledger::note::{Algorithm, KeyError, MAX_SIGNATURES, NoteError};
use strongroom_ledger::{Cosigner, Note, Signer, Verifier};

use crate::support::signer;

/// The example of Go's `sumdb/note`.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_PRIVATE: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\
    \n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

/// The example of `c2sp.org/signed-note`; its key is not published.
const SALVATORE_NOTE: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n\
    ed è subito sera.\n\n\
    — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

fn verifiers(keys: &[&str]) -> Vec<Verifier> {
    keys.iter().map(|key| key.parse().unwrap()).collect()
}

#[test]
fn the_published_note_verifies_and_is_signed_the_same_by_us() {
    let note = Note::parse(PETER_NOTE.as_bytes()).unwrap();
    let known = verifiers(&[PETER]);
    let verified = note.verify(&known).unwrap();
    assert_eq!(verified.len(), 1);
    assert_eq!(verified[0].verifier.name().as_str(), "PeterNeumann");
    assert_eq!(verified[0].time, None);
    let signer = Signer::from_private_text(PETER_PRIVATE).unwrap();
    assert_eq!(Note::sign(note.text(), &signer).unwrap(), note);
    assert_eq!(note.to_string(), PETER_NOTE);
}

#[test]
fn keys_are_written_as_they_are_read() {
    let signer = Signer::from_private_text(PETER_PRIVATE).unwrap();
    assert_eq!(signer.to_private_text(), PETER_PRIVATE);
    assert_eq!(signer.verifier().to_string(), PETER);
    let verifier: Verifier = PETER.parse().unwrap();
    assert_eq!(verifier, signer.verifier());
    let rebuilt = Verifier::new(verifier.name().clone(), Algorithm::Ed25519, &verifier.public_key());
    assert_eq!(rebuilt, Ok(verifier));
}

#[test]
fn a_private_key_is_not_shown_for_debugging() {
    let signer = Signer::from_private_text(PETER_PRIVATE).unwrap();
    let cosigner = Cosigner::from_seed("witness.example/w".parse().unwrap(), &[7; 32]);
    let shown = format!("{signer:?} {cosigner:?}");
    assert!(shown.contains(PETER), "{shown}");
    assert!(!shown.contains("AYEKFALVFGyNhPJEMzD1QIDr"), "{shown}");
    assert!(!shown.contains("BwcHBwcH"), "{shown}");
}

#[test]
fn a_text_with_empty_lines_ends_at_the_last_one() {
    let note = Note::parse(SALVATORE_NOTE.as_bytes()).unwrap();
    assert!(note.text().ends_with("sole:\n\ned è subito sera.\n"));
    assert_eq!(note.signatures()[0].name().as_str(), "quasimodo.example/salvatore");
    assert_eq!(note.signatures()[0].bytes().len(), 64);
    assert_eq!(note.to_string(), SALVATORE_NOTE);
    assert_eq!(note.verify(&verifiers(&[PETER])), Err(NoteError::Unsigned));
}

#[test]
fn malformed_keys_are_refused_with_their_reason() {
    fn check(key: &str, reason: KeyError) {
        assert_eq!(key.parse::<Verifier>(), Err(reason), "{key}");
    }
    check("", KeyError::Shape);
    check("PeterNeumann+c74f20a3", KeyError::Shape);
    check(&PETER.replace("c74f20a3", "c74f20a4"), KeyError::Id);
    check(&PETER.replace("c74f20a3", "C74F20A3"), KeyError::Id);
    check(&PETER.replace("c74f20a3", "0c74f20a3"), KeyError::Id);
    check(&PETER.replace("Peter", "Petra"), KeyError::Id);
    check(&PETER.replace("Peter", "Peter "), KeyError::Name);
    check(&PETER.replace("PeterNeumann", ""), KeyError::Name);
    check(&PETER.replace("+ARpc", "+ZRpc"), KeyError::Algorithm(0x65));
    check(&PETER[..PETER.len() - 4], KeyError::Material);
    check(&format!("{PETER}AAAA"), KeyError::Material);
    check(&format!("{}!", &PETER[..PETER.len() - 1]), KeyError::Material);
    check("PeterNeumann+c74f20a3+", KeyError::Material);
    check(&PETER.replace("Peter", &"P".repeat(300)), KeyError::Name);
    // The neutral element of the curve verifies anything for anybody.
    let weak = [&[1_u8], [1].as_slice(), &[0; 31]].concat();
    let weak = format!("a+00000000+{}", base64::Engine::encode(&base64::prelude::BASE64_STANDARD, weak));
    check(&weak, KeyError::Material);
    assert_eq!(Signer::from_private_text(PETER).map(|_| ()), Err(KeyError::Shape));
    let other_id = PETER_PRIVATE.replace("c74f20a3", "c74f20a4");
    assert_eq!(Signer::from_private_text(&other_id).map(|_| ()), Err(KeyError::Id));
    let cosigner = Cosigner::from_private_text(PETER_PRIVATE);
    assert_eq!(cosigner.map(|_| ()), Err(KeyError::Algorithm(1)));
}

#[test]
fn malformed_notes_are_refused_with_their_reason() {
    fn check(note: &str, reason: &NoteError) {
        assert_eq!(Note::parse(note.as_bytes()).as_ref(), Err(reason), "{note:?}");
    }
    let line = PETER_NOTE.lines().last().unwrap();
    for note in ["", "\n", "text\n", "text\n\n", "text\n— a AAAAAAA=\n"] {
        check(note, &NoteError::Shape);
    }
    check(PETER_NOTE.trim_end(), &NoteError::Shape);
    check(&format!("text\n\n{line}\nmore\n"), &NoteError::SignatureLine(2));
    check(&format!("text\n\n{line}\n\n"), &NoteError::Shape);
    for line in
        ["- a AAAAAAA=", "—a AAAAAAA=", "— a", "— a ", "— a AAAAAA==", "— a AAAAAAA", "— a+b AAAAAAA="]
    {
        check(&format!("text\n\n{line}\n"), &NoteError::SignatureLine(1));
    }
    for line in ["—  AAAAAAA=", "— a  AAAAAAA=", "— a AAAAAAA= ", "— a b AAAAAAA=", "— a\u{2003} AAAAAAA="]
    {
        check(&format!("text\n\n{line}\n"), &NoteError::SignatureLine(1));
    }
    for character in ["\r", "\t", "\0", "\u{1f}"] {
        check(&format!("te{character}xt\n\n{line}\n"), &NoteError::NotText);
    }
    assert_eq!(Note::parse(b"te\xffxt\n\n"), Err(NoteError::NotText));
    let many = format!("text\n\n{}", "— a AAAAAAA=\n".repeat(MAX_SIGNATURES));
    assert_eq!(Note::parse(many.as_bytes()).map(|note| note.signatures().len()), Ok(MAX_SIGNATURES));
    check(&format!("{many}— a AAAAAAA=\n"), &NoteError::TooManySignatures);
    check(&"x".repeat(256 * 1024 + 1), &NoteError::TooLong);
}

#[test]
fn a_text_that_cannot_stand_in_a_note_is_not_signed() {
    let signer = signer("a.example", 1);
    let refuse = |text: &str| Note::sign(text, &signer).unwrap_err();
    assert_eq!(refuse("no newline"), NoteError::Shape);
    assert_eq!(refuse(""), NoteError::Shape);
    assert_eq!(refuse("tab\t\n"), NoteError::NotText);
    assert_eq!(refuse(&format!("{}\n", "x".repeat(128 * 1024))), NoteError::TooLong);
}

#[test]
fn signatures_of_unknown_keys_are_ignored_and_those_of_known_keys_never() {
    let (ours, other, stranger) =
        (signer("log.example", 1), signer("log.example", 2), signer("s.example", 3));
    let mut note = Note::sign("text\n", &ours).unwrap();
    note.add(stranger.sign("another text\n"));
    note.add(other.sign("text\n"));
    let note = Note::parse(note.to_string().as_bytes()).unwrap();
    let (ours, other, stranger) = (ours.verifier(), other.verifier(), stranger.verifier());
    let names = |known: &[Verifier]| {
        note.verify(known).map(|signed| signed.iter().map(|one| one.verifier.id()).collect::<Vec<_>>())
    };
    assert_eq!(names(std::slice::from_ref(&ours)), Ok(vec![ours.id()]));
    assert_eq!(names(&[other.clone(), ours.clone()]), Ok(vec![ours.id(), other.id()]));
    assert_eq!(names(&[ours, stranger]), Err(NoteError::BadSignature("s.example".to_owned())));
    assert_eq!(names(&[]), Err(NoteError::Unsigned));
}

#[test]
fn one_key_counts_once_however_often_it_signs() {
    let ours = signer("log.example", 1);
    let mut note = Note::sign("text\n", &ours).unwrap();
    note.add(ours.sign("text\n"));
    assert_eq!(note.signatures().len(), 1);
    let line = note.signatures()[0].to_string();
    let twice = Note::parse(format!("text\n\n{line}{line}").as_bytes()).unwrap();
    assert_eq!(twice.signatures().len(), 2);
    assert_eq!(twice.verify(&[ours.verifier()]).map(|signed| signed.len()), Ok(1));
}

#[test]
fn any_change_to_a_note_is_found() {
    let known = verifiers(&[PETER]);
    let mut accepted = Vec::new();
    for at in 0..PETER_NOTE.len() {
        for bit in 0..8 {
            let mut bytes = PETER_NOTE.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            if Note::parse(&bytes).is_ok_and(|note| note.verify(&known).is_ok()) {
                accepted.push((at, bit));
            }
        }
    }
    assert_eq!(accepted, []);
}

#[test]
fn a_cosignature_covers_time_and_text() {
    let witness = Cosigner::from_seed("witness.example/w".parse().unwrap(), &[9; 32]);
    let log = signer("log.example", 1);
    let mut note = Note::sign("log.example\n1\n\n", &log).unwrap();
    note.add(witness.sign(note.text(), 1_679_315_147).unwrap());
    let known = [log.verifier(), witness.verifier()];
    let signed = note.verify(&known).unwrap();
    assert_eq!(signed.iter().map(|one| one.time).collect::<Vec<_>>(), [None, Some(1_679_315_147)]);
    let cosignature = &note.signatures()[1];
    assert_eq!(cosignature.bytes().len(), 8 + 64);
    assert_eq!(cosignature.bytes()[..8], 1_679_315_147_u64.to_be_bytes());
    let witness = witness.verifier();
    assert!(witness.verify(note.text(), cosignature.bytes()));
    assert!(!witness.verify("log.example\n2\n\n", cosignature.bytes()));
    for at in 0..cosignature.bytes().len() {
        let mut changed = cosignature.bytes().to_vec();
        changed[at] ^= 1;
        assert!(!witness.verify(note.text(), &changed), "byte {at}");
    }
    assert!(!witness.verify(note.text(), &cosignature.bytes()[..71]));
    assert!(!witness.verify(note.text(), &[cosignature.bytes(), b"\0"].concat()));
}

#[test]
fn a_cosigner_is_read_as_it_is_written_and_is_no_signer() {
    let witness = Cosigner::from_seed("witness.example/w".parse().unwrap(), &[9; 32]);
    let text = witness.to_private_text();
    let read = Cosigner::from_private_text(&text).unwrap();
    assert_eq!(read.verifier(), witness.verifier());
    assert_eq!(read.verifier().to_string().parse(), Ok(witness.verifier()));
    assert_eq!(Signer::from_private_text(&text).map(|_| ()), Err(KeyError::Algorithm(4)));
    let plain = Signer::from_seed("witness.example/w".parse().unwrap(), &[9; 32]);
    assert_ne!(plain.verifier().id(), witness.verifier().id());
    let other_name = Cosigner::from_private_text(&text.replace("/w+", "/v+"));
    assert_eq!(other_name.map(|_| ()), Err(KeyError::Id));
}

#[test]
fn a_cosignature_beyond_the_end_of_time_is_neither_made_nor_accepted() {
    use ed25519_dalek::Signer as _;
    let witness = Cosigner::from_seed("witness.example/w".parse().unwrap(), &[9; 32]);
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let accepts = |time: u64| {
        let signature = key.sign(format!("cosignature/v1\ntime {time}\ntext\n").as_bytes());
        let bytes = [time.to_be_bytes().as_slice(), &signature.to_bytes()].concat();
        witness.verifier().verify("text\n", &bytes)
    };
    assert!(accepts((1 << 63) - 1));
    assert!(!accepts(1 << 63));
    assert!(witness.sign("text\n", (1 << 63) - 1).is_some());
    assert!(witness.sign("text\n", 1 << 63).is_none());
}
