//! Results on standard output, failures on standard error.
//!
//! Nothing here panics when the reader has gone.

use std::{
    fmt::Arguments,
    io::{self, Write as _},
};

/// Writes one line of results.
pub(crate) fn line(text: Arguments<'_>) {
    let mut out = io::stdout().lock();
    // a reader that left wants no more lines
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Says why a command failed, with everything behind it.
pub(crate) fn fail(error: &anyhow::Error) {
    let _ = writeln!(io::stderr().lock(), "strongroom: {error:#}");
}

/// Writes one line of results.
macro_rules! say {
    ($($arg:tt)*) => { $crate::output::line(format_args!($($arg)*)) };
}

pub(crate) use say;
