//! A CREATE transaction of BigchainDB's version 2.0 whose asset is an anchor.
//!
//! Fields stand in the order of their names, since what is hashed is the JSON with sorted names and without white
//! space. First the id and the fulfillment are null and the SHA3-256 is signed; then, with the fulfillment in place
//! and the id still null, the SHA3-256 is the id.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sha3::{Digest as _, Sha3_256};

use super::condition::{base58, condition_uri, fulfillment, read_fulfillment};

/// What the asset says it is.
const KIND: &str = "strongroom/anchor/v1";
const OPERATION: &str = "CREATE";
const VERSION: &str = "2.0";
const CONDITION: &str = "ed25519-sha-256";

/// What is attested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// What it is: `strongroom/anchor/v1`.
    pub kind: String,
    /// SHA-256 of the text in hexadecimal.
    pub sha256: String,
}

/// Why a transaction does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// Its id is not that of its content.
    #[error("the transaction's id is not that of its content")]
    Id,
    /// The signature is not the owner's.
    #[error("the transaction's signature does not hold")]
    Signature,
    /// Not the one input and the one output of an anchor.
    #[error("the transaction is not an anchor's")]
    Form,
}

/// A signed transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    asset: Data,
    id: Option<String>,
    inputs: Vec<Input>,
    metadata: Option<()>,
    operation: String,
    outputs: Vec<Output>,
    version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    data: Asset,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    fulfillment: Option<String>,
    fulfills: Option<()>,
    owners_before: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    amount: String,
    condition: Condition,
    public_keys: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    details: Details,
    uri: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    public_key: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Asset {
    /// The asset that attests `text`.
    pub fn of(text: &str) -> Self {
        Self { kind: KIND.to_owned(), sha256: hex::encode(Sha256::digest(text.as_bytes())) }
    }
}

impl Transaction {
    /// The transaction that creates `asset`, owned and signed by `key`. Always the same for the same arguments.
    pub fn create(key: &SigningKey, asset: Asset) -> Self {
        let public = key.verifying_key().to_bytes();
        let mut transaction = Self::unsigned(&public, asset);
        let signature = key.sign(&transaction.digest());
        transaction.inputs[0].fulfillment = Some(fulfillment(&public, &signature.to_bytes()));
        transaction.id = Some(hex::encode(transaction.digest()));
        transaction
    }

    fn unsigned(public: &[u8; 32], asset: Asset) -> Self {
        let owner = base58(public);
        let details = Details { public_key: owner.clone(), kind: CONDITION.to_owned() };
        let condition = Condition { details, uri: condition_uri(public) };
        Self {
            asset: Data { data: asset },
            id: None,
            inputs: vec![Input { fulfillment: None, fulfills: None, owners_before: vec![owner.clone()] }],
            metadata: None,
            operation: OPERATION.to_owned(),
            outputs: vec![Output { amount: "1".to_owned(), condition, public_keys: vec![owner] }],
            version: VERSION.to_owned(),
        }
    }

    /// Its id: 64 hexadecimal digits.
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// What it attests.
    pub fn asset(&self) -> &Asset {
        &self.asset.data
    }

    /// As it is posted.
    #[expect(clippy::missing_panics_doc, reason = "texts and lists of texts are always JSON")]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and lists of texts are JSON")
    }

    fn digest(&self) -> [u8; 32] {
        Sha3_256::digest(self.to_json()).into()
    }

    /// Whether it is what [`Transaction::create`] makes with some key, and has this id.
    ///
    /// # Errors
    /// [`TransactionError`], the first that is found.
    pub fn verify(&self, id: &str) -> Result<(), TransactionError> {
        let [Input { fulfillment: Some(text), .. }] = self.inputs.as_slice() else {
            return Err(TransactionError::Form);
        };
        let (public, signature) = read_fulfillment(text).ok_or(TransactionError::Form)?;
        let unsigned = Self::unsigned(&public, self.asset.data.clone());
        let mut expected = unsigned.clone();
        expected.inputs[0].fulfillment = Some(text.clone());
        let computed = hex::encode(expected.digest());
        expected.id = Some(computed.clone());
        if computed != id {
            return Err(TransactionError::Id);
        }
        if *self != expected {
            return Err(TransactionError::Form);
        }
        let key = VerifyingKey::from_bytes(&public).map_err(|_| TransactionError::Signature)?;
        key.verify_strict(&unsigned.digest(), &Signature::from_bytes(&signature))
            .map_err(|_| TransactionError::Signature)
    }
}

/// The id that follows from a transaction's content, whatever its kind; `None` when it is no object.
pub fn transaction_id(transaction: &serde_json::Value) -> Option<String> {
    let mut content = transaction.clone();
    // names come out sorted, and without white space
    content.as_object_mut()?.insert("id".to_owned(), serde_json::Value::Null);
    Some(hex::encode(Sha3_256::digest(content.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction() -> Transaction {
        Transaction::create(&SigningKey::from_bytes(&[7; 32]), Asset::of("a text"))
    }

    #[test]
    fn the_same_text_and_key_make_the_same_transaction() {
        let made = transaction();
        assert_eq!(made, transaction());
        assert_ne!(
            made.id(),
            Transaction::create(&SigningKey::from_bytes(&[8; 32]), Asset::of("a text")).id()
        );
        made.verify(made.id()).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&made.to_json()).unwrap();
        assert_eq!(json["inputs"][0]["fulfills"], serde_json::Value::Null);
        let sorted = serde_json::to_vec(&json).unwrap();
        assert_eq!(sorted, made.to_json(), "names are sorted");
        assert_eq!(transaction_id(&json).as_deref(), Some(made.id()));
    }

    #[test]
    fn a_changed_transaction_does_not_hold() {
        let good = transaction();
        let id = good.id().to_owned();
        assert_eq!(good.verify(&"0".repeat(64)), Err(TransactionError::Id));
        let mut other = good.clone();
        other.asset.data = Asset::of("another text");
        assert_eq!(other.verify(&id), Err(TransactionError::Id));
        let mut other = good.clone();
        other.outputs[0].amount = "2".to_owned();
        assert_eq!(other.verify(&id), Err(TransactionError::Form));
        // somebody who puts another text under our key and makes an id that fits
        let mut other = good;
        other.asset.data = Asset::of("another text");
        other.id = None;
        let fitting = hex::encode(other.digest());
        other.id = Some(fitting.clone());
        assert_eq!(other.verify(&fitting), Err(TransactionError::Signature));
    }
}
