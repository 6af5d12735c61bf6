//! Benchmarks of the ledger's hot operations.
fn main() {}
