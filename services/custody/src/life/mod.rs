//! The life of an object, a subject or a caller: the leaves that tell of it, in order.
//!
//! [`seen`] is one leaf in words, [`filter`] which are wanted, [`mod@page`] finds them in a database (the program's
//! commands use it too), [`question`] is what an auditor asks, [`http`] answers him.

mod filter;
pub(crate) mod http;
mod page;
pub(crate) mod question;
mod seen;

pub use filter::{Filter, FilterError};
pub use page::{About, Page, PageRequest, page, range_of};
pub use seen::{Seen, SeenCaller, SeenRow, SeenSubject};
