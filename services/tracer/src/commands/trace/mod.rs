//! Traces.

mod add;
mod fetch;
mod import;

pub use fetch::{NotFetched, fetch};
pub use add::{AddTrace, NewTrace, add};
pub use import::{Imported, import};
