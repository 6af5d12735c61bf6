//! The ledger at run time: leaves go into the tree, full tiles to their store, checkpoints to the world.
//!
//! Order of writes: leaves are durable in the database before they reach [`LedgerView::append`]; tiles and
//! checkpoint derive from them, so a crash at any line here loses nothing that [`mod@restore`] does not make
//! again. Pure functions (hashes, tiles, proofs) live in `strongroom-ledger`.

mod cosign;
mod derive;
mod forward;
mod past;
mod publish;
mod receipt;
mod restore;
pub mod shared;
mod view;

pub use cosign::{WitnessPart, WitnessState};
pub use forward::{ForwardPart, ForwardState, KeptReceipt};
pub use past::Probed;
pub use publish::Published;
pub use receipt::Receipt;
pub use view::{LedgerView, ProofError};

pub(crate) use cosign::{COSIGNED, run as ask_witnesses};
pub(crate) use publish::publish_checkpoints;
pub(crate) use restore::restore;
