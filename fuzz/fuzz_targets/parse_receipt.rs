//! Receipts of shared ledgers: refused, or all parts of them fit; a key that signed nothing makes none hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_kernel::shared::SharedReceipt;
use strongroom_ledger::Signer;

fuzz_target!(|bytes: &[u8]| {
    let name = "shared.example/a".parse().expect("a key name");
    assert!(SharedReceipt::verify(bytes, &Signer::from_seed(name, &[3; 32]).verifier()).is_err());
});
