//! Traces.

mod add;
mod import;

pub use add::{AddTrace, NewTrace, add};
pub use import::{Imported, import};
