//! Traces that are assets of a BigchainDB.
//!
//! Its API lists nothing: assets are found by words in them, so every name of every action is searched for, and each
//! transaction found is fetched and believed only if its id is that of its content.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::Value;
use strongroom_anchor::bigchaindb::transaction_id;
use strongroom_fetch::{AddressPolicy, Fetcher, Limits, public_form};
use strongroom_kernel::Uuid;
use strongroom_tracer::{origin::Origin, wire::action::UserAction};

use super::{Entry, Source};

/// All assets with one word come in one answer.
const LIMITS: Limits = Limits {
    connect_timeout: Duration::from_secs(10),
    total_timeout: Duration::from_mins(10),
    max_body: 1 << 30,
    redirects: 3,
};
/// Transactions asked for at one time.
const ABREAST: usize = 8;

#[derive(Deserialize)]
struct Asset {
    id: String,
    #[serde(default)]
    data: Value,
}

#[derive(Clone)]
struct Api {
    base: String,
    chain: String,
    fetcher: Fetcher,
}

/// Finds the traces of the BigchainDB at `url`.
///
/// # Errors
/// When it does not answer.
pub(super) async fn open(url: &str) -> Result<Source> {
    let chain = public_form(url)?.trim_end_matches('/').to_owned();
    let fetcher = Fetcher::new(LIMITS, AddressPolicy::Any)?;
    let api = Api { base: url.trim_end_matches('/').to_owned(), chain: chain.clone(), fetcher };
    let mut found = BTreeMap::new();
    for name in UserAction::ALL.iter().flat_map(|action| action.names()) {
        // in quotes it is one phrase, which no other word of an asset matches
        let path = format!("assets?search=%22{name}%22");
        let assets: Vec<Asset> =
            serde_json::from_value(api.get(&path).await?).context("read the list of assets")?;
        for asset in assets {
            if asset.data.get("userAction").is_some_and(Value::is_string) {
                found.insert(order(&asset), asset.id);
            }
        }
    }
    let total = found.len() as u64;
    let entries = stream::iter(found.into_values());
    let entries = entries.map(move |id| {
        let api = api.clone();
        async move { api.entry(&id).await.with_context(|| format!("read transaction {id}")) }
    });
    Ok(Source { chain, contract: None, total, entries: entries.buffered(ABREAST).boxed() })
}

/// By the time they claim; those of one time, and those without, by their ids.
fn order(asset: &Asset) -> (i64, String) {
    let time = asset.data.get("timestamp").or_else(|| asset.data.get("id"));
    let time = time.and_then(|time| time.as_i64().or_else(|| time.as_str()?.parse().ok()));
    (time.unwrap_or_default(), asset.id.clone())
}

impl Api {
    async fn get(&self, path: &str) -> Result<Value> {
        let answer = self.fetcher.get(&format!("{}/{path}", self.base)).await?.success("ask BigchainDB")?;
        serde_json::from_slice(&answer.body).context("read BigchainDB's answer")
    }

    async fn entry(&self, id: &str) -> Result<Entry> {
        if id.len() != 64 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            bail!("not a transaction's id");
        }
        let transaction = self.get(&format!("transactions/{id}")).await?;
        let blocks = self.get(&format!("blocks?transaction_id={id}")).await?;
        let owner = &transaction["inputs"][0]["owners_before"][0];
        let origin = Origin {
            chain: self.chain.clone(),
            contract: id.to_owned(),
            position: 0,
            trace: Uuid::nil(),
            block_time: None,
            block: blocks[0].as_i64(),
            sender: owner.as_str().unwrap_or_default().to_owned(),
            hash: id.to_owned(),
        };
        let same = transaction_id(&transaction).as_deref() == Some(id);
        let text = match &transaction["asset"]["data"] {
            _ if !same => Err("its content is not what its id says".to_owned()),
            _ if origin.block.is_none() => Err("it is in no block".to_owned()),
            data => Ok(data.to_string()),
        };
        Ok(Entry { text, origin })
    }
}
