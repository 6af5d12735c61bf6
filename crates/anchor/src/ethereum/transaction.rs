//! The transaction that carries a digest, signed here, and a transaction as a node shows it.

use alloy_consensus::{
    SignableTransaction, TxEip1559, TxLegacy,
    transaction::{RlpEcdsaEncodableTx, from_eip155_value},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U64, U128, U256};
use serde::{Deserialize, Serialize};

use super::account::Account;

/// What every transaction costs, in gas.
const BASE_GAS: u64 = 21_000;
/// What a byte of data costs at most, in gas (EIP-7623's floor; 16 before it).
const GAS_PER_BYTE: u64 = 40;

/// What one transaction pays per unit of gas, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fees {
    Legacy { gas_price: u128 },
    Dynamic { max_fee: u128, tip: u128 },
}

impl Fees {
    /// The most a unit of gas may cost.
    pub(super) fn most(self) -> u128 {
        match self {
            Self::Legacy { gas_price } => gas_price,
            Self::Dynamic { max_fee, .. } => max_fee,
        }
    }
}

/// A transaction that can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignedTransaction {
    /// By what the chain knows it.
    pub(super) hash: B256,
    /// As it is sent (EIP-2718).
    pub(super) raw: Vec<u8>,
}

/// A transaction of `account` to itself with `data`, without value.
#[expect(clippy::default_trait_access, reason = "an access list is of a crate we do not name")]
pub(super) fn sign(
    account: &Account,
    chain_id: u64,
    nonce: u64,
    fees: Fees,
    data: Vec<u8>,
) -> SignedTransaction {
    let gas_limit = BASE_GAS + GAS_PER_BYTE * data.len() as u64;
    let to = TxKind::Call(account.address());
    let input = Bytes::from(data);
    match fees {
        Fees::Legacy { gas_price } => signed(
            account,
            &TxLegacy { chain_id: Some(chain_id), nonce, gas_price, gas_limit, to, value: U256::ZERO, input },
        ),
        Fees::Dynamic { max_fee, tip } => signed(
            account,
            &TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: max_fee,
                max_priority_fee_per_gas: tip,
                to,
                value: U256::ZERO,
                input,
                access_list: Default::default(),
            },
        ),
    }
}

fn signed<T: SignableTransaction<Signature> + RlpEcdsaEncodableTx>(
    account: &Account,
    transaction: &T,
) -> SignedTransaction {
    let signature = account.sign(&transaction.signature_hash());
    let mut raw = Vec::new();
    transaction.eip2718_encode(&signature, &mut raw);
    SignedTransaction { hash: transaction.tx_hash(&signature), raw }
}

/// A transaction as `eth_getTransactionByHash` shows it.
///
/// Only the kinds that anchors are: legacy and EIP-1559, without an access list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShownTransaction {
    #[serde(default, rename = "type")]
    kind: Option<U64>,
    #[serde(default)]
    chain_id: Option<U64>,
    nonce: U64,
    gas: U64,
    #[serde(default)]
    gas_price: Option<U128>,
    #[serde(default)]
    max_fee_per_gas: Option<U128>,
    #[serde(default)]
    max_priority_fee_per_gas: Option<U128>,
    #[serde(default)]
    to: Option<Address>,
    value: U256,
    /// The data.
    pub(super) input: Bytes,
    #[serde(default)]
    y_parity: Option<U64>,
    #[serde(default)]
    v: Option<U256>,
    r: U256,
    s: U256,
}

impl ShownTransaction {
    /// The hash that follows from what is shown, so that a node cannot show other data under a hash; `None` for
    /// kinds that anchors never are.
    #[expect(clippy::default_trait_access, reason = "an access list is of a crate we do not name")]
    pub(super) fn hash(&self) -> Option<B256> {
        let to = self.to.map_or(TxKind::Create, TxKind::Call);
        let input = self.input.clone();
        let (nonce, gas_limit, value) = (self.nonce.to(), self.gas.to(), self.value);
        match self.kind.map_or(0, |kind| kind.to::<u64>()) {
            0 => {
                let v = self.v?.try_into().ok()?;
                let (parity, chain_id) = from_eip155_value(v)?;
                let gas_price = self.gas_price?.to();
                let transaction = TxLegacy { chain_id, nonce, gas_price, gas_limit, to, value, input };
                Some(transaction.tx_hash(&Signature::new(self.r, self.s, parity)))
            }
            2 => {
                let parity: u64 = match (self.y_parity, self.v) {
                    (Some(parity), _) => parity.to(),
                    (None, v) => v?.try_into().ok()?,
                };
                let transaction = TxEip1559 {
                    chain_id: self.chain_id?.to(),
                    nonce,
                    gas_limit,
                    max_fee_per_gas: self.max_fee_per_gas?.to(),
                    max_priority_fee_per_gas: self.max_priority_fee_per_gas?.to(),
                    to,
                    value,
                    input,
                    access_list: Default::default(),
                };
                Some(transaction.tx_hash(&Signature::new(self.r, self.s, parity == 1)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of EIP-155: its hash and its signed form.
    #[test]
    fn a_legacy_transaction_is_signed_as_eip_155_says() {
        let account: Account = "46".repeat(32).parse().unwrap();
        let transaction = TxLegacy {
            chain_id: Some(1),
            nonce: 9,
            gas_price: 20_000_000_000,
            gas_limit: 21_000,
            to: TxKind::Call(Address::repeat_byte(0x35)),
            value: U256::from(1_000_000_000_000_000_000_u64),
            input: Bytes::new(),
        };
        assert_eq!(
            transaction.signature_hash().to_string(),
            "0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"
        );
        assert_eq!(
            hex::encode(signed(&account, &transaction).raw),
            "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc\
             2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb196\
             6a3b6d83"
                .replace(' ', "")
        );
    }

    #[test]
    fn gas_covers_the_data() {
        let account: Account = "46".repeat(32).parse().unwrap();
        for fees in [Fees::Legacy { gas_price: 0 }, Fees::Dynamic { max_fee: 7, tip: 1 }] {
            let short = sign(&account, 1337, 0, fees, vec![1; 53]);
            let other = sign(&account, 1337, 1, fees, vec![1; 53]);
            assert_ne!(short.hash, other.hash);
            assert_eq!(short.raw[0] == 2, matches!(fees, Fees::Dynamic { .. }));
            assert_eq!(alloy_primitives::keccak256(&short.raw), short.hash);
        }
    }
}
