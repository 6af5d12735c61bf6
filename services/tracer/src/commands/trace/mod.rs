//! Traces.

mod add;
mod fetch;
mod import;

pub use add::{AddTrace, NewTrace, add};
pub use fetch::{NotFetched, fetch};
pub use import::{Imported, import};
