//! JSON as the original reads and writes it: Python's `json` module, with its liberties and its limits.
//!
//! For bodies that fit in memory; the upload of raw files has a streaming reader, [`super::upload`]. The byte encoding
//! is settled before ([`super::encoding`]).

mod parse;
mod value;
mod write;

pub use parse::parse;
pub(in crate::wire) use parse::simple_escape;
pub use value::{Object, Value};
pub use write::{JsonText, NotWritable, push_text};

/// Nesting accepted: one level more and the body is refused as unparsable.
pub const DEEPEST: usize = 999;

/// Digits accepted in an integer: one more and the body is refused as unparsable.
pub const LONGEST_INTEGER: usize = 4300;
