//! The canonical record of a unit: what a leaf commits to, for ever.
//!
//! `docs/reference/records-and-proofs.md` says the same for readers in other languages; the vectors in
//! `fixtures/record/` hold both to it. [`canonical`] writes JSON as RFC 8785 wants it, [`mod@seal`] puts
//! commitments in place of personal values, [`mod@open`] reads a record back into operations.

mod canonical;
mod open;
mod personal;
mod seal;

pub use open::{OpenedOperation, OpenedRecord, open, plain};
pub use personal::{Personal, PersonalPlace, personal, without};
pub use seal::seal;

use strongroom_ledger::{Hash, Leaf, ServiceName};
use strongroom_model::Timestamp;

/// Version of the record's form, its member `v`.
pub const VERSION: i64 = 1;

/// The leaf of a record: version, log time, service and commitment.
///
/// # Panics
/// When `service` is not 1 to 32 characters of `a-z`, `0-9`, `-`: services are named in the source.
pub fn encode_leaf(time: Timestamp, service: &str, commitment: &[u8; 32]) -> Vec<u8> {
    let service: ServiceName =
        service.parse().expect("services are named in the source, within the leaf's rules");
    Leaf { time_micros: time.micros(), service, commitment: Hash::new(*commitment) }.encode()
}
