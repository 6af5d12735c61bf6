//! The questions asked of a node, by the methods every node has.

use alloy_primitives::{Address, B256, U64, U128, U256};
use serde::Deserialize;
use serde_json::json;
use strongroom_kernel::ports::PortError;

use super::{
    rpc::{Rpc, RpcError},
    transaction::ShownTransaction,
};

/// A node, asked in our words.
#[derive(Debug, Clone)]
pub(super) struct Chain(Rpc);

/// Where a transaction lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Receipt {
    transaction_hash: B256,
    block_hash: B256,
    block_number: U64,
}

/// What we need of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Block {
    hash: B256,
    number: U64,
    timestamp: U64,
    #[serde(default)]
    base_fee_per_gas: Option<U256>,
}

/// A transaction in a block that has its confirmations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Confirmed {
    /// The transaction.
    pub(super) transaction: B256,
    /// Its block.
    pub(super) block: B256,
    /// Number of the block.
    pub(super) number: u64,
    /// Time of the block in seconds since 1970.
    pub(super) time: u64,
}

/// How far a transaction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// In no block.
    Absent,
    /// In a block, with too few on it, or while blocks are being exchanged.
    Young,
    /// In a block, with enough on it.
    Deep(Confirmed),
}

impl Block {
    /// The fee that is burnt per unit of gas, where there is one.
    pub(super) fn base_fee(&self) -> Option<u128> {
        self.base_fee_per_gas.map(|fee| fee.saturating_to())
    }
}

impl Chain {
    /// Asks `rpc`.
    pub(super) fn new(rpc: Rpc) -> Self {
        Self(rpc)
    }

    pub(super) async fn id(&self) -> Result<u64, PortError> {
        let id: U256 = self.0.call("eth_chainId", json!([])).await?;
        Ok(id.saturating_to())
    }

    /// What an account has, in wei.
    pub(super) async fn balance(&self, account: Address) -> Result<u128, PortError> {
        let balance: U256 = self.0.call("eth_getBalance", json!([account, "latest"])).await?;
        Ok(balance.saturating_to())
    }

    /// Number of the newest block.
    pub(super) async fn height(&self) -> Result<u64, PortError> {
        let height: U64 = self.0.call("eth_blockNumber", json!([])).await?;
        Ok(height.to())
    }

    /// The newest block.
    pub(super) async fn head(&self) -> Result<Block, PortError> {
        Ok(self.0.call("eth_getBlockByNumber", json!(["latest", false])).await?)
    }

    /// The next nonce of `account` by the newest block.
    pub(super) async fn next_nonce(&self, account: Address) -> Result<u64, PortError> {
        self.nonce_at(account, "latest").await
    }

    /// The next nonce of `account`, waiting transactions counted as far as the node counts them.
    pub(super) async fn next_free_nonce(&self, account: Address) -> Result<u64, PortError> {
        self.nonce_at(account, "pending").await
    }

    /// The next nonce of `account` when block `number` was the newest.
    pub(super) async fn next_nonce_at(&self, account: Address, number: u64) -> Result<u64, PortError> {
        self.nonce_at(account, &format!("{number:#x}")).await
    }

    async fn nonce_at(&self, account: Address, block: &str) -> Result<u64, PortError> {
        let count: U64 = self.0.call("eth_getTransactionCount", json!([account, block])).await?;
        Ok(count.to())
    }

    /// What a unit of gas costs by legacy transactions, in wei.
    pub(super) async fn gas_price(&self) -> Result<u128, PortError> {
        let price: U128 = self.0.call("eth_gasPrice", json!([])).await?;
        Ok(price.to())
    }

    /// What the node would like on top of the base fee, in wei.
    pub(super) async fn tip(&self) -> Result<u128, RpcError> {
        let tip: U128 = self.0.call("eth_maxPriorityFeePerGas", json!([])).await?;
        Ok(tip.to())
    }

    /// Hands a signed transaction to the node.
    pub(super) async fn send(&self, raw: &[u8]) -> Result<(), RpcError> {
        let raw = format!("0x{}", hex::encode(raw));
        self.0.call::<B256>("eth_sendRawTransaction", json!([raw])).await?;
        Ok(())
    }

    /// A transaction, waiting or in a block.
    pub(super) async fn transaction(&self, hash: &B256) -> Result<Option<ShownTransaction>, PortError> {
        Ok(self.0.call("eth_getTransactionByHash", json!([hash])).await?)
    }

    /// How far the transaction has come, seen from block `height`, when `confirmations` blocks are enough.
    pub(super) async fn progress(
        &self,
        hash: &B256,
        height: u64,
        confirmations: u64,
    ) -> Result<Progress, PortError> {
        let receipt: Option<Receipt> = self.0.call("eth_getTransactionReceipt", json!([hash])).await?;
        let Some(receipt) = receipt.filter(|receipt| receipt.transaction_hash == *hash) else {
            return Ok(Progress::Absent);
        };
        let number: u64 = receipt.block_number.to();
        if height.saturating_add(1).saturating_sub(number) < confirmations {
            return Ok(Progress::Young);
        }
        // a receipt may be of a block that others have taken the place of meanwhile
        let block: Option<Block> =
            self.0.call("eth_getBlockByNumber", json!([format!("{number:#x}"), false])).await?;
        Ok(match block {
            Some(block) if block.hash == receipt.block_hash && block.number == receipt.block_number => {
                Progress::Deep(Confirmed {
                    transaction: *hash,
                    block: block.hash,
                    number,
                    time: block.timestamp.to(),
                })
            }
            _ => Progress::Young,
        })
    }
}
