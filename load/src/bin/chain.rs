//! How fast traces reach a chain the way the original writes them: a transaction per trace, its receipt waited for.
//!
//! Nonces are counted here, so no transaction is lost to the original's race for them, and receipts are looked for
//! every few milliseconds and not every 15 s: what is measured is the best the way allows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Parser;
use serde_json::{Value, json};
use strongroom_anchor::ethereum::{Rpc, RpcError};
use strongroom_fetch::{AddressPolicy, Fetcher, Limits};

/// Longest wait for a receipt.
const PATIENCE: Duration = Duration::from_secs(30);
/// `addTrace(uint64,string,string)`.
const ADD_TRACE: &str = "55538507";

#[derive(Debug, Parser)]
struct Arguments {
    /// JSON-RPC of a development node whose first account is rich and unlocked.
    #[arg(long)]
    url: String,
    /// File with the contract's code in hexadecimal.
    #[arg(long, default_value = "strongroom/tests/contracts/Traces.hex")]
    code: std::path::PathBuf,
    /// Traces on their way at one time; the original has 20 threads.
    #[arg(long, default_value_t = 20)]
    clients: u64,
    /// How long traces are sent.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let rpc = Rpc::new(&arguments.url, Fetcher::new(Limits::default(), AddressPolicy::Any)?)?;
    let accounts: Vec<String> = rpc.call("eth_accounts", json!([])).await?;
    let account = accounts.first().ok_or("the node has no account")?.clone();
    let code: String = std::fs::read_to_string(&arguments.code)?.split_whitespace().collect();
    let deployed = send(&rpc, &json!({"from": account, "data": format!("0x{code}")})).await?;
    let contract = deployed["contractAddress"].clone();
    let count: String = rpc.call("eth_getTransactionCount", json!([account, "latest"])).await?;
    let first = u64::from_str_radix(count.trim_start_matches("0x"), 16)?;
    let (next, begun) = (Arc::new(AtomicU64::new(first)), Instant::now());
    let end = begun + Duration::from_secs(arguments.seconds);
    let clients = (0..arguments.clients).map(|_| {
        let (rpc, next, account, contract) =
            (rpc.clone(), Arc::clone(&next), account.clone(), contract.clone());
        tokio::spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let nonce = next.fetch_add(1, Ordering::Relaxed);
                let (data, start) = (add_trace(nonce), Instant::now());
                let transaction = json!({
                    "from": account, "to": contract, "data": data,
                    "nonce": format!("{nonce:#x}"), "gas": "0x1e8480",
                });
                let receipt = send(&rpc, &transaction).await?;
                if receipt["status"] != "0x1" {
                    return Err("a trace was not stored".into());
                }
                times.push(start.elapsed());
            }
            Ok::<_, Failure>(times)
        })
    });
    let mut times = Vec::new();
    for client in futures::future::join_all(clients).await {
        times.extend(client??);
    }
    tell(&mut times, begun.elapsed());
    Ok(())
}

/// Sends a transaction and waits for its receipt.
async fn send(rpc: &Rpc, transaction: &Value) -> Result<Value, Failure> {
    let hash: Value = rpc.call("eth_sendTransaction", json!([transaction])).await?;
    let begun = Instant::now();
    loop {
        match rpc.call::<Value>("eth_getTransactionReceipt", json!([hash])).await {
            Ok(receipt) if !receipt.is_null() => return Ok(receipt),
            // geth says so while it indexes what it has just mined
            Err(error @ RpcError::Node { .. }) if begun.elapsed() > PATIENCE => return Err(error.into()),
            Ok(_) if begun.elapsed() > PATIENCE => return Err("a transaction was not mined in time".into()),
            Ok(_) | Err(RpcError::Node { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => return Err(error.into()),
        }
    }
}

fn add_trace(n: u64) -> String {
    let trace = json!({
        "id": uuid::Uuid::from_u128(u128::from(n)), "timestamp": "1767605400120", "callerId": "service",
        "version": "V1", "userId": "0b0c4b2e-0000-4000-8000-000000000000", "userAction": "USE_DATASETS",
        "datasetsIds": ["7d3c2c55-0000-4000-8000-000000000000"], "tool": {"name": "desktop", "version": "1.4"},
    });
    let strings = [n.to_string(), trace.to_string()].map(|text| {
        let digits = text.bytes().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
        format!("{:064x}{digits:0<1$}", text.len(), text.len().div_ceil(32) * 64)
    });
    let second = 0x60 + strings[0].len() / 2;
    format!("0x{ADD_TRACE}{:064x}{:064x}{second:064x}{}", 0, 0x60, strings.concat())
}

#[expect(clippy::print_stdout, reason = "figures are the result")]
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn tell(times: &mut [Duration], elapsed: Duration) {
    times.sort_unstable();
    let at = |part: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
        let place = (times.len() as f64 * part) as usize;
        times.get(place.min(times.len().saturating_sub(1))).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    println!("traces {}", times.len());
    println!("per second {:.0}", times.len() as f64 / elapsed.as_secs_f64());
    println!("latency ms p50 {:.1} p99 {:.1} longest {:.1}", at(0.5), at(0.99), at(1.0));
}
