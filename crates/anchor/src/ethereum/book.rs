//! The book of transactions: what was signed for which text, durable before it is sent.
//!
//! A file of one account on one chain, a JSON object per line, only ever appended to and synced line by line. A
//! line that a crash cut off never happened: nothing was sent for it. Once nothing is under way a long book is begun
//! anew. Nobody needs the book to check a proof; without it, transactions under way are not found again, and their
//! texts are anchored a second time. All functions block.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{File, OpenOptions},
    io::Read as _,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
};

use alloy_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
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
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let mut file = file.map_err(io)?;
        if file.metadata().map_err(io)?.len() > LONGEST {
            return Err(PortError::corrupt("open the book of transactions: it is too long to be one"));
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(io)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).map_err(io)?;
        let mut book = Self {
            file,
            length: whole as u64,
            chain,
            address,
            entries: BTreeMap::new(),
            settled: VecDeque::new(),
        };
        for (number, line) in text[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
            book.take(number, line)?;
        }
        if whole == 0 {
            book.append(&[book.heading()])?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(io)?;
        }
        Ok(book)
    }

    fn heading(&self) -> Line {
        Line::Account { version: VERSION, chain: self.chain, address: self.address }
    }

    fn take(&mut self, number: usize, line: &[u8]) -> Result<(), PortError> {
        let corrupt = |what: &str| {
            PortError::corrupt(format!("read the book of transactions: line {}: {what}", number + 1))
        };
        let line: Line =
            serde_json::from_slice(line).map_err(|error| corrupt("no line").with_source(error))?;
        match line {
            Line::Account { version, chain, address } => {
                if version != VERSION {
                    return Err(corrupt("a version we do not know"));
                }
                if (chain, address) != (self.chain, self.address) {
                    return Err(corrupt("it is of another account or chain"));
                }
            }
            _ if number == 0 => return Err(corrupt("no heading")),
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
    fn append(&mut self, lines: &[Line]) -> Result<(), PortError> {
        let io = |error| PortError::io("write the book of transactions", error);
        let mut bytes = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut bytes, line)
                .map_err(|error| PortError::refused("write the book of transactions").with_source(error))?;
            bytes.push(b'\n');
        }
        self.file.set_len(self.length).map_err(io)?;
        self.file.write_all_at(&bytes, self.length).map_err(io)?;
        self.file.sync_data().map_err(io)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn note(&mut self, line: Line) -> Result<(), PortError> {
        self.append(std::slice::from_ref(&line))?;
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

    /// A crash in here loses settled texts only, whose proofs were handed out.
    fn begin_anew(&mut self) -> Result<(), PortError> {
        let mut lines = vec![self.heading()];
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
        self.length = 0;
        self.append(&lines)
    }
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

    use super::*;

    const FEES: Fees = Fees::Legacy { gas_price: 0 };

    fn sign(nonce: u64) -> SignedTransaction {
        SignedTransaction { hash: B256::from(alloy_primitives::U256::from(nonce)), raw: vec![7; 150] }
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
            book.file.set_len(cut).unwrap();
            let again = open(folder.path()).unwrap();
            assert_eq!((again.length, again.under_way().len()), (whole, 1));
        }
        book.file.set_len(3).unwrap();
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
        File::options().append(true).open(&path).unwrap().write_all(b"{}\n").unwrap();
        open(folder.path()).unwrap_err();
    }

    #[test]
    fn a_long_book_is_begun_anew_when_nothing_is_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = open(folder.path()).unwrap();
        let long = |nonce| SignedTransaction { raw: vec![7; 4_096], ..sign(nonce) };
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
