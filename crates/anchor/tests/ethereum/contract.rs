//! The suite of the port: with a base fee, and where gas is free.

mod dynamic {
    use crate::ethereum::contract::Held;

    strongroom_contract::anchor_tests!(make);

    async fn make() -> Option<Held> {
        Held::start(&[], None).await
    }
}

mod free_gas {
    use crate::ethereum::contract::Held;

    strongroom_contract::anchor_tests!(make);

    async fn make() -> Option<Held> {
        Held::start(&["--gas-price", "0", "--base-fee", "0"], Some(0)).await
    }
}

use async_trait::async_trait;
use strongroom_anchor::Ethereum;
use strongroom_kernel::ports::{Anchor, AnchorProof, PortError};

use super::node::{Node, rich};

/// An anchor with the node it stands on.
#[derive(Debug)]
struct Held {
    anchor: Ethereum,
    _node: Kept,
}

struct Kept(#[expect(dead_code, reason = "it is dropped with the anchor")] Node);

impl std::fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("node")
    }
}

impl Held {
    async fn start(arguments: &[&str], gas_price: Option<u128>) -> Option<Self> {
        let node = Node::start(arguments).await?;
        let mut settings = node.settings();
        settings.fees.gas_price = gas_price;
        let anchor = node.anchor_with(settings, rich());
        Some(Self { anchor, _node: Kept(node) })
    }
}

#[async_trait]
impl Anchor for Held {
    async fn anchor(&self, text: &str) -> Result<AnchorProof, PortError> {
        self.anchor.anchor(text).await
    }

    async fn check(&self, text: &str, proof: &AnchorProof) -> Result<(), PortError> {
        self.anchor.check(text, proof).await
    }

    fn provider(&self) -> Option<&str> {
        self.anchor.provider()
    }
}
