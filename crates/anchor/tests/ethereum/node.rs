//! A development node of one test, and anchors on it.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use strongroom_anchor::{
    Ethereum,
    ethereum::{Account, EthereumSettings, FeeKind, FeePolicy, Rpc, Writing},
};
use strongroom_fetch::{AddressPolicy, Fetcher, Limits};
use strongroom_kernel::ports::{Anchor as _, AnchorProof, PortError};
use tokio::task::JoinHandle;

/// The first of the accounts that every development node makes rich.
const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
pub(crate) const RICH: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
pub(crate) const CHAIN: u64 = 1337;
/// No blocks but those a test asks for.
pub(crate) const BY_HAND: &[&str] = &["--no-mining"];

/// A node that ends with its test.
pub(crate) struct Node {
    program: String,
    port: u16,
    child: Child,
    pub(crate) folder: tempfile::TempDir,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    /// A node with an empty chain; `None` when there is no program.
    pub(crate) async fn start(arguments: &[&str]) -> Option<Self> {
        let program = std::env::var("STRONGROOM_TEST_ANVIL").ok().filter(|program| !program.is_empty());
        let Some(program) = program else {
            println!("skipped: STRONGROOM_TEST_ANVIL is not set");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port();
        let folder = tempfile::tempdir().expect("a folder");
        let child = spawn(&program, port, arguments);
        let node = Self { program, port, child, folder };
        node.wait().await;
        Some(node)
    }

    /// Kills the node; a new one with an empty chain takes its place.
    pub(crate) async fn restart(&mut self, arguments: &[&str]) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it ends");
        self.child = spawn(&self.program, self.port, arguments);
        self.wait().await;
    }

    async fn wait(&self) {
        for _ in 0..1_000 {
            if self.rpc().call::<Value>("eth_chainId", json!([])).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the node does not answer");
    }

    pub(crate) fn rpc(&self) -> Rpc {
        Rpc::new(&format!("http://127.0.0.1:{}", self.port), fetcher()).expect("a URL")
    }

    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        self.rpc().call(method, params).await.expect(method)
    }

    pub(crate) async fn number(&self, method: &str, params: Value) -> u64 {
        let answer = self.call(method, params).await;
        let text = answer.as_str().expect("a quantity").trim_start_matches("0x").to_owned();
        u64::from_str_radix(&text, 16).expect("hexadecimal")
    }

    pub(crate) async fn mine(&self) {
        self.call("evm_mine", json!([])).await;
    }

    /// How many transactions of the account are in blocks.
    pub(crate) async fn mined(&self, address: &str) -> u64 {
        self.number("eth_getTransactionCount", json!([address, "latest"])).await
    }

    /// Waits until that many transactions wait for a block.
    pub(crate) async fn until_waiting(&self, wanted: u64) {
        for _ in 0..3_000 {
            let status = self.call("txpool_status", json!([])).await;
            let waiting = status["pending"].as_str().expect("a quantity");
            if waiting == format!("{wanted:#x}") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("there never were {wanted} transactions waiting");
    }

    pub(crate) fn settings(&self) -> EthereumSettings {
        EthereumSettings {
            url: format!("http://127.0.0.1:{}", self.port),
            chain_id: CHAIN,
            confirmations: 1,
            poll: Duration::from_millis(20),
            stuck_after: Duration::from_mins(10),
            patience: Duration::from_mins(1),
            fees: FeePolicy { kind: FeeKind::Auto, gas_price: None, max_fee: 500_000_000_000 },
        }
    }

    /// Anchors with the rich account.
    pub(crate) fn anchor(&self) -> Ethereum {
        self.anchor_with(self.settings(), KEY)
    }

    pub(crate) fn anchor_with(&self, settings: EthereumSettings, key: &str) -> Ethereum {
        let writing = Writing { account: account(key), book: self.folder.path().join("book") };
        Ethereum::writer(settings, writing, fetcher()).expect("settings that make sense")
    }

    /// Mines until the work is done.
    pub(crate) async fn mine_until<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(Duration::from_millis(50)) => self.mine().await,
            }
        }
    }
}

pub(crate) fn account(key: &str) -> Account {
    key.parse().expect("a key")
}

/// The key of the rich account.
pub(crate) fn rich() -> &'static str {
    KEY
}

pub(crate) fn fetcher() -> Fetcher {
    Fetcher::new(Limits::default(), AddressPolicy::Any).expect("a client")
}

/// Has `text` attested beside the test.
pub(crate) fn begin(anchor: &Arc<Ethereum>, text: &str) -> JoinHandle<Result<AnchorProof, PortError>> {
    let (anchor, text) = (Arc::clone(anchor), text.to_owned());
    tokio::spawn(async move { anchor.anchor(&text).await })
}

fn spawn(program: &str, port: u16, arguments: &[&str]) -> Child {
    let (port, chain) = (port.to_string(), CHAIN.to_string());
    let mut command = Command::new(Path::new(program));
    command.args(["--host", "127.0.0.1", "--silent", "--port", &port, "--chain-id", &chain]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start the node")
}
