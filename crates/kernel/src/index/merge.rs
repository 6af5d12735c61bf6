//! Several runs made one, a few blocks at a time.
//!
//! Runs are of a tier by their length, each tier eight times the one below. When eight of a tier lie at the end they
//! become one together with the shorter ones behind them: each entry is written about once per tier, and no search
//! looks into more than seven runs of each.

use std::collections::VecDeque;

use crate::ports::{Database, PortError, RunState, TermBlock, TermChange, TermRun};

use super::block::{self, BlockWriter, Entry};

/// Runs of a tier that become one.
const FANOUT: usize = 8;
/// Blocks written in one transaction: half a mebibyte, a few milliseconds of the writer.
const WRITTEN: usize = 64;
/// Blocks read at once from each run.
const READ: usize = 16;

/// The runs that should become one now; none is the usual answer.
pub(super) fn plan(runs: &[TermRun]) -> Vec<TermRun> {
    let mut live: Vec<TermRun> = runs.iter().copied().filter(|run| run.state == RunState::Live).collect();
    live.sort_unstable_by_key(|run| run.first);
    let tier = |run: &TermRun| (run.end - run.first).max(1).ilog2() / FANOUT.ilog2();
    let highest = live.iter().map(tier).max().unwrap_or(0);
    for wanted in 0..=highest {
        let tail = live.iter().rev().take_while(|run| tier(run) <= wanted).count();
        let of_tier = live[live.len() - tail..].iter().filter(|run| tier(run) == wanted).count();
        if of_tier >= FANOUT {
            return live.split_off(live.len() - tail);
        }
    }
    Vec::new()
}

/// A merge under way.
#[derive(Debug)]
pub(super) struct Merge {
    run: TermRun,
    inputs: Vec<Input>,
    writer: BlockWriter,
    full: VecDeque<TermBlock>,
}

impl Merge {
    /// Writes the catalogue entry of the new run.
    pub(super) async fn begin(
        database: &dyn Database,
        number: u64,
        inputs: Vec<TermRun>,
    ) -> Result<Self, PortError> {
        let first = inputs.first().map_or(0, |run| run.first);
        let end = inputs.last().map_or(0, |run| run.end);
        let run = TermRun { number, first, end, state: RunState::Building };
        database.change_terms(TermChange { runs: vec![run], ..TermChange::default() }).await?;
        let inputs = inputs.into_iter().map(Input::new).collect();
        Ok(Self { run, inputs, writer: BlockWriter::default(), full: VecDeque::new() })
    }

    /// Number of the run being written.
    pub(super) const fn number(&self) -> u64 {
        self.run.number
    }

    /// Writes some blocks; true when the new run has taken the place of the others.
    pub(super) async fn step(&mut self, database: &dyn Database) -> Result<bool, PortError> {
        while self.full.len() < WRITTEN {
            let mut least: Option<(Entry, usize)> = None;
            for (place, input) in self.inputs.iter_mut().enumerate() {
                let Some(entry) = input.peek(database).await? else { continue };
                if least.is_none_or(|(least, _)| entry < least) {
                    least = Some((entry, place));
                }
            }
            let Some((entry, place)) = least else { return self.finish(database).await };
            // leaves of one term lie together in one input: take them in one go
            let input = &mut self.inputs[place];
            while let Some(next) = input.entries.front().copied().filter(|next| next.0 == entry.0) {
                self.writer.push(next);
                input.entries.pop_front();
            }
            self.full.extend(self.writer.take());
        }
        let blocks = self.full.drain(..).map(|block| (self.run.number, block)).collect();
        database.change_terms(TermChange { blocks, ..TermChange::default() }).await?;
        Ok(false)
    }

    async fn finish(&mut self, database: &dyn Database) -> Result<bool, PortError> {
        self.full.extend(std::mem::take(&mut self.writer).finish());
        let blocks = self.full.drain(..).map(|block| (self.run.number, block)).collect();
        let mut runs = vec![TermRun { state: RunState::Live, ..self.run }];
        runs.extend(self.inputs.iter().map(|input| TermRun { state: RunState::Retired, ..input.run }));
        database.change_terms(TermChange { runs, blocks, ..TermChange::default() }).await?;
        Ok(true)
    }
}

/// A run being read from its beginning.
#[derive(Debug)]
struct Input {
    run: TermRun,
    /// First key of the last block that was read.
    last: Option<Vec<u8>>,
    entries: VecDeque<Entry>,
    ended: bool,
}

impl Input {
    fn new(run: TermRun) -> Self {
        Self { run, last: None, entries: VecDeque::new(), ended: false }
    }

    /// The next entry. Entries of one term are only taken while they last in memory, so the caller asks again.
    async fn peek(&mut self, database: &dyn Database) -> Result<Option<Entry>, PortError> {
        while self.entries.is_empty() && !self.ended {
            let from = self.last.as_deref().unwrap_or_default();
            let blocks = database.term_blocks(self.run.number, from, READ).await?;
            let known = self.last.clone();
            let fresh = blocks.iter().filter(|block| known.as_ref() != Some(&block.first));
            let mut any = false;
            for block in fresh {
                self.entries.extend(block::read(block)?);
                self.last = Some(block.first.clone());
                any = true;
            }
            self.ended = !any;
        }
        Ok(self.entries.front().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(lengths: &[u64]) -> Vec<TermRun> {
        let mut first = 0;
        let mut runs = Vec::new();
        for (length, number) in lengths.iter().zip(0..) {
            runs.push(TermRun { number, first, end: first + length, state: RunState::Live });
            first += length;
        }
        runs
    }

    #[test]
    fn eight_of_a_length_become_one_with_what_lies_behind() {
        assert_eq!(plan(&runs(&[1; 7])), []);
        assert_eq!(plan(&runs(&[1; 8])).len(), 8);
        assert_eq!(plan(&runs(&[4096, 1, 1])), []);
        let mixed: Vec<u64> = [vec![100_000], vec![4_096; 8], vec![3; 4]].concat();
        assert_eq!(plan(&runs(&mixed)).len(), 12);
    }

    #[test]
    fn any_history_leaves_few_runs_and_writes_each_entry_a_few_times() {
        let mut lengths: Vec<u64> = Vec::new();
        let mut written = 0;
        for _ in 0..20_000 {
            lengths.push(1);
            loop {
                let merged = plan(&runs(&lengths));
                if merged.is_empty() {
                    break;
                }
                lengths.truncate(lengths.len() - merged.len());
                let length = merged.iter().map(|run| run.end - run.first).sum::<u64>();
                lengths.push(length);
                written += length;
            }
            assert!(lengths.len() <= 7 * 6, "{lengths:?}");
        }
        assert!(written < 20_000 * 6, "{written}");
    }
}
