//! How far long work is: verification, rebuilding, erasure.

/// Hears how far long work is.
pub trait Progress: Send + Sync {
    /// A stage begins that has `total` steps.
    fn begin(&self, stage: &'static str, total: u64);
    /// So many more steps are done.
    fn advance(&self, by: u64);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &'static str, _: u64) {}
    fn advance(&self, _: u64) {}
}
