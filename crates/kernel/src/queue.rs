//! Units waiting for the next commit, and the rule by which more are turned away.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use strongroom_model::Error;
use tokio::sync::{Notify, oneshot};

use crate::{
    error::unavailable,
    ports::{Note, Prepared, UnitOutcome},
};

/// A unit waits at most this long before newcomers are turned away.
pub(crate) const MAX_DELAY: Duration = Duration::from_millis(200);
/// Most units and bytes that wait.
const MAX_WAITING: usize = 8_192;
const MAX_WAITING_BYTES: usize = 256 << 20;
/// Most recorded accesses that wait while the database does not take them.
const MAX_ACCESSES: usize = 100_000;
/// Most units and bytes of one batch.
const BATCH_UNITS: usize = 1_024;
const BATCH_BYTES: usize = 32 << 20;

/// What became of a waiting unit, and why if its batch failed.
pub(crate) type Answer = Result<UnitOutcome, Error>;

#[derive(Debug)]
struct Waiting {
    unit: Prepared,
    bytes: usize,
    since: Instant,
    answer: oneshot::Sender<Answer>,
}

/// Units of one batch with those who wait for them, access records without, and notes.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) units: Vec<Prepared>,
    pub(crate) answers: Vec<oneshot::Sender<Answer>>,
    pub(crate) accesses: Vec<Prepared>,
    pub(crate) notes: Vec<Note>,
}

#[derive(Debug, Default)]
struct State {
    /// One line per service, served in turns.
    lines: Vec<(&'static str, VecDeque<Waiting>)>,
    next_line: usize,
    waiting: usize,
    bytes: usize,
    accesses: VecDeque<Prepared>,
    notes: HashMap<String, Option<Vec<u8>>>,
    closed: bool,
}

/// Units waiting for the next commit.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Notify,
}

impl Queue {
    /// Adds a unit; the receiver hears what became of it.
    pub(crate) fn push(&self, unit: Prepared, bytes: usize) -> Result<oneshot::Receiver<Answer>, Error> {
        let (answer, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        if state.closed {
            return Err(unavailable("the service is stopping"));
        }
        if state.late() || state.waiting >= MAX_WAITING || state.bytes + bytes > MAX_WAITING_BYTES {
            return Err(unavailable("more is asked than can be done now"));
        }
        state.waiting += 1;
        state.bytes += bytes;
        let service = unit.service;
        let waiting = Waiting { unit, bytes, since: Instant::now(), answer };
        match state.lines.iter_mut().find(|(name, _)| *name == service) {
            Some((_, line)) => line.push_back(waiting),
            None => state.lines.push((service, VecDeque::from([waiting]))),
        }
        drop(state);
        self.filled.notify_one();
        Ok(receiver)
    }

    /// Adds the record of an access nobody waits for.
    pub(crate) fn push_access(&self, unit: Prepared) -> Result<(), Error> {
        let mut state = self.state.lock();
        if state.accesses.len() >= MAX_ACCESSES || state.closed {
            return Err(unavailable("accesses cannot be recorded now"));
        }
        state.accesses.push_back(unit);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Adds or replaces a note.
    pub(crate) fn push_note(&self, note: Note) {
        self.state.lock().notes.insert(note.key, note.value);
        self.filled.notify_one();
    }

    /// True while newcomers would be turned away.
    pub(crate) fn late(&self) -> bool {
        let state = self.state.lock();
        state.closed || state.late() || state.waiting >= MAX_WAITING
    }

    /// How many units wait.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().waiting
    }

    /// Turns newcomers away from now on; who waits is still served.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_one();
    }

    /// The next batch, one unit of each service in turn; `None` once closed and empty.
    pub(crate) async fn take(&self) -> Option<Taken> {
        loop {
            let filled = self.filled.notified();
            {
                let mut state = self.state.lock();
                let taken = state.take();
                if !taken.is_empty() {
                    return Some(taken);
                }
                if state.closed {
                    return None;
                }
            }
            filled.await;
        }
    }

    /// Puts access records back that their batch could not store.
    pub(crate) fn put_back(&self, accesses: Vec<Prepared>) {
        let mut state = self.state.lock();
        for unit in accesses.into_iter().rev() {
            state.accesses.push_front(unit);
        }
    }

    /// Puts notes back that their batch could not store, unless newer ones came.
    pub(crate) fn put_back_notes(&self, notes: Vec<Note>) {
        let mut state = self.state.lock();
        for note in notes {
            state.notes.entry(note.key).or_insert(note.value);
        }
    }
}

impl State {
    fn late(&self) -> bool {
        self.lines
            .iter()
            .filter_map(|(_, line)| line.front())
            .any(|waiting| waiting.since.elapsed() > MAX_DELAY)
    }

    fn take(&mut self) -> Taken {
        let mut taken = Taken::default();
        let mut bytes = 0;
        while taken.units.len() < BATCH_UNITS && bytes < BATCH_BYTES {
            let Some(waiting) = self.pop() else { break };
            bytes += waiting.bytes;
            taken.units.push(waiting.unit);
            taken.answers.push(waiting.answer);
        }
        let accesses = self.accesses.len().min(BATCH_UNITS);
        taken.accesses.extend(self.accesses.drain(..accesses));
        taken.notes.extend(self.notes.drain().map(|(key, value)| Note { key, value }));
        taken
    }

    fn pop(&mut self) -> Option<Waiting> {
        for _ in 0..self.lines.len() {
            let line = self.next_line % self.lines.len();
            self.next_line = line + 1;
            if let Some(waiting) = self.lines[line].1.pop_front() {
                self.waiting -= 1;
                self.bytes -= waiting.bytes;
                return Some(waiting);
            }
        }
        None
    }
}

impl Taken {
    fn is_empty(&self) -> bool {
        self.units.is_empty() && self.accesses.is_empty() && self.notes.is_empty()
    }
}
