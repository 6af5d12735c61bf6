//! Missing openings against the units that erased them: whatever is gone, a unit must have named.

use std::collections::BTreeSet;

use crate::{
    erasure::{Places, named},
    record::OpenedRecord,
};

use super::Report;

/// Missing openings, and those that units named. Memory grows with what was erased.
#[derive(Debug, Default)]
pub(super) struct Erased {
    missing: Places,
    named: Places,
}

impl Erased {
    /// Takes what one record lacks, and what it names.
    pub(super) fn check(&mut self, record: &OpenedRecord) {
        if !record.erased.is_empty() {
            self.missing.entry(record.index).or_default().extend(&record.erased);
        }
        self.note(record);
    }

    /// Takes what one record names: also one that was committed while the verification ran.
    pub(super) fn note(&mut self, record: &OpenedRecord) {
        let Some((_, places)) = named(record) else { return };
        for (index, places) in places {
            self.named.entry(index).or_default().extend(places);
        }
    }

    /// Whether a unit named this opening.
    pub(super) fn is_named(&self, index: u64, place: usize) -> bool {
        self.named.get(&index).is_some_and(|places| places.contains(&place))
    }

    /// Whether units named what is still there: an erasure is under way, or was interrupted.
    pub(super) fn is_pending(&self) -> bool {
        let none = BTreeSet::new();
        self.named.iter().any(|(index, named)| {
            let missing = self.missing.get(index).unwrap_or(&none);
            named.difference(missing).next().is_some()
        })
    }

    /// After the last record: what is gone without a word.
    pub(super) fn finish(&self, report: &mut Report) {
        let none = BTreeSet::new();
        for (index, missing) in &self.missing {
            let named = self.named.get(index).unwrap_or(&none);
            let gone = missing.difference(named).count();
            if gone > 0 {
                report.tampered(format!(
                    "record {index}: {gone} values were taken away and no unit erased them"
                ));
            }
        }
    }
}
