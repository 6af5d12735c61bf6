//! What nodes of chains answer: refused, or read to the same thing again; transactions never verify by chance.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_anchor::{
    bigchaindb::{Transaction, transaction_id},
    ethereum::{RpcError, read_reply},
};

fuzz_target!(|body: &[u8]| {
    match read_reply(body) {
        Ok(Some(result)) => {
            // well formed, though a number in it may be larger than any we can hold
            let _ = serde_json::from_str::<serde_json::Value>(result.get());
        }
        Ok(None) | Err(RpcError::Malformed(_)) => {}
        Err(RpcError::Node { message, .. }) => {
            assert!(message.chars().count() <= 300 && !message.chars().any(char::is_control));
        }
        Err(other) => panic!("{other}"),
    }
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        let _ = transaction_id(&json);
    }
    if let Ok(transaction) = serde_json::from_slice::<Transaction>(body) {
        let id = transaction.id().to_owned();
        if transaction.verify(&id).is_ok() {
            let again: Transaction = serde_json::from_slice(&transaction.to_json()).unwrap();
            assert_eq!(again, transaction);
        }
    }
});
