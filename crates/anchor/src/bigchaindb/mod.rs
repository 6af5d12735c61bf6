//! Checkpoints in a BigchainDB (version 2): a CREATE transaction whose asset holds the text's SHA-256.
//!
//! The transaction is built and signed here; [`transaction`] is its form. Signatures are deterministic and nothing in
//! it changes with time, so one text and one key make one transaction id: sending twice is harmless, and a restart
//! finds what it had sent without keeping anything.

mod condition;
mod transaction;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use serde::Deserialize;
use strongroom_fetch::{Answer, Fetcher, public_form};
use strongroom_kernel::ports::{Anchor, AnchorProof, PortError, PortErrorKind};
use tokio::time::Instant;

pub use condition::{base58, condition_uri};
pub use transaction::{Asset, Transaction, TransactionError, transaction_id};

use ed25519_dalek::SigningKey;

/// What BigchainDB has done with a transaction when it answers the POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Looked at it.
    Async,
    /// Checked it against its rules.
    Sync,
    /// Put it into a block.
    #[default]
    Commit,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Sync => "sync",
            Self::Commit => "commit",
        }
    }
}

/// Which BigchainDB, and how patient we are with it.
#[derive(Debug, Clone)]
pub struct BigchainDbSettings {
    /// Address of its API: `http://host:9984/api/v1`.
    pub url: String,
    /// What the answer to a POST shall mean. A proof is given only once a block has the transaction, with any.
    pub mode: Mode,
    /// Between two looks.
    pub poll: Duration,
    /// How long one call waits; the next call for the same text finds what this one has sent.
    pub patience: Duration,
}

/// Has a BigchainDB attest texts.
#[derive(Clone)]
pub struct BigchainDb {
    settings: BigchainDbSettings,
    base: String,
    provider: String,
    key: Option<SigningKey>,
    fetcher: Fetcher,
}

/// Where a transaction is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whereabouts {
    /// In a block.
    Block,
    /// Known, in no block yet.
    Waiting,
    /// Not known.
    Nowhere,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    message: String,
}

impl BigchainDb {
    /// Writes with the Ed25519 key of `seed`, or only checks without one.
    ///
    /// # Errors
    /// `Refused` when the URL is none.
    pub fn new(
        settings: BigchainDbSettings,
        seed: Option<&[u8; 32]>,
        fetcher: Fetcher,
    ) -> Result<Self, PortError> {
        let provider = public_form(&settings.url)?.trim_end_matches('/').to_owned();
        let base = settings.url.trim_end_matches('/').to_owned();
        Ok(Self { settings, base, provider, key: seed.map(SigningKey::from_bytes), fetcher })
    }

    /// Asks whether it answers as a BigchainDB.
    ///
    /// # Errors
    /// `Unavailable` when nobody answers; `Refused` when it is something else.
    pub async fn ask(&self) -> Result<(), PortError> {
        let path = format!("transactions/{}", "0".repeat(64));
        let answer = self.get(&path).await?;
        if answer.status == 404 && serde_json::from_slice::<Complaint>(&answer.body).is_ok() {
            return Ok(());
        }
        answer.success("ask BigchainDB")?;
        Err(PortError::refused("ask BigchainDB: the answer is not its"))
    }

    async fn get(&self, path: &str) -> Result<Answer, PortError> {
        self.fetcher.get(&format!("{}/{path}", self.base)).await
    }

    /// Posts the transaction; an answer that says it is there already is as good.
    async fn post(&self, transaction: &Transaction) -> Result<(), PortError> {
        let url = format!("{}/transactions?mode={}", self.base, self.settings.mode.name());
        let answer = self.fetcher.post(&url, "application/json", transaction.to_json()).await?;
        if answer.status == 400 || answer.status == 500 {
            let complaint: Option<Complaint> = serde_json::from_slice(&answer.body).ok();
            let message = complaint.map(|complaint| complaint.message).unwrap_or_default();
            let lower = message.to_lowercase();
            // what Tendermint has seen before, and what BigchainDB has
            if ["already exists", "already in cache", "duplicatetransaction"]
                .iter()
                .any(|w| lower.contains(w))
            {
                return Ok(());
            }
            if answer.status == 400 {
                let message: String = message.chars().filter(|c| !c.is_control()).take(300).collect();
                return Err(PortError::refused(format!("post to BigchainDB: it says: {message}")));
            }
        }
        answer.success("post to BigchainDB").map(drop)
    }

    /// The transaction as BigchainDB has it.
    async fn find(&self, id: &str) -> Result<Option<Transaction>, PortError> {
        let answer = self.get(&format!("transactions/{id}")).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let answer = answer.success("read from BigchainDB")?;
        serde_json::from_slice(&answer.body).map(Some).map_err(|error| {
            PortError::corrupt("read from BigchainDB: not a transaction of ours").with_source(error)
        })
    }

    async fn whereabouts(&self, id: &str) -> Result<Whereabouts, PortError> {
        let answer =
            self.get(&format!("blocks?transaction_id={id}")).await?.success("ask BigchainDB for a block")?;
        let blocks: Vec<u64> = serde_json::from_slice(&answer.body).map_err(|error| {
            PortError::unavailable("ask BigchainDB for a block: not a list of numbers").with_source(error)
        })?;
        if !blocks.is_empty() {
            return Ok(Whereabouts::Block);
        }
        let known = self.find(id).await?.is_some();
        Ok(if known { Whereabouts::Waiting } else { Whereabouts::Nowhere })
    }
}

#[async_trait]
impl Anchor for BigchainDb {
    async fn anchor(&self, text: &str) -> Result<AnchorProof, PortError> {
        let Some(key) = &self.key else {
            return Err(PortError::refused("anchor in BigchainDB: there is no key to sign with"));
        };
        let transaction = Transaction::create(key, Asset::of(text));
        let begun = Instant::now();
        let mut trouble = None;
        loop {
            let looked = async {
                match self.whereabouts(transaction.id()).await? {
                    Whereabouts::Block => return Ok(true),
                    Whereabouts::Waiting => {}
                    // what was posted asynchronously may be dropped without a word, so it is posted again
                    Whereabouts::Nowhere => self.post(&transaction).await?,
                }
                Ok(self.whereabouts(transaction.id()).await? == Whereabouts::Block)
            };
            match looked.await {
                Ok(true) => {
                    let link = format!("{}/transactions/{}", self.provider, transaction.id());
                    return Ok(AnchorProof { link, provider: Some(self.provider.clone()) });
                }
                Ok(false) => {}
                Err(PortError { kind: PortErrorKind::Unavailable, context, source }) => {
                    trouble = Some(PortError { kind: PortErrorKind::Unavailable, context, source });
                }
                Err(error) => return Err(error),
            }
            if begun.elapsed() >= self.settings.patience {
                let late = PortError::unavailable("anchor in BigchainDB: in no block in time");
                return Err(match trouble {
                    Some(trouble) => late.with_source(trouble),
                    None => late,
                });
            }
            tokio::time::sleep(self.settings.poll).await;
        }
    }

    /// Fetches the transaction, computes its id, verifies its signature, and asks for its block.
    async fn check(&self, text: &str, proof: &AnchorProof) -> Result<(), PortError> {
        if proof.provider.as_deref() != Some(&self.provider) {
            return Err(PortError::refused("check BigchainDB: the proof is of another one"));
        }
        // Only the last segment counts, so a link never leads elsewhere.
        let id = proof.link.rsplit('/').next().unwrap_or_default();
        if id.len() != 64 || !id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(PortError::corrupt("check BigchainDB: the link does not end in a transaction's id"));
        }
        let Some(transaction) = self.find(id).await? else {
            return Err(PortError::corrupt("check BigchainDB: it has no such transaction"));
        };
        transaction
            .verify(id)
            .map_err(|error| PortError::corrupt(format!("check BigchainDB: {error}")).with_source(error))?;
        if *transaction.asset() != Asset::of(text) {
            return Err(PortError::corrupt("check BigchainDB: the transaction is for another text"));
        }
        match self.whereabouts(id).await? {
            Whereabouts::Block => Ok(()),
            Whereabouts::Waiting | Whereabouts::Nowhere => {
                Err(PortError::unavailable("check BigchainDB: the transaction is in no block"))
            }
        }
    }

    fn provider(&self) -> Option<&str> {
        Some(&self.provider)
    }
}

impl fmt::Debug for BigchainDb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BigchainDb").field("provider", &self.provider).finish_non_exhaustive()
    }
}
