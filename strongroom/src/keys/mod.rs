//! What must stay secret: the signing key of the ledger, and the credentials drawn at the first start.

mod account;
mod chains;
mod cosigner;
mod ledger;
mod private;

pub(crate) use account::{Account, settle as settle_account};
pub(crate) use chains::chain_key;
pub(crate) use cosigner::{CosignerKey, settle as settle_cosigner};
pub(crate) use ledger::{find as find_signer, settle as settle_signer, verifier_of};
