//! Anchors on a chain, against a real development node (`STRONGROOM_TEST_ANVIL` names the program).
//!
//! Each test starts a node of its own and decides when it makes blocks, so nothing depends on time.

mod contract;
mod flight;
mod node;
mod trouble;
