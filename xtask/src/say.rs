//! Where the chores talk: progress on standard error, results on standard output.
//!
//! Both go through here, so that a closed pipe ends no chore half way and the print lints stay on elsewhere.

use std::io::Write;

/// Writes one line of progress to standard error.
pub fn progress(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "xtask: {}", line.as_ref());
}

/// Writes one line of result to standard output.
pub fn result(line: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout(), "{}", line.as_ref());
}
