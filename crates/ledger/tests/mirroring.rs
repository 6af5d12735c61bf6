//! Uploads to mirrors, byte by byte, and what mirrors answer.

use proptest::prelude::*;
use strongroom_ledger::Hash;
use strongroom_ledger::mirror::{EntryPackage, MirrorInfo, UploadError, UploadHead};

fn head(start: u64, end: u64) -> UploadHead {
    UploadHead { origin: "log.example".to_owned(), start, end, ticket: b"ticket".to_vec() }
}

#[test]
fn a_head_is_laid_out_as_the_page_says() {
    let written = [
        &[0, 11][..],
        b"log.example",
        &[0, 0, 0, 0, 0, 0, 1, 2],
        &[0, 0, 0, 0, 0, 1, 0, 0],
        &[0, 6],
        b"ticket",
    ]
    .concat();
    assert_eq!(head(258, 65_536).encode().unwrap(), written);
    let followed = [&written[..], b"and more"].concat();
    assert_eq!(UploadHead::parse(&followed), Ok(Some((head(258, 65_536), written.len()))));
    for cut in 0..written.len() {
        assert_eq!(UploadHead::parse(&written[..cut]), Ok(None), "{cut}");
    }
    let mut wrong = written.clone();
    wrong[4] = 0xff;
    assert_eq!(UploadHead::parse(&wrong), Err(UploadError::Origin));
    for (start, end) in [(2, 1), (0, u64::MAX), (0, 1 << 63)] {
        assert_eq!(UploadHead::parse(&head(start, end).encode().unwrap()), Err(UploadError::Range));
    }
}

#[test]
fn packages_are_cut_at_multiples_of_256() {
    let packages = |start, end| head(start, end).packages().collect::<Vec<_>>();
    assert_eq!(packages(0, 0), []);
    assert_eq!(packages(700, 700), []);
    assert_eq!(packages(0, 1), std::slice::from_ref(&(0..1)));
    assert_eq!(packages(0, 256), std::slice::from_ref(&(0..256)));
    assert_eq!(packages(255, 257), [255..256, 256..257]);
    assert_eq!(packages(300, 900), [300..512, 512..768, 768..900]);
    let end = i64::MAX as u64;
    assert_eq!(packages(end - 1, end), std::slice::from_ref(&(end - 1..end)));
}

#[test]
fn a_package_is_laid_out_as_the_page_says() {
    let package =
        EntryPackage { entries: vec![b"one".to_vec(), Vec::new()], proof: vec![Hash::new([7; 32])] };
    let written = [&[0, 3][..], b"one", &[0, 0], &[1], &[7; 32]].concat();
    assert_eq!(package.encode().unwrap(), written);
    let followed = [&written[..], b"\0"].concat();
    assert_eq!(EntryPackage::parse(&followed, 2), Ok(Some((package, written.len()))));
    for cut in 0..written.len() {
        assert_eq!(EntryPackage::parse(&written[..cut], 2), Ok(None), "{cut}");
    }
    let mut many = written;
    many[7] = 64;
    assert_eq!(EntryPackage::parse(&many, 2), Err(UploadError::Proof));
    for count in [0, 257, u64::MAX] {
        assert_eq!(EntryPackage::parse(b"", count), Err(UploadError::Entries));
    }
    for wrong in [
        EntryPackage::default(),
        EntryPackage { entries: vec![vec![0; 65_536]], proof: Vec::new() },
        EntryPackage { entries: vec![Vec::new(); 257], proof: Vec::new() },
        EntryPackage { entries: vec![Vec::new()], proof: vec![Hash::new([0; 32]); 64] },
    ] {
        wrong.encode().unwrap_err();
    }
}

#[test]
fn an_answer_has_three_lines_of_one_spelling() {
    let info = MirrorInfo { size: 3, next: 2, ticket: b"abc".to_vec() };
    assert_eq!(info.to_string(), "3\n2\nYWJj\n");
    assert_eq!(MirrorInfo::parse(b"3\n2\nYWJj\n"), Some(info));
    assert_eq!(MirrorInfo::parse(b"0\n0\n\n").unwrap().ticket, b"");
    for wrong in ["", "\n", "3\n2\n", "3\n2\n\n\n", "03\n2\n\n", "3\n-2\n\n", "3\n2\nYW\n", "3\n2\nYWJj"] {
        assert_eq!(MirrorInfo::parse(wrong.as_bytes()), None, "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn packages_are_read_as_they_were_written(
        entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..=256),
        hashes in 0_u8..=63,
        rest in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let package = EntryPackage { entries, proof: (0..hashes).map(|n| Hash::new([n; 32])).collect() };
        let mut bytes = package.encode().unwrap();
        let length = bytes.len();
        bytes.extend(rest);
        let count = package.entries.len() as u64;
        prop_assert_eq!(EntryPackage::parse(&bytes, count), Ok(Some((package, length))));
    }
}
