//! What must stay secret: the signing key of the ledger, and the credentials drawn at the first start.

mod account;
mod ledger;
mod private;

pub(crate) use account::{Account, settle as settle_account};
pub(crate) use ledger::{find as find_signer, settle as settle_signer, verifier_of};
