//! Trust policies: the specification's example, its rules one by one, and quorums.

use std::fmt::Write as _;

use strongroom_ledger::note::parse_signatures;
use strongroom_ledger::policy::{PolicyError, ReadError, Unsatisfied};
use strongroom_ledger::{Checkpoint, Cosigner, Hash, Policy};

use crate::support::signer;

const ORIGIN: &str = "log.example/policy";

fn witness(seed: u8) -> Cosigner {
    Cosigner::from_seed(format!("witness.example/{seed}").parse().unwrap(), &[seed; 32])
}

fn vkey(seed: u8) -> String {
    witness(seed).verifier().to_string()
}

/// The example of the specification, with keys in place of its gaps.
fn example() -> String {
    let mut text = format!("log {} https://log.example/\n\n", signer(ORIGIN, 1).verifier());
    for n in 1..=3 {
        writeln!(text, "witness X{n} {} https://x{n}.example/", vkey(10 + n)).unwrap();
    }
    text += "group X-witnesses 2 X1 X2 X3\n\n";
    for n in 1..=3 {
        writeln!(text, "\twitness  Y{n}\t{} ", vkey(20 + n)).unwrap();
    }
    text + "group Y-witnesses any Y1 Y2 Y3\n\n # both\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn signed(cosigners: &[u8]) -> Vec<u8> {
    let checkpoint = Checkpoint::new(ORIGIN, 7, Hash::new([7; 32])).unwrap();
    let mut note = checkpoint.sign(&signer(ORIGIN, 1));
    for (seed, time) in cosigners.iter().zip(100..) {
        note.add(witness(*seed).sign(note.text(), time).unwrap());
    }
    note.to_string().into_bytes()
}

#[test]
fn the_example_of_the_specification_wants_two_of_the_one_and_any_of_the_other() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len()), (1, 6));
    assert_eq!(policy.witnesses()[0].url.as_deref(), Some("https://x1.example/"));
    let judged = policy.judge(&signed(&[11, 13, 22])).unwrap();
    assert_eq!(judged.checkpoint.size(), 7);
    let named: Vec<(&str, u64)> = judged.cosigned.iter().map(|(name, time)| (name.as_str(), *time)).collect();
    assert_eq!(named, [("X1", 100), ("X3", 101), ("Y2", 102)]);
    for too_few in [&[][..], &[11, 12, 13], &[11, 21, 22, 23], &[21]] {
        assert!(matches!(policy.judge(&signed(too_few)), Err(Unsatisfied::Quorum(_))), "{too_few:?}");
    }
}

#[test]
fn every_subset_is_judged_as_the_rule_says() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    for subset in 0..64_u32 {
        let has = |place: usize| subset >> place & 1 == 1;
        let x = (0..3).filter(|&place| has(place)).count();
        let y = (3..6).filter(|&place| has(place)).count();
        assert_eq!(policy.is_met(has), x >= 2 && y >= 1, "{subset:06b}");
    }
}

#[test]
fn a_wrong_or_strange_signature_counts_for_nothing() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    // a cosignature of another text under the same key
    let other = Checkpoint::new(ORIGIN, 8, Hash::new([8; 32])).unwrap().to_string();
    let text = String::from_utf8(signed(&[11, 22])).unwrap();
    let forged = format!("{text}{}", witness(12).sign(&other, 5).unwrap());
    assert!(
        matches!(policy.judge(forged.as_bytes()), Err(Unsatisfied::Quorum(names)) if names == ["X1", "Y2"])
    );
    let strange = format!("{text}{}", witness(99).sign(&other, 5).unwrap());
    assert!(matches!(policy.judge(strange.as_bytes()), Err(Unsatisfied::Quorum(_))));
    // another log, or the right key under another origin
    let stranger = Checkpoint::new("log.example/other", 7, Hash::new([7; 32])).unwrap();
    let unknown = stranger.sign(&signer("log.example/other", 1)).to_string();
    assert!(matches!(policy.judge(unknown.as_bytes()), Err(Unsatisfied::Checkpoint(_))));
}

#[test]
fn a_policy_without_logs_takes_the_log_from_its_user() {
    let text = format!("witness w {}\nquorum w\n", vkey(11));
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert!(policy.judge(&signed(&[11])).is_err());
    policy.judge_of(&signed(&[11]), &[signer(ORIGIN, 1).verifier()]).unwrap();
    let none = Policy::parse(b"quorum none").unwrap();
    none.judge_of(&signed(&[]), &[signer(ORIGIN, 1).verifier()]).unwrap();
}

#[test]
fn each_rule_of_the_syntax_is_held() {
    let (log, a, b) = (signer(ORIGIN, 1).verifier().to_string(), vkey(1), vkey(2));
    let renamed = signer("log.example/renamed", 1).verifier().to_string();
    let check = |text: String, line: usize, error: ReadError| {
        assert_eq!(Policy::parse(text.as_bytes()), Err(PolicyError::Line { line, error }), "{text}");
    };
    check("quorum none\r\n".into(), 1, ReadError::Character);
    check("\u{b}quorum none\n".into(), 1, ReadError::Character);
    check("\n\nlogs\n".into(), 3, ReadError::Keyword);
    check("log\n".into(), 1, ReadError::Words);
    check(format!("log {log} https://x extra\n"), 1, ReadError::Words);
    check("group g all\n".into(), 1, ReadError::Words);
    check("quorum\n".into(), 1, ReadError::Words);
    check(format!("log {a}\n"), 1, ReadError::Kind);
    check(format!("witness w {log}\n"), 1, ReadError::Kind);
    check(format!("log {log}\nlog {renamed}\n"), 2, ReadError::DuplicateKey);
    check(format!("witness v {a}\nwitness w {a}\n"), 2, ReadError::DuplicateKey);
    check(format!("witness none {a}\n"), 1, ReadError::Name);
    check(format!("witness w {a}\nwitness w {b}\n"), 2, ReadError::Name);
    check(format!("witness w {a}\ngroup w any w\n"), 2, ReadError::Name);
    check("group g any w\n".into(), 1, ReadError::Unknown);
    check("group g any none\n".into(), 1, ReadError::Unknown);
    check(format!("quorum w\nwitness w {a}\n"), 1, ReadError::Unknown);
    check(format!("witness w {a}\ngroup g all w w\n"), 2, ReadError::Member);
    check(format!("witness w {a}\ngroup g all w\ngroup h any w\n"), 3, ReadError::Member);
    for least in ["0", "2", "+1", "-1", "many", "18446744073709551617"] {
        check(format!("witness w {a}\ngroup g {least} w\n"), 2, ReadError::Threshold);
    }
    check("quorum none\nquorum none\n".into(), 2, ReadError::SecondQuorum);
    assert_eq!(Policy::parse(b"# nothing\n"), Err(PolicyError::NoQuorum));
    assert_eq!(Policy::parse(&vec![b' '; 300 << 10]), Err(PolicyError::TooLong));
}

#[test]
fn names_are_octets() {
    let text = format!(
        "witness K {}\nwitness \u{212a} {}\ngroup both all K \u{212a}\nquorum both\n",
        vkey(1),
        vkey(2)
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert!(!policy.is_met(|place| place == 0));
    assert!(policy.is_met(|_| true));
    let bytes = [b"witness \xff ".as_slice(), vkey(1).as_bytes(), b"\nquorum \xff\n"].concat();
    assert!(Policy::parse(&bytes).unwrap().is_met(|_| true));
}

#[test]
fn signature_lines_are_read_alone() {
    let note = String::from_utf8(signed(&[11, 12])).unwrap();
    let lines: String = note.lines().rev().take(2).flat_map(|line| [line, "\n"]).collect();
    let read = parse_signatures(lines.as_bytes()).unwrap();
    assert_eq!(read.iter().map(ToString::to_string).collect::<String>(), lines);
    assert!(parse_signatures(b"").is_err());
    assert!(parse_signatures(lines.trim_end().as_bytes()).is_err());
    assert!(parse_signatures(format!("{lines}\n").as_bytes()).is_err());
}
