//! Blocks of a run: entries (term, leaf) in order, terms written once.
//!
//! A block is a list of groups. A group is the 16 bytes of its term, how many leaves it has, and the leaves: the first
//! one whole, each further one as its distance from the one before. Numbers are LEB128.

use crate::ports::{PortError, TermBlock};

use super::term::{TERM_BYTES, Term};

/// A block is closed when it has this many bytes.
const TARGET: usize = 8 << 10;
/// What every database takes as one block; longer ones were not written here.
const MAX_BLOCK: usize = 1 << 20;

/// One entry of the index: this leaf names this.
pub(super) type Entry = (Term, u64);

/// The key by which blocks are ordered.
pub(super) fn key((term, leaf): Entry) -> Vec<u8> {
    [&term.0[..], &leaf.to_be_bytes()[..]].concat()
}

/// Cuts entries, given in order, into blocks.
#[derive(Debug, Default)]
pub(super) struct BlockWriter {
    done: Vec<TermBlock>,
    first: Option<Entry>,
    bytes: Vec<u8>,
    group: Option<Term>,
    leaves: Vec<u64>,
    /// Bytes of the open group's leaves, at most.
    open: usize,
}

impl BlockWriter {
    /// Takes the next entry; one that equals the last is dropped.
    pub(super) fn push(&mut self, entry: Entry) {
        let (term, leaf) = entry;
        if self.group == Some(term) && self.leaves.last() == Some(&leaf) {
            return;
        }
        if self.group != Some(term) {
            self.close_group();
        }
        if self.bytes.len() + self.open >= TARGET {
            self.close_block();
        }
        if self.first.is_none() {
            self.first = Some(entry);
        }
        self.group = Some(term);
        self.open += if self.leaves.is_empty() { TERM_BYTES + 12 } else { 3 };
        self.leaves.push(leaf);
    }

    /// Blocks that are full by now.
    pub(super) fn take(&mut self) -> Vec<TermBlock> {
        std::mem::take(&mut self.done)
    }

    /// All blocks not yet taken.
    pub(super) fn finish(mut self) -> Vec<TermBlock> {
        self.close_block();
        self.done
    }

    fn close_group(&mut self) {
        let Some(term) = self.group.take() else { return };
        self.bytes.extend_from_slice(&term.0);
        put(&mut self.bytes, self.leaves.len() as u64);
        let mut before = 0;
        for leaf in self.leaves.drain(..) {
            put(&mut self.bytes, leaf - before);
            before = leaf;
        }
        self.open = 0;
    }

    fn close_block(&mut self) {
        self.close_group();
        if let Some(first) = self.first.take() {
            self.done.push(TermBlock { first: key(first), entries: std::mem::take(&mut self.bytes) });
        }
    }
}

/// The entries of a block.
///
/// # Errors
/// `Corrupt` when it is not a block, or its entries are not in order.
pub(super) fn read(block: &TermBlock) -> Result<Vec<Entry>, PortError> {
    let broken = || PortError::corrupt("a block of the index of terms is malformed");
    if block.entries.len() > MAX_BLOCK {
        return Err(broken());
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(block.entries.len() / 8);
    let mut rest = block.entries.as_slice();
    while let Some((term, after)) = rest.split_first_chunk::<TERM_BYTES>() {
        rest = after;
        let count = get(&mut rest).ok_or_else(broken)?;
        let mut leaf = 0u64;
        for place in 0..count {
            let step = get(&mut rest).ok_or_else(broken)?;
            if place > 0 && step == 0 {
                return Err(broken());
            }
            leaf = leaf.checked_add(step).ok_or_else(broken)?;
            entries.push((Term(*term), leaf));
        }
        if count == 0 {
            return Err(broken());
        }
    }
    let sorted = entries.is_sorted_by(|before, after| before < after);
    if !rest.is_empty() || !sorted || entries.first().map(|entry| key(*entry)).as_ref() != Some(&block.first)
    {
        return Err(broken());
    }
    Ok(entries)
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn get(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if shift == 63 && part > 1 {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn write(entries: &[Entry]) -> Vec<TermBlock> {
        let mut writer = BlockWriter::default();
        let mut blocks = Vec::new();
        for entry in entries {
            writer.push(*entry);
            blocks.extend(writer.take());
        }
        blocks.extend(writer.finish());
        blocks
    }

    proptest! {
        #[test]
        fn entries_come_back(entries in prop::collection::btree_set((any::<[u8; 1]>(), any::<u64>()), 0..4_000)) {
            let entries: Vec<Entry> =
                entries.into_iter().map(|(term, leaf)| (Term([term[0]; 16]), leaf)).collect();
            let blocks = write(&entries);
            let back: Vec<Entry> = blocks.iter().flat_map(|block| read(block).unwrap()).collect();
            prop_assert_eq!(back, entries);
            prop_assert!(blocks.is_sorted_by(|a, b| a.first < b.first));
        }

        #[test]
        fn foreign_bytes_are_refused_without_harm(entries in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&TermBlock { first: vec![0; 24], entries });
        }
    }

    #[test]
    fn a_term_of_many_leaves_spans_blocks_of_bounded_size() {
        let entries: Vec<Entry> = (0..100_000).map(|leaf| (Term([7; 16]), leaf * 3)).collect();
        let blocks = write(&entries);
        assert!(blocks.len() > 10);
        assert!(blocks.iter().all(|block| block.entries.len() < 2 * TARGET));
    }

    #[test]
    fn a_changed_block_is_not_read_as_another() {
        let mut block = write(&[(Term([1; 16]), 5), (Term([1; 16]), 9)]).remove(0);
        block.entries.pop();
        read(&block).unwrap_err();
    }
}
