//! Checkpoints: strict text, origin and signatures.

use strongroom_ledger::checkpoint::CheckpointError;
use strongroom_ledger::note::NoteError;
use strongroom_ledger::{Checkpoint, Hash, MAX_SIZE, Note, empty_root, leaf_hash};

use crate::support::signer;

/// The example of `c2sp.org/tlog-cosignature`; its keys are not published.
const PUBLISHED: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
    — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

#[test]
fn the_published_checkpoint_is_read_and_written() {
    let note = Note::parse(PUBLISHED.as_bytes()).unwrap();
    let checkpoint: Checkpoint = note.text().parse().unwrap();
    assert_eq!(checkpoint.origin(), "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size(), 20_852_163);
    assert_eq!(checkpoint.root().to_base64(), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
    assert!(checkpoint.extensions().is_empty());
    assert_eq!(checkpoint.to_string(), note.text());
    // The time of the cosignature is that of the page's example of a signed message.
    assert_eq!(note.signatures()[1].bytes()[..8], 1_679_315_147_u64.to_be_bytes());
}

#[test]
fn extension_lines_are_kept() {
    let text = format!("log.example/1\n0\n{}\nfirst\nsecond line\n", empty_root().to_base64());
    let checkpoint: Checkpoint = text.parse().unwrap();
    assert_eq!(checkpoint.extensions(), ["first", "second line"]);
    assert_eq!(checkpoint.to_string(), text);
}

#[test]
fn malformed_checkpoints_are_refused_with_their_reason() {
    fn check(text: &str, reason: &CheckpointError) {
        assert_eq!(text.parse::<Checkpoint>().as_ref(), Err(reason), "{text:?}");
    }
    let root = leaf_hash(b"").to_base64();
    for text in ["", "\n", "log\n", "log\n1\n", &format!("log\n1\n{root}")] {
        check(text, &CheckpointError::Shape);
    }
    check(&format!("\n1\n{root}\n"), &CheckpointError::Origin);
    check(&format!("l\tog\n1\n{root}\n"), &CheckpointError::Origin);
    check(&format!("{}\n1\n{root}\n", "o".repeat(256)), &CheckpointError::Origin);
    for size in
        ["", "01", "00", "-1", "+1", " 1", "1 ", "0x1", "9223372036854775808", "99999999999999999999", "１"]
    {
        check(&format!("log\n{size}\n{root}\n"), &CheckpointError::Size);
    }
    for root in
        ["", &root[1..], root.trim_end_matches('='), &format!("{root}\r"), &leaf_hash(b"").to_string()]
    {
        check(&format!("log\n1\n{root}\n"), &CheckpointError::Root);
    }
    check(&format!("log\n0\n{root}\n"), &CheckpointError::EmptyRoot);
    for extension in
        ["\n", "first\n\n", "\nfirst\n", &"line\n".repeat(17), &format!("{}\n", "x".repeat(1025))]
    {
        check(&format!("log\n1\n{root}\n{extension}"), &CheckpointError::Extension);
    }
    assert_eq!(Checkpoint::new("log", MAX_SIZE, leaf_hash(b"")).map(|one| one.size()), Ok(MAX_SIZE));
    assert_eq!(Checkpoint::new("two\nlines", 1, leaf_hash(b"")), Err(CheckpointError::Origin));
}

#[test]
fn a_signed_checkpoint_opens_with_the_key_of_its_log_only() {
    let (log, other) = (signer("log.example/1", 1), signer("log.example/1", 2));
    let checkpoint = Checkpoint::new("log.example/1", 5, leaf_hash(b"root")).unwrap();
    let signed = checkpoint.sign(&log).to_string();
    let open =
        |origin: &str, keys: &[_]| Checkpoint::open(signed.as_bytes(), origin, keys).map(|(one, _)| one);
    assert_eq!(open("log.example/1", &[log.verifier()]), Ok(checkpoint.clone()));
    assert_eq!(open("log.example/1", &[other.verifier()]), Err(CheckpointError::Note(NoteError::Unsigned)));
    assert_eq!(
        open("log.example/2", &[log.verifier()]),
        Err(CheckpointError::OtherOrigin("log.example/1".to_owned()))
    );
    assert_eq!(checkpoint.sign(&log).to_string(), signed, "the same size is signed to the same bytes");
}

#[test]
fn a_signed_text_that_is_no_checkpoint_does_not_open() {
    let log = signer("log.example/1", 1);
    let note = Note::sign("log.example/1\n5\nnot a hash\n", &log).unwrap().to_string();
    let opened = Checkpoint::open(note.as_bytes(), "log.example/1", &[log.verifier()]);
    assert_eq!(opened, Err(CheckpointError::Root));
}

#[test]
fn a_rotated_key_opens_beside_the_old_one() {
    let (old, new) = (signer("log.example/1", 1), signer("log.example/1", 2));
    let checkpoint = Checkpoint::new("log.example/1", 0, Hash::new(empty_root().to_bytes())).unwrap();
    let mut note = checkpoint.sign(&old);
    note.add(new.sign(note.text()));
    let signed = note.to_string();
    for key in [&old, &new] {
        let (opened, note) = Checkpoint::open(signed.as_bytes(), "log.example/1", &[key.verifier()]).unwrap();
        assert_eq!(opened, checkpoint);
        assert_eq!(note.signatures().len(), 2);
    }
}
