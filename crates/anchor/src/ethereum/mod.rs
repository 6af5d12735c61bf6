//! Checkpoints on an Ethereum chain (Ethereum, Hyperledger Besu, any node that speaks `eth_…` by JSON-RPC).
//!
//! A text is anchored by a transaction of our own account to itself, without value, whose data is a label and the
//! text's SHA-256. It is signed here; the node never has the key. [`book`] makes each transaction durable before it
//! is sent, [`rounds`] brings all that are under way into blocks, [`check`] verifies a proof given earlier,
//! [`transaction`] and [`fees`] say what is sent, [`rpc`] and [`chain`] how a node is asked, [`refusal`] what its
//! refusals mean. The proof is a [`Link`].

mod account;
mod book;
mod chain;
mod check;
mod fees;
mod link;
mod refusal;
mod rounds;
mod rpc;
mod transaction;

use std::{fmt, path::PathBuf, time::Duration};

use alloy_primitives::B256;
use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use strongroom_fetch::Fetcher;
use strongroom_kernel::ports::{Anchor, AnchorProof, PortError, PortErrorKind};
use tokio::{sync::Mutex, time::Instant};

pub use account::{Account, KeyError};
pub use fees::{FeeKind, FeePolicy};
pub use link::{Link, LinkError};
pub use rpc::{Rpc, RpcError, read_reply};

use chain::Chain;
use rounds::Desk;

/// What the data of a transaction begins with; the SHA-256 of the text follows.
pub const LABEL: &[u8; 21] = b"strongroom/anchor/v1\n";

/// Which chain, and how patient we are with it.
#[derive(Debug, Clone)]
pub struct EthereumSettings {
    /// Address of a node's JSON-RPC, `http` or `https`.
    pub url: String,
    /// The chain's id (EIP-155); a node of another chain is refused.
    pub chain_id: u64,
    /// In how many blocks a transaction must lie, its own counted, before it is a proof; at least 1.
    pub confirmations: u64,
    /// Between two looks at the chain.
    pub poll: Duration,
    /// How long a transaction may wait for a block before it is replaced by one that pays more.
    pub stuck_after: Duration,
    /// How long one call waits; what is under way by then goes on, and the next call for the same text finds it.
    pub patience: Duration,
    /// What is paid.
    pub fees: FeePolicy,
}

/// Who writes, and where he notes what he has sent.
#[derive(Debug, Clone)]
pub struct Writing {
    /// The account that signs and pays. Nobody else may use it.
    pub account: Account,
    /// The file with the book of transactions, in a folder that exists; made if absent.
    pub book: PathBuf,
}

/// Has a chain attest texts.
///
/// Two calls for one text give one proof, however much time, and however many restarts, are between them: a
/// transaction that was sent once is found again. Dropping a call is safe at any moment.
pub struct Ethereum {
    settings: EthereumSettings,
    provider: String,
    chain: Chain,
    writing: Option<Writing>,
    desk: Mutex<Desk>,
}

impl Ethereum {
    /// Checks proofs only.
    ///
    /// # Errors
    /// `Refused` when the URL is none, or no confirmation is asked for.
    pub fn reader(settings: EthereumSettings, fetcher: Fetcher) -> Result<Self, PortError> {
        Self::new(settings, None, fetcher)
    }

    /// Writes as `writing` says, and checks.
    ///
    /// # Errors
    /// As [`Ethereum::reader`].
    pub fn writer(settings: EthereumSettings, writing: Writing, fetcher: Fetcher) -> Result<Self, PortError> {
        Self::new(settings, Some(writing), fetcher)
    }

    fn new(
        settings: EthereumSettings,
        writing: Option<Writing>,
        fetcher: Fetcher,
    ) -> Result<Self, PortError> {
        if settings.confirmations == 0 {
            return Err(PortError::refused("set up the chain: at least one confirmation is needed"));
        }
        let chain = Chain::new(Rpc::new(&settings.url, fetcher)?);
        let provider = format!("eip155:{}", settings.chain_id);
        Ok(Self { settings, provider, chain, writing, desk: Mutex::default() })
    }

    /// Asks the node for its chain, and for what our account has, in wei; `None` without an account.
    ///
    /// # Errors
    /// `Refused` when it is of another chain; `Unavailable` when it does not answer.
    pub async fn ask(&self) -> Result<Option<u128>, PortError> {
        self.same_chain().await?;
        let Some(writing) = &self.writing else { return Ok(None) };
        Ok(Some(self.chain.balance(writing.account.address()).await?))
    }

    async fn same_chain(&self) -> Result<(), PortError> {
        let (found, wanted) = (self.chain.id().await?, self.settings.chain_id);
        if found == wanted {
            return Ok(());
        }
        Err(PortError::refused(format!("ask the node: it is of chain {found}, configured is {wanted}")))
    }
}

/// The digest that stands for `text` in a transaction.
fn digest_of(text: &str) -> B256 {
    B256::from_slice(&Sha256::digest(text.as_bytes()))
}

/// The data of the transaction for a text with this digest.
fn data_of(digest: &B256) -> Vec<u8> {
    [LABEL.as_slice(), digest.as_slice()].concat()
}

#[async_trait]
impl Anchor for Ethereum {
    /// Waits until the transaction has its confirmations; see [`EthereumSettings::patience`].
    async fn anchor(&self, text: &str) -> Result<AnchorProof, PortError> {
        let Some(writing) = &self.writing else {
            return Err(PortError::refused("anchor on the chain: there is no account to write with"));
        };
        let (digest, begun) = (digest_of(text), Instant::now());
        let mut trouble = None;
        let mut first = true;
        loop {
            match self.work(writing, digest, std::mem::take(&mut first)).await {
                Ok(Some(link)) => {
                    return Ok(AnchorProof { link, provider: Some(self.provider.clone()) });
                }
                Ok(None) => {}
                Err(error) if error.kind == PortErrorKind::Unavailable => trouble = Some(error),
                Err(error) => return Err(error),
            }
            if begun.elapsed() >= self.settings.patience {
                let late = PortError::unavailable(
                    "anchor on the chain: not confirmed in time; it stays under way and is found again",
                );
                return Err(match trouble {
                    Some(trouble) => late.with_source(trouble),
                    None => late,
                });
            }
            tokio::time::sleep(self.settings.poll).await;
        }
    }

    /// Asks the chain; `Unavailable` while the transaction has fewer confirmations than configured.
    async fn check(&self, text: &str, proof: &AnchorProof) -> Result<(), PortError> {
        if proof.provider.as_deref() != Some(&self.provider) {
            return Err(PortError::refused("check the chain: the proof is of another one"));
        }
        self.verify(digest_of(text), &proof.link).await
    }

    fn provider(&self) -> Option<&str> {
        Some(&self.provider)
    }
}

impl fmt::Debug for Ethereum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ethereum").field("provider", &self.provider).finish_non_exhaustive()
    }
}
