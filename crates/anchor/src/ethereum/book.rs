//! The book of transactions: what was signed for which text, durable before it is sent.
//!
//! A file of one account on one chain, a JSON object per line, only ever appended to and synced line by line. A last
//! line that a crash cut off or tore never happened: nothing was sent for it. Once nothing is under way a long book is
//! begun anew, in another file that takes its place. Nobody needs the book to check a proof; without it, transactions under way are not found again, and their
//! texts are anchored a second time. All functions block.

use std::{
    collections::{BTreeMap, VecDeque},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use alloy_primitives::{Address, B256, Bytes, keccak256};
use serde::{Deserialize, Serialize};
use strongroom_durable::{self as durable, Access, File};
use strongroom_kernel::ports::PortError;

use super::transaction::{Fees, SignedTransaction};

/// The form of the lines.
const VERSION: u32 = 1;
/// Texts whose transactions have all their confirmations, kept to be found again.
const KEPT: usize = 256;
/// Bytes from which on a book is begun anew.
const LONG: u64 = 1 << 20;
/// Bytes above which a file is no book.
const LONGEST: u64 = 256 << 20;

/// One transaction for a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) nonce: u64,
    pub(super) fees: Fees,
    pub(super) signed: SignedTransaction,
}

/// What was done for one text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entry {
    /// All transactions that were signed; the last is the one that shall be in a block, any of them may be.
    pub(super) attempts: Vec<Attempt>,
    /// The proof, once one of them has its confirmations.
    pub(super) settled: Option<String>,
}

impl Entry {
    /// The transaction that shall be in a block.
    pub(super) fn current(&self) -> Option<&Attempt> {
        self.attempts.last()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Account { version: u32, chain: u64, address: Address },
    Attempt { text: B256, nonce: u64, fees: Fees, hash: B256, raw: Bytes },
    Settled { text: B256, link: String },
    Revived { text: B256 },
}

/// The book, in memory and in its file.
#[derive(Debug)]
pub(super) struct Book {
    path: PathBuf,
    file: File,
    length: u64,
    chain: u64,
    address: Address,
    entries: BTreeMap<B256, Entry>,
    /// Settled texts, the oldest first.
    settled: VecDeque<B256>,
}

impl Book {
    /// Opens the book at `path`, or begins one.
    ///
    /// # Errors
    /// `Corrupt` when it is no book, or one of another account or chain; `Unavailable`, `Full`.
    pub(super) fn open(path: &Path, chain: u64, address: Address) -> Result<Self, PortError> {
        let io = |error| PortError::io("open the book of transactions", error);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => begin(path, &[heading(chain, address)])?,
            Err(error) => return Err(io(error)),
        };
        let length = file.length().map_err(io)?;
        if length > LONGEST {
            return Err(PortError::corrupt("open the book of transactions: it is too long to be one"));
        }
        let mut text = vec![0; usize::try_from(length).map_err(|error| io(std::io::Error::other(error)))?];
        file.read_exact_at(&mut text, 0).map_err(io)?;
        let entries = BTreeMap::new();
        let mut book = Self {
            path: path.to_owned(),
            file,
            length: 0,
            chain,
            address,
            entries,
            settled: VecDeque::new(),
        };
        book.read(&text)?;
        if book.length == 0 {
            // One whose heading is not whole, which only a version before this one could leave.
            book.begin_anew()?;
        }
        book.file.set_length(book.length).map_err(io)?;
        Ok(book)
    }

    /// Takes all whole lines of `text`. What a crash left of a last one is no line; any other that is none is damage.
    fn read(&mut self, text: &[u8]) -> Result<(), PortError> {
        let mut lines = text.split_inclusive(|byte| *byte == b'\n').enumerate();
        while let Some((number, line)) = lines.next() {
            match parse(line) {
                Ok(parsed) => self.take(number, parsed)?,
                Err(_) if lines.all(|(_, line)| parse(line).is_err()) => break,
                Err(error) => return Err(corrupt(number, "no line").with_source(error)),
            }
            self.length += line.len() as u64;
        }
        Ok(())
    }

    fn take(&mut self, number: usize, line: Line) -> Result<(), PortError> {
        match line {
            Line::Account { version, chain, address } => {
                if version != VERSION {
                    return Err(corrupt(number, "a version we do not know"));
                }
                if (chain, address) != (self.chain, self.address) {
                    return Err(corrupt(number, "it is of another account or chain"));
                }
            }
            _ if number == 0 => return Err(corrupt(number, "no heading")),
            line => self.apply(line),
        }
        Ok(())
    }

    fn apply(&mut self, line: Line) {
        match line {
            Line::Account { .. } => {}
            Line::Attempt { text, nonce, fees, hash, raw } => {
                let signed = SignedTransaction { hash, raw: raw.into() };
                self.entries.entry(text).or_default().attempts.push(Attempt { nonce, fees, signed });
            }
            Line::Settled { text, link } => {
                let Some(entry) = self.entries.get_mut(&text) else { return };
                if entry.settled.replace(link).is_none() {
                    self.settled.push_back(text);
                }
                while self.settled.len() > KEPT {
                    if let Some(oldest) = self.settled.pop_front() {
                        self.entries.remove(&oldest);
                    }
                }
            }
            Line::Revived { text } => {
                if let Some(entry) = self.entries.get_mut(&text) {
                    entry.settled = None;
                }
                self.settled.retain(|other| *other != text);
            }
        }
    }

    /// Appends and syncs; on an error the file's end is where it was, for whoever comes next.
    fn append(&mut self, line: &Line) -> Result<(), PortError> {
        let io = |error| PortError::io("write the book of transactions", error);
        let bytes = print(std::slice::from_ref(line))?;
        self.file.set_length(self.length).map_err(io)?;
        self.file.write_all_at(&bytes, self.length).map_err(io)?;
        self.file.sync_data().map_err(io)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn note(&mut self, line: Line) -> Result<(), PortError> {
        self.append(&line)?;
        self.apply(line);
        Ok(())
    }

    /// The entry of a text.
    pub(super) fn find(&self, text: &B256) -> Option<&Entry> {
        self.entries.get(text)
    }

    /// Texts under way, by the nonces of their current transactions.
    pub(super) fn under_way(&self) -> Vec<(u64, B256)> {
        let open = self.entries.iter().filter(|(_, entry)| entry.settled.is_none());
        let mut open: Vec<_> =
            open.filter_map(|(text, entry)| Some((entry.current()?.nonce, *text))).collect();
        open.sort_unstable();
        open
    }

    /// Settled texts with a transaction that a chain whose next nonce is `next` cannot have: their blocks are lost.
    pub(super) fn lost(&self, next: u64) -> Vec<B256> {
        let gone = |text: &&B256| {
            let entry = self.entries.get(*text);
            entry.and_then(Entry::current).is_some_and(|current| current.nonce >= next)
        };
        self.settled.iter().filter(gone).copied().collect()
    }

    /// Signs a transaction for `text` and notes it. The nonce is `nonce`, or the one after all that are under way.
    pub(super) fn attempt(
        &mut self,
        text: B256,
        nonce: Nonce,
        fees: Fees,
        sign: impl FnOnce(u64) -> SignedTransaction,
    ) -> Result<(), PortError> {
        let nonce = match nonce {
            Nonce::Exactly(nonce) => nonce,
            Nonce::From(free) => {
                let behind_all = self.under_way().last().map(|(nonce, _)| nonce + 1);
                behind_all.unwrap_or_default().max(free)
            }
        };
        let SignedTransaction { hash, raw } = sign(nonce);
        self.note(Line::Attempt { text, nonce, fees, hash, raw: raw.into() })
    }

    /// Notes the proof of a text, and begins the book anew when it has become long and nothing is under way.
    pub(super) fn settle(&mut self, text: B256, link: String) -> Result<(), PortError> {
        self.note(Line::Settled { text, link })?;
        if self.length > LONG && self.under_way().is_empty() {
            self.begin_anew()?;
        }
        Ok(())
    }

    /// Notes that the blocks with a settled text are gone.
    pub(super) fn revive(&mut self, text: B256) -> Result<(), PortError> {
        self.note(Line::Revived { text })
    }

    /// A crash in here leaves the old book or the new one.
    fn begin_anew(&mut self) -> Result<(), PortError> {
        let mut lines = vec![heading(self.chain, self.address)];
        for text in &self.settled {
            let Some(Entry { attempts, settled: Some(link) }) = self.entries.get(text) else { continue };
            lines.extend(attempts.iter().map(|attempt| Line::Attempt {
                text: *text,
                nonce: attempt.nonce,
                fees: attempt.fees,
                hash: attempt.signed.hash,
                raw: attempt.signed.raw.clone().into(),
            }));
            lines.push(Line::Settled { text: *text, link: link.clone() });
        }
        self.file = begin(&self.path, &lines)?;
        self.length = self.file.length().map_err(|error| PortError::io("begin the book anew", error))?;
        Ok(())
    }
}

fn heading(chain: u64, address: Address) -> Line {
    Line::Account { version: VERSION, chain, address }
}

/// A book of these lines in place of what is at `path`, durably.
fn begin(path: &Path, lines: &[Line]) -> Result<File, PortError> {
    let bytes = print(lines)?;
    let begun = durable::write(path, &bytes, Access::Private).and_then(|()| File::open(path));
    begun.map_err(|error| PortError::io("begin the book of transactions", error))
}

fn print(lines: &[Line]) -> Result<Vec<u8>, PortError> {
    let mut bytes = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut bytes, line)
            .map_err(|error| PortError::refused("write the book of transactions").with_source(error))?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// A whole line. A torn one may still be JSON, but then its transaction has another hash.
fn parse(line: &[u8]) -> Result<Line, serde_json::Error> {
    let torn = |what| serde_json::Error::io(std::io::Error::new(ErrorKind::InvalidData, what));
    let text = line.strip_suffix(b"\n").ok_or_else(|| torn("the line does not end"))?;
    let line = serde_json::from_slice(text)?;
    match &line {
        Line::Attempt { hash, raw, .. } if keccak256(raw) != *hash => Err(torn("not the transaction's hash")),
        _ => Ok(line),
    }
}

fn corrupt(number: usize, what: &str) -> PortError {
    PortError::corrupt(format!("read the book of transactions: line {}: {what}", number + 1))
}

/// Which nonce a new transaction takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nonce {
    /// This one.
    Exactly(u64),
    /// This one, or the one after all under way, whichever is higher.
    From(u64),
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use strongroom_durable::watch::Watch;

    use super::*;

    const FEES: Fees = Fees::Legacy { gas_price: 0 };

    fn sign(nonce: u64) -> SignedTransaction {
        signed(nonce, 150)
    }

    fn signed(nonce: u64, length: usize) -> SignedTransaction {
        let mut raw = vec![7; length];
        raw[..8].copy_from_slice(&nonce.to_be_bytes());
        SignedTransaction { hash: keccak256(&raw), raw }
    }

    fn open(folder: &Path) -> Result<Book, PortError> {
        Book::open(&folder.join("book"), 1337, Address::ZERO)
    }

    fn text(n: u64) -> B256 {
        B256::from(alloy_primitives::U256::from(n))
    }

    #[test]
    fn what_is_under_way_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = open(folder.path()).unwrap();
        for n in 0..3 {
            book.attempt(text(n), Nonce::From(5), FEES, sign).unwrap();
        }
        book.settle(text(1), "a link".to_owned()).unwrap();
        book.attempt(text(2), Nonce::Exactly(7), Fees::Legacy { gas_price: u128::MAX }, sign).unwrap();
        let again = open(folder.path()).unwrap();
        assert_eq!(again.entries, book.entries);
        assert_eq!(again.under_way(), [(5, text(0)), (7, text(2))]);
        assert_eq!(again.find(&text(1)).unwrap().settled.as_deref(), Some("a link"));
        assert_eq!((again.lost(6), again.lost(7)), (vec![text(1)], vec![]));
    }

    #[test]
    fn a_line_that_was_cut_off_never_happened() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = open(folder.path()).unwrap();
        book.attempt(text(1), Nonce::From(0), FEES, sign).unwrap();
        let whole = book.length;
        book.attempt(text(2), Nonce::From(0), FEES, sign).unwrap();
        for cut in [whole + 1, book.length - 1] {
            book.file.set_length(cut).unwrap();
            let again = open(folder.path()).unwrap();
            assert_eq!((again.length, again.under_way().len()), (whole, 1));
        }
        book.file.set_length(3).unwrap();
        assert!(open(folder.path()).unwrap().entries.is_empty());
    }

    #[test]
    fn a_book_of_somebody_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap();
        let path = folder.path().join("book");
        for (chain, address) in [(1, Address::ZERO), (1337, Address::repeat_byte(1))] {
            let refusal = Book::open(&path, chain, address).unwrap_err();
            assert!(refusal.to_string().contains("another account or chain"), "{refusal}");
        }
    }

    #[test]
    fn a_line_that_is_none_before_a_whole_one_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = open(folder.path()).unwrap();
        let begun = book.length;
        book.attempt(text(1), Nonce::From(0), FEES, sign).unwrap();
        book.attempt(text(2), Nonce::From(0), FEES, sign).unwrap();
        book.file.write_all_at(b"x", begun).unwrap();
        let refusal = open(folder.path()).unwrap_err();
        assert!(refusal.to_string().contains("line 2: no line"), "{refusal}");
        let mut file = std::fs::File::options().append(true).open(folder.path().join("book")).unwrap();
        file.write_all(b"x\n").unwrap();
        open(folder.path()).unwrap_err();
    }

    #[test]
    fn a_power_loss_takes_nothing_that_was_noted_and_leaves_a_book_that_opens() {
        let folder = tempfile::tempdir().unwrap();
        let watch = Watch::begin(folder.path()).unwrap();
        let mut book = open(folder.path()).unwrap();
        let mut noted = vec![(watch.now(), book.entries.clone())];
        for n in 0..3 {
            book.attempt(text(n), Nonce::From(0), FEES, |nonce| signed(nonce, 900)).unwrap();
            noted.push((watch.now(), book.entries.clone()));
            if n != 1 {
                book.settle(text(n), "a link".to_owned()).unwrap();
                noted.push((watch.now(), book.entries.clone()));
            }
        }
        book.revive(text(2)).unwrap();
        book.settle(text(1), "a link".to_owned()).unwrap();
        book.settle(text(2), "a link".to_owned()).unwrap();
        noted.push((watch.now(), book.entries.clone()));
        book.begin_anew().unwrap();
        noted.push((watch.now(), book.entries.clone()));
        let newest = noted.len() - 1;
        for crash in watch.history().crashes(25) {
            let after = tempfile::tempdir().unwrap();
            crash.leave(after.path()).unwrap();
            let again = open(after.path()).unwrap_or_else(|error| panic!("{crash}: {error:?}"));
            for (moment, entries) in noted[..newest].iter().filter(|(moment, _)| crash.is_after(*moment)) {
                let kept = entries.keys().all(|text| {
                    let found = again.entries.get(text).map(|entry| entry.attempts.len());
                    found >= entries.get(text).map(|entry| entry.attempts.len())
                });
                assert!(kept, "{crash}: {moment:?} is lost");
            }
            if crash.is_after(noted[newest].0) {
                assert_eq!(again.entries, noted[newest].1, "{crash}");
            }
        }
    }

    #[test]
    fn a_long_book_is_begun_anew_when_nothing_is_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = open(folder.path()).unwrap();
        let long = |nonce| signed(nonce, 4_096);
        book.attempt(text(0), Nonce::From(0), FEES, long).unwrap();
        for n in 1..200 {
            book.attempt(text(n), Nonce::From(0), FEES, long).unwrap();
            book.settle(text(n), "a link".to_owned()).unwrap();
        }
        assert!(book.length > LONG);
        for n in 200..600 {
            book.attempt(text(n), Nonce::From(0), FEES, sign).unwrap();
            book.settle(text(n), "a link".to_owned()).unwrap();
        }
        assert!(book.length > LONG, "something is under way");
        book.settle(text(0), "a link".to_owned()).unwrap();
        assert!(book.length < LONG);
        let again = open(folder.path()).unwrap();
        assert_eq!((again.entries.len(), &again.entries), (KEPT, &book.entries));
    }
}
