//! Chains from the outside: traces taken over from a contract and from a BigchainDB, checkpoints anchored.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    sync::{Mutex, PoisonError},
    thread,
};

use serde_json::{Value, json};

use crate::{
    support::{
        Client, Room, Server,
        client::id,
        server::{Verified, text},
    },
    witness::eventually,
};

/// Tests send one after the other: nodes give the same nonce to two that ask at once.
static SENDING: Mutex<()> = Mutex::new(());

/// The test node: anvil, or `geth --dev`.
struct Node {
    url: String,
    client: Client,
    /// The account that a development node makes rich, and signs for.
    rich: String,
}

impl Node {
    fn new() -> Option<Self> {
        let Ok(url) = std::env::var("STRONGROOM_TEST_ETHEREUM_URL") else {
            println!("skipped: STRONGROOM_TEST_ETHEREUM_URL is not set");
            return None;
        };
        let address = url.trim_start_matches("http://").parse().unwrap();
        let mut node = Self { url, client: Client::new(address), rich: String::new() };
        let accounts = node.call("eth_accounts", &json!([]));
        accounts[0].as_str().unwrap().clone_into(&mut node.rich);
        Some(node)
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let typed = [("Content-Type", "application/json")];
        let answer = self.client.ask("POST", "/", &typed, request.to_string().as_bytes()).unwrap();
        answer.success().json()
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Sends a transaction with data and waits for its block.
    fn send(&mut self, to: Option<&str>, data: &str) -> Value {
        let mut transaction = json!({"from": self.rich, "data": data});
        if let Some(to) = to {
            transaction["to"] = json!(to);
        }
        self.transact(&transaction)
    }

    /// Gives an account an ether.
    fn give(&mut self, to: &str) {
        let transaction = json!({"from": self.rich, "to": to, "value": "0xde0b6b3a7640000"});
        self.transact(&transaction);
    }

    fn transact(&mut self, transaction: &Value) -> Value {
        let _turn = SENDING.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = self.call("eth_sendTransaction", &json!([transaction]));
        eventually("the receipt", || {
            // geth answers with an error while it indexes a new block
            let receipt = self.ask("eth_getTransactionReceipt", &json!([hash]));
            receipt.get("result").filter(|receipt| !receipt.is_null()).cloned()
        })
    }

    /// A contract of its own.
    fn deploy(&mut self) -> String {
        let code: String = include_str!("contracts/Traces.hex").split_whitespace().collect();
        let receipt = self.send(None, &format!("0x{code}"));
        receipt["contractAddress"].as_str().unwrap().to_owned()
    }

    /// `addTrace(uint64,string,string)`.
    fn add(&mut self, contract: &str, key: &str, trace: &str) {
        let strings = [key, trace].map(|text| {
            let padded = text.len().div_ceil(32) * 64;
            format!("{:064x}{:0<padded$}", text.len(), hex(text.as_bytes()))
        });
        let second = 0x60 + strings[0].len() / 2;
        let data = format!("0x55538507{:064x}{:064x}{second:064x}{}", 7, 0x60, strings.concat());
        self.send(Some(contract), &data);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn import(room: &Room, arguments: &[&str]) -> Verified {
    let mut command = room.command(["import", "tracer"]);
    let output = command.args(arguments).arg("--data").arg(room.data()).output().unwrap();
    Verified { code: output.status.code(), text: text(&output.stdout) + &text(&output.stderr) }
}

fn newest(n: u64) -> String {
    json!({
        "id": id(7, n), "timestamp": (1_700_000_000_000_u64 + n).to_string(), "callerId": "service", "version": "V1",
        "userId": format!("user-{}", n % 5), "userAction": "USE_DATASETS",
        "datasetsIds": [format!("dataset-{}", n % 3)], "tool": {"name": "desktop", "version": null},
    })
    .to_string()
}

/// Traces of every period, in the order in which they came.
fn of_all_periods() -> Vec<String> {
    let mut traces = vec![
        r#"{"id":0,"userId":"user-0","userAction":"USE_DATASET_POD","datasetsIds":["dataset-0"]}"#.to_owned(),
        r#"{"id":0,"userId":"user-0","userAction":"USE_DATASET_POD","datasetsIds":["dataset-0"]}"#.to_owned(),
        r#"{"id":1644000000123,"callerId":null,"version":1,"userId":"user-1","userAction":"CREATE_VERSION_DATASET",
            "datasetId":"dataset-1","previousId":"dataset-0","traceResources":[{"id":"r","contentHash":"AA==",
            "contentHashType":"SHA3_256","nameHash":"AA==","nameHashType":"SHA3_256","pathHash":null}]}"#
            .to_owned(),
    ];
    traces.extend((0..230).map(newest));
    traces
}

#[test]
fn traces_of_a_contract_are_taken_over() {
    let Some(mut node) = Node::new() else { return };
    let contract = node.deploy();
    let traces = of_all_periods();
    for (n, trace) in traces.iter().enumerate() {
        node.add(&contract, &n.to_string(), trace);
    }
    let room = Room::new();
    let url = node.url.clone();
    let arguments = ["--from", "ethereum", "--url", &url, "--contract", &contract];
    let first = import(&room, &arguments);
    assert_eq!(first.code, Some(0), "{}", first.text);
    for words in ["233 added, 0 known", "233 of 233 of the chain are here", "clean: "] {
        assert!(first.text.contains(words), "{}", first.text);
    }
    // more came meanwhile: one that is no trace, and one of a stranger under an id that is taken
    node.add(&contract, "no trace", "hello");
    node.add(&contract, "a stranger's", &newest(5).replace("user-0", "mallory"));
    let again = import(&room, &arguments);
    assert_eq!(again.code, Some(1), "{}", again.text);
    for words in ["1 added", "233 there already, 1 left out", "left out: entry 233 of 0x", "is no trace"] {
        assert!(again.text.contains(words), "{}", again.text);
    }

    let server = Server::start(&room);
    let mut client = Client::new(server.main);
    let mut get = |path: &str| client.get(&format!("/tracer/api/v1{path}")).unwrap().success().json();
    let found = get("/traces?userId=user-1&limitTraces=1000");
    assert_eq!(found["traces"][0]["countAllTraces"], 47, "{found}");
    let known = get(&format!("/traces/{}", id(7, 5)));
    let known = &known["traces"][0]["trace"];
    assert_eq!((&known["userId"], &known["timestamp"]), (&json!("user-0"), &json!("1700000000005")));
    let old = get("/traces?userAction=CREATE_VERSION_DATASET");
    let old = &old["traces"][0]["traces"][0];
    assert_eq!(old["timestamp"], "2022-02-04T18:40:00.123Z", "{old}");
    let strange = get("/traces?userId=mallory");
    assert_eq!(strange["traces"][0]["countAllTraces"], 1);
}

#[test]
fn what_is_no_contract_is_told() {
    let Some(node) = Node::new() else { return };
    let room = Room::new();
    for (contract, words) in
        [("0x0000000000000000000000000000000000000099", "there is no contract"), ("x", "not an address")]
    {
        let refused = import(&room, &["--from", "ethereum", "--url", &node.url, "--contract", contract]);
        assert_eq!(refused.code, Some(1));
        assert!(refused.text.contains(words), "{}", refused.text);
    }
}

/// A BigchainDB that has these assets; a transaction with `forged` in it has another's id.
fn bigchaindb(assets: &[String]) -> String {
    let mut transactions = HashMap::new();
    for asset in assets {
        let data: Value = serde_json::from_str(asset).unwrap();
        let mut transaction = json!({"asset": {"data": data}, "id": null, "inputs": [{"owners_before": ["key"]}],
            "metadata": null, "operation": "CREATE", "outputs": [], "version": "2.0"});
        let id = strongroom_anchor::bigchaindb::transaction_id(&transaction).unwrap();
        transaction["id"] = json!(id);
        if asset.contains("forged") {
            transaction["asset"]["data"]["datasetId"] = json!("another");
        }
        transactions.insert(id, transaction);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            reader.read_line(&mut line).unwrap();
            loop {
                let mut header = String::new();
                if reader.read_line(&mut header).unwrap_or_default() <= 2 {
                    break;
                }
            }
            let path = line.split(' ').nth(1).unwrap().strip_prefix("/api/v1/").unwrap();
            let answer = if let Some(word) = path.strip_prefix("assets?search=%22") {
                let word = json!(word.trim_end_matches("%22"));
                let found = transactions.iter().filter(|(_, it)| it["asset"]["data"]["userAction"] == word);
                found.map(|(id, it)| json!({"id": id, "data": it["asset"]["data"]})).collect()
            } else if path.starts_with("blocks?transaction_id=") {
                json!([4])
            } else {
                transactions[path.strip_prefix("transactions/").unwrap()].clone()
            };
            let body = answer.to_string();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    format!("http://{address}/api/v1")
}

#[test]
fn traces_of_a_bigchaindb_are_taken_over() {
    let mut assets: Vec<String> = (0..40).map(newest).collect();
    assets
        .push(r#"{"id":0,"userId":"u","userAction":"VISUALIZE_VERSION_DATASET","datasetId":"d"}"#.to_owned());
    assets.push(r#"{"id":0,"userId":"forged","userAction":"UPDATE_DATASET","datasetId":"d"}"#.to_owned());
    assets.push(r#"{"unrelated":"USE_DATASETS"}"#.to_owned());
    let url = bigchaindb(&assets);
    let room = Room::new();
    let first = import(&room, &["--from", "bigchaindb", "--url", &url]);
    assert_eq!(first.code, Some(1), "{}", first.text);
    for words in
        ["41 added", "1 left out", "its content is not what its id says", "41 of 42 of the chain are here"]
    {
        assert!(first.text.contains(words), "{}", first.text);
    }
    let again = import(&room, &["--from", "bigchaindb", "--url", &url]);
    assert!(again.text.contains("0 added, 0 known from another chain, 41 there already"), "{}", again.text);
}

#[test]
fn a_trace_on_two_chains_is_one_trace() {
    let Some(mut node) = Node::new() else { return };
    let contract = node.deploy();
    node.add(&contract, "1", &newest(1));
    let url = bigchaindb(&[newest(1), newest(2)]);
    let room = Room::new();
    let first = import(&room, &["--from", "ethereum", "--url", &node.url, "--contract", &contract]);
    assert_eq!(first.code, Some(0), "{}", first.text);
    let second = import(&room, &["--from", "bigchaindb", "--url", &url]);
    assert_eq!(second.code, Some(0), "{}", second.text);
    assert!(second.text.contains("1 added, 1 known from another chain"), "{}", second.text);
}

#[test]
fn checkpoints_are_anchored_and_verified() {
    let Some(mut node) = Node::new() else { return };
    let key = "2b".repeat(32);
    let room = Room::new()
        .with("STRONGROOM_LEDGER__ETHEREUM__URL", &node.url)
        .with("STRONGROOM_LEDGER__ETHEREUM__CHAIN_ID", "1337")
        .with("STRONGROOM_LEDGER__ETHEREUM__CONFIRMATIONS", "1")
        .with("STRONGROOM_LEDGER__ETHEREUM__EVERY", "1s")
        .with("STRONGROOM_LEDGER__ETHEREUM__POLL", "1s");
    let file = room.beside("account");
    let mut options = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true).open(&file).unwrap().write_all(key.as_bytes()).unwrap();
    let room = room.with("STRONGROOM_LEDGER__ETHEREUM__KEY_FILE", file.to_str().unwrap());
    let server = Server::start(&room);
    let line = room.wait_for_line("checkpoints are anchored by this account");
    let address = line.split("address=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    node.give(&address);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    room.wait_for_line("checkpoint anchored");
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
    // the same account on an empty chain has sent nothing
    let unknown = room.with("STRONGROOM_LEDGER__ETHEREUM__CHAIN_ID", "1").verify();
    assert_eq!(unknown.code, Some(0), "another chain is another provider: {}", unknown.text);
}
