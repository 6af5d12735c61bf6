//! The real binary on real ports: what operators and clients see, and what a kill or a tampering hand finds.
//!
//! Everything below it is tested where it lives; here nothing is called but the program.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![expect(clippy::print_stdout, reason = "tests say what they skip, and from which seed they draw")]

mod busy;
mod chains;
mod commands;
mod custody;
mod end_to_end;
mod erase;
mod identity;
mod import;
mod judged;
mod kill;
mod openkat;
mod outside;
mod scaled_out;
mod sealed;
mod shared;
mod support;
mod tamper;
mod tracer;
mod witness;
