//! Where imported traces come from: the chain, and the place in it that can be looked up there.

use strongroom_kernel::Uuid;
use strongroom_model::Timestamp;

strongroom_kernel::table! {
    /// A trace as a chain of the original has it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Origin in "tracer_origin" {
        /// The chain: `eip155:<id>`, or the address of a BigchainDB.
        pub chain: String,
        /// The contract's address, or the transaction's id.
        pub contract: String,
        /// Position in the contract, from 0; always 0 for a transaction.
        pub position: i64,
        /// The trace here. Two origins may have one: the original wrote to several chains.
        pub trace: Uuid,
        /// Time of the block, by whoever made it; absent where the chain tells none.
        pub block_time: Option<Timestamp>,
        /// Number of the block, where the chain tells one.
        pub block: Option<i64>,
        /// The account, or the key, that wrote it: a service's, not a person's.
        pub sender: String,
        /// The chain's own digest of it in hexadecimal.
        pub hash: String,
    }
    key ["chain", "contract", "position"]
}
