//! Outsiders who attest that a text existed at a time: the adapters of the kernel's
//! [`Anchor`](strongroom_kernel::ports::Anchor).
//!
//! [`ethereum`] writes to a chain (feature `ethereum`), [`bigchaindb`] to a BigchainDB; [`rfc3161`] asks a time-stamp
//! authority and verifies what it signed; [`pastebin`] publishes the text; [`in_memory`] attests nothing and only has
//! the form. When an anchor is made, and what becomes of it when the outsider is away, is the kernel's business.

pub mod bigchaindb;
#[cfg(feature = "ethereum")]
pub mod ethereum;
pub mod in_memory;
pub mod pastebin;
pub mod rfc3161;

pub use bigchaindb::BigchainDb;
#[cfg(feature = "ethereum")]
pub use ethereum::Ethereum;
pub use in_memory::InMemory;
pub use pastebin::Pastebin;
pub use rfc3161::Rfc3161;
