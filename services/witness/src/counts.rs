//! What was done and refused, for the metrics page.

use std::sync::atomic::{AtomicU64, Ordering};

/// Name without prefix, help and value of each figure of a metrics page.
pub type Figures = Vec<(&'static str, &'static str, f64)>;

/// Counters since the process began.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) cosigned: AtomicU64,
    pub(crate) conflicts: AtomicU64,
    pub(crate) behind: AtomicU64,
    pub(crate) contradictions: AtomicU64,
    pub(crate) unproven: AtomicU64,
    pub(crate) unproven_entries: AtomicU64,
    pub(crate) unknown: AtomicU64,
    pub(crate) forged: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counts {
    pub(crate) fn figures(&self) -> Figures {
        let rows = [
            ("witness_cosigned", "Checkpoints cosigned since the start", &self.cosigned),
            (
                "witness_conflicts",
                "Requests since the start that began at another size than the latest cosigned one",
                &self.conflicts,
            ),
            (
                "witness_behind",
                "Signed checkpoints since the start that are smaller than the latest cosigned one",
                &self.behind,
            ),
            (
                "witness_contradictions",
                "Signed checkpoints since the start that prove a log to show two histories",
                &self.contradictions,
            ),
            (
                "witness_unproven",
                "Signed checkpoints since the start without a proof that they continue the latest one",
                &self.unproven,
            ),
            ("witness_unknown_logs", "Requests since the start of logs that are not known", &self.unknown),
            (
                "witness_bad_signatures",
                "Requests since the start without a good signature of their log",
                &self.forged,
            ),
        ];
        rows.into_iter()
            .map(|(name, help, count)| (name, help, figure(count.load(Ordering::Relaxed))))
            .collect()
    }
}

/// A count as metrics have it.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53, and metrics are floats")]
pub(crate) fn figure(count: u64) -> f64 {
    count as f64
}
