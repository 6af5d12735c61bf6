//! JSON-RPC 2.0 over HTTP, one call per request (`ethereum.org/developers/docs/apis/json-rpc`).

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use strongroom_fetch::{Fetcher, public_form};
use strongroom_kernel::ports::{PortError, PortErrorKind};

/// How much of a node's own words is kept.
const LONGEST_MESSAGE: usize = 300;

/// Why a call gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// No answer came.
    #[error(transparent)]
    Transport(#[from] PortError),
    /// The node declined.
    #[error("the node says: {message} ({code})")]
    Node {
        /// Its number.
        code: i64,
        /// Its words, shortened to 300 characters and without control characters.
        message: String,
    },
    /// Not what the method returns.
    #[error("the node's answer cannot be read")]
    Malformed(#[source] serde_json::Error),
}

impl From<RpcError> for PortError {
    /// A node's refusal is `Refused`, save for a rate limit; an answer that cannot be read may be a proxy's.
    fn from(error: RpcError) -> Self {
        let kind = match &error {
            RpcError::Transport(_) | RpcError::Malformed(_) | RpcError::Node { code: -32005 | 429, .. } => {
                PortErrorKind::Unavailable
            }
            RpcError::Node { .. } => PortErrorKind::Refused,
        };
        match error {
            RpcError::Transport(error) => error,
            other => PortError::new(kind, format!("ask the node: {other}")).with_source(other),
        }
    }
}

/// A node that answers JSON-RPC.
#[derive(Clone)]
pub struct Rpc {
    url: String,
    fetcher: Fetcher,
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(default, borrow)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<NodeError>,
}

#[derive(Deserialize)]
struct NodeError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

impl Rpc {
    /// The node at `url`, asked through `fetcher`, whose limits bound each call.
    ///
    /// # Errors
    /// `Refused` when the URL is none.
    pub fn new(url: &str, fetcher: Fetcher) -> Result<Self, PortError> {
        public_form(url)?;
        Ok(Self { url: url.to_owned(), fetcher })
    }

    /// Calls `method` with `params`, an array.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn call<T: DeserializeOwned>(&self, method: &str, params: Value) -> Result<T, RpcError> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let answer = self.fetcher.post(&self.url, "application/json", request).await?;
        // Besu says what it dislikes with status 400, so a body that can be read counts more than the status.
        match read_reply(&answer.body) {
            Ok(Some(result)) => serde_json::from_str(result.get()).map_err(RpcError::Malformed),
            Ok(None) => {
                answer.clone().success("ask the node")?;
                serde_json::from_str("null").map_err(RpcError::Malformed)
            }
            Err(RpcError::Malformed(error)) => {
                answer.clone().success("ask the node")?;
                Err(RpcError::Malformed(error))
            }
            Err(error) => Err(error),
        }
    }
}

/// What the body of a reply has as its result, as JSON; `None` where it has none, or `null`.
///
/// # Errors
/// [`RpcError::Node`] when it says why there is none, [`RpcError::Malformed`] when it is no reply.
pub fn read_reply(body: &[u8]) -> Result<Option<&RawValue>, RpcError> {
    let reply: Reply<'_> = serde_json::from_slice(body).map_err(RpcError::Malformed)?;
    match reply.error {
        Some(NodeError { code, message }) => Err(RpcError::Node { code, message: shortened(&message) }),
        None => Ok(reply.result),
    }
}

fn shortened(message: &str) -> String {
    message.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect()
}

impl std::fmt::Debug for Rpc {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Rpc").field("url", &public_form(&self.url).ok()).finish_non_exhaustive()
    }
}
