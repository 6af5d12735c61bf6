//! Rows that were held against their records already.

use std::{collections::HashSet, hash::RandomState};

use parking_lot::Mutex;

/// Rows remembered; beyond it all are forgotten, and looked up again.
const MAX_REMEMBERED: usize = 100_000;

/// Rows that were found as their records say.
#[derive(Debug, Default)]
pub(crate) struct Attested {
    pub(crate) hasher: RandomState,
    rows: Mutex<HashSet<u64>>,
}

impl Attested {
    pub(crate) fn knows(&self, row: u64) -> bool {
        self.rows.lock().contains(&row)
    }

    pub(crate) fn remember(&self, row: u64) {
        let mut rows = self.rows.lock();
        if rows.len() >= MAX_REMEMBERED {
            rows.clear();
        }
        rows.insert(row);
    }
}
