//! The contract `ChaimeleonTracer_V1` on Ethereum or Hyperledger Besu, read by its ABI.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U64};
use alloy_sol_types::{SolCall, SolValue as _, sol};
use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;
use strongroom_anchor::ethereum::{Rpc, RpcError};
use strongroom_fetch::{AddressPolicy, Fetcher, Limits};
use strongroom_kernel::Uuid;
use strongroom_model::{DigestHasher, Timestamp};
use strongroom_tracer::origin::Origin;

use super::{Entry, Source};

sol! {
    /// An entry as the contract returns it.
    struct TraceEntry {
        uint256 bTime;
        uint64 eTime;
        address sender;
        uint256 hash;
        string trace;
    }
    function getTracesCount() external view returns (uint256 count, uint8 code, string message);
    function getTracesSubarray(uint64 startPos, uint64 maxNumElems)
        external view returns (TraceEntry[] entries, uint8 code, string message);
}

/// Entries of one call; halved where a node finds that too much.
const PAGE: u64 = 100;
/// A page of the longest entries, in hexadecimal, with room to spare.
const LIMITS: Limits = Limits {
    connect_timeout: Duration::from_secs(10),
    total_timeout: Duration::from_mins(2),
    max_body: 64 << 20,
    redirects: 0,
};

struct Contract {
    rpc: Rpc,
    address: Address,
    chain: String,
}

/// Opens the contract at `address`.
///
/// # Errors
/// When there is no such contract, or the node does not answer.
pub(super) async fn open(url: &str, address: &str) -> Result<Source> {
    let address: Address = address.parse().context("--contract is not an address")?;
    let rpc = Rpc::new(url, Fetcher::new(LIMITS, AddressPolicy::Any)?)?;
    let id: U64 = rpc.call("eth_chainId", json!([])).await.context("ask the node for its chain")?;
    let code: Bytes =
        rpc.call("eth_getCode", json!([address, "latest"])).await.context("ask for the contract")?;
    if code.is_empty() {
        bail!("there is no contract at {address} on chain {id}");
    }
    let contract = Contract { rpc, address, chain: format!("eip155:{id}") };
    let counted = contract.call(getTracesCountCall {}).await.context("count the contract's traces")?;
    let total: u64 = counted.count.try_into().context("count the contract's traces")?;
    let (chain, name) = (contract.chain.clone(), format!("{address:#x}"));
    // only appended to, so the first `total` are the same however often they are asked for
    let pages = stream::try_unfold((contract, 0, PAGE), move |(contract, start, page)| async move {
        if start >= total {
            return Ok(None);
        }
        let (entries, page) = contract.page(start, page.min(total - start)).await?;
        let next = start + entries.len() as u64;
        Ok::<_, anyhow::Error>(Some((entries, (contract, next, page))))
    });
    let entries = pages.map_ok(|page| stream::iter(page).map(Ok)).try_flatten().boxed();
    Ok(Source { chain, contract: Some(name), total, entries })
}

impl Contract {
    async fn call<C: SolCall>(&self, call: C) -> Result<C::Return> {
        let data = Bytes::from(call.abi_encode());
        let asked = json!([{"to": self.address, "data": data}, "latest"]);
        let answer: Bytes = self.rpc.call("eth_call", asked).await?;
        Ok(C::abi_decode_returns(&answer)?)
    }

    /// Entries from `start`, at least one and at most `most`; and how many to ask for next.
    async fn page(&self, start: u64, mut most: u64) -> Result<(Vec<Entry>, u64)> {
        loop {
            let asked = getTracesSubarrayCall { startPos: start, maxNumElems: most };
            match self.call(asked).await {
                Ok(page) if page.code == 0 && !page.entries.is_empty() => {
                    if page.entries.len() as u64 > most {
                        bail!("the contract gave more traces than were asked for");
                    }
                    let entries = page.entries.into_iter().zip(start..);
                    let entries = entries.map(|(entry, position)| self.entry(entry, position)).collect();
                    return Ok((entries, most.max(PAGE / 4)));
                }
                Ok(page) => bail!("the contract gives no trace {start}: code {} {}", page.code, page.message),
                // too much gas, or too long an answer
                Err(error) if most > 1 && !is_away(&error) => most /= 2,
                Err(error) => {
                    return Err(error).with_context(|| format!("read trace {start} of the contract"));
                }
            }
        }
    }

    fn entry(&self, entry: TraceEntry, position: u64) -> Entry {
        let hash = B256::from(entry.hash);
        let seconds: i64 = entry.bTime.try_into().unwrap_or_default();
        let origin = Origin {
            chain: self.chain.clone(),
            contract: format!("{:#x}", self.address),
            position: i64::try_from(position).unwrap_or(i64::MAX),
            trace: Uuid::nil(),
            block_time: seconds.checked_mul(1_000_000).and_then(Timestamp::from_micros),
            block: None,
            sender: format!("{:#x}", entry.sender),
            hash: format!("{hash:x}"),
        };
        let same = digest_of(&entry.trace) == hash;
        let text = if same { Ok(entry.trace) } else { Err("its text is not what its hash says".to_owned()) };
        Entry { text, origin }
    }
}

/// What the contract keeps as the hash of a trace: SHA-256 of the text's ABI encoding.
fn digest_of(text: &str) -> B256 {
    let mut hasher = DigestHasher::new();
    hasher.update(&text.to_owned().abi_encode());
    B256::from(*hasher.finish().as_bytes())
}

fn is_away(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(RpcError::Transport(error))
        if error.kind == strongroom_kernel::ports::PortErrorKind::Unavailable)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;

    #[test]
    fn the_functions_have_the_selectors_of_the_original() {
        assert_eq!(getTracesCountCall::SELECTOR, [0x3a, 0x2f, 0xa8, 0x07]);
        assert_eq!(getTracesSubarrayCall::SELECTOR, [0xf6, 0xe5, 0xa9, 0xd9]);
        assert_eq!(keccak256("addTrace(uint64,string,string)")[..4], [0x55, 0x53, 0x85, 0x07]);
    }

    #[test]
    fn the_hash_is_that_of_the_abi_encoding() {
        let hash = digest_of(r#"{"a":1}"#).to_string();
        assert!(hash.starts_with("0xed53b850") && hash.ends_with("a8b15626d6f"), "{hash}");
    }
}
