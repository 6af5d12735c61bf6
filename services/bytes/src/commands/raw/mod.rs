//! Raw files: receive what a job produced, save it, read it back.

mod receive;
mod save;
mod upload;

pub use receive::{Received, ReceivedFile, Receiver};
pub use save::{NewBody, NewFile, Outcome, SaveRaw, Saved, boefje_meta_not_found, save, tag_set};
pub use upload::{Job, find_job, upload};
