//! Which reads were recorded a moment ago, and how many strangers were turned away since the last leaf.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use strongroom_model::Caller;

use crate::{ports::ContentKey, unit::Action};

/// Reads that are remembered for coalescing; beyond it the oldest is forgotten, and read again is recorded again.
const MAX_REMEMBERED: usize = 100_000;

/// Which reads were recorded a moment ago, and how many strangers were turned away.
#[derive(Debug)]
pub(crate) struct Recorder {
    window: Duration,
    reads: Mutex<Reads>,
    strangers: Mutex<HashMap<Action, u64>>,
}

#[derive(Debug, Default)]
struct Reads {
    known: HashMap<(Caller, Action, String, ContentKey), Instant>,
    order: VecDeque<(Instant, (Caller, Action, String, ContentKey))>,
}

impl Recorder {
    pub(crate) fn new(window: Duration) -> Self {
        Self { window, reads: Mutex::default(), strangers: Mutex::default() }
    }

    /// True when this read is not yet covered by a recent leaf; it is then taken as recorded.
    pub(crate) fn is_new_read(
        &self,
        caller: &Caller,
        action: Action,
        subject: &str,
        key: &ContentKey,
    ) -> bool {
        let now = Instant::now();
        let mut reads = self.reads.lock();
        let Reads { known, order } = &mut *reads;
        while let Some((since, _)) = order.front() {
            if now.duration_since(*since) < self.window && order.len() < MAX_REMEMBERED {
                break;
            }
            if let Some((_, oldest)) = order.pop_front() {
                known.remove(&oldest);
            }
        }
        let read = (caller.clone(), action, subject.to_owned(), key.clone());
        match known.entry(read) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                order.push_back((now, vacant.key().clone()));
                vacant.insert(now);
                true
            }
        }
    }

    /// Forgets a read whose leaf could not be queued.
    pub(crate) fn forget_read(&self, caller: &Caller, action: Action, subject: &str, key: &ContentKey) {
        let read = (caller.clone(), action, subject.to_owned(), key.clone());
        let mut reads = self.reads.lock();
        reads.known.remove(&read);
        reads.order.retain(|(_, known)| *known != read);
    }

    /// So many more strangers were refused an action.
    pub(crate) fn count_strangers(&self, action: Action, more: u64) {
        *self.strangers.lock().entry(action).or_insert(0) += more;
    }

    /// The strangers counted so far; counting begins anew.
    pub(crate) fn take_strangers(&self) -> Vec<(Action, u64)> {
        self.strangers.lock().drain().collect()
    }
}
