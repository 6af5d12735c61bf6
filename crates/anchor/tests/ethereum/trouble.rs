//! Fees that rise, and nodes that refuse or lie.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_anchor::{
    Ethereum,
    ethereum::{Link, Writing},
};
use strongroom_kernel::ports::{Anchor as _, AnchorProof, PortErrorKind};

use super::node::{BY_HAND, Node, account, begin, fetcher, rich};
use strongroom_contract::http::{Reply, serve};

#[tokio::test]
async fn what_pays_too_little_is_replaced_by_what_pays_more() {
    let Some(node) = Node::start(BY_HAND).await else { return };
    let mut settings = node.settings();
    settings.stuck_after = Duration::ZERO;
    let anchor = Arc::new(node.anchor_with(settings, rich()));
    let call = begin(&anchor, "a text");
    node.until_waiting(1).await;
    // a hundred times what the first transaction can pay at most
    let fee = json!(["0x2e90edd000"]);
    let work = async {
        loop {
            node.call("anvil_setNextBlockBaseFeePerGas", fee.clone()).await;
            node.mine().await;
            if call.is_finished() {
                return call.await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let proof = work.await.unwrap();
    anchor.check("a text", &proof).await.unwrap();
    let link: Link = proof.link.parse().unwrap();
    let paid: Value = node.call("eth_getTransactionByHash", json!([link.transaction])).await;
    let most = u128::from_str_radix(&paid["maxFeePerGas"].as_str().unwrap()[2..], 16).unwrap();
    assert!(most >= 200_000_000_000, "{most}");
}

#[tokio::test]
async fn no_more_than_the_cap_is_paid() {
    let Some(node) = Node::start(&[]).await else { return };
    let mut settings = node.settings();
    settings.fees.max_fee = 1_000;
    settings.patience = Duration::ZERO;
    let refusal = node.anchor_with(settings, rich()).anchor("a text").await.unwrap_err();
    assert_eq!(refusal.kind, PortErrorKind::Unavailable);
    let reason = refusal.source.unwrap().to_string();
    assert!(reason.contains("the most we may pay is 1000"), "{reason}");
}

#[tokio::test]
async fn an_empty_account_is_named() {
    let Some(node) = Node::start(&[]).await else { return };
    let anchor = node.anchor_with(node.settings(), &"11".repeat(32));
    let refusal = anchor.anchor("a text").await.unwrap_err();
    assert_eq!(refusal.kind, PortErrorKind::Refused);
    let address = account(&"11".repeat(32)).address();
    assert!(refusal.to_string().contains(&format!("{address} cannot pay")), "{refusal}");
    assert_eq!(anchor.ask().await.unwrap(), Some(0));
    node.call("anvil_setBalance", json!([address, "0xde0b6b3a7640000"])).await;
    anchor.anchor("a text").await.unwrap();
}

#[tokio::test]
async fn a_node_of_another_chain_is_refused() {
    let Some(node) = Node::start(&[]).await else { return };
    let mut settings = node.settings();
    settings.chain_id = 1;
    let other = node.anchor_with(settings, rich());
    let refusal = other.anchor("a text").await.unwrap_err();
    assert_eq!(refusal.kind, PortErrorKind::Refused);
    assert!(refusal.to_string().contains("it is of chain 1337, configured is 1"), "{refusal}");
}

#[tokio::test]
async fn a_nonce_that_somebody_else_used_is_not_waited_for() {
    let Some(node) = Node::start(BY_HAND).await else { return };
    let anchor = Arc::new(node.anchor());
    let call = begin(&anchor, "a text");
    node.until_waiting(1).await;
    let rich = super::node::RICH;
    let other = json!([{"from": rich, "to": rich, "nonce": "0x0", "gas": "0x5208",
        "maxFeePerGas": "0x746a528800", "maxPriorityFeePerGas": "0x746a528800"}]);
    node.call("eth_sendTransaction", other).await;
    node.mine().await;
    let proof = node.mine_until(call).await.unwrap().unwrap();
    anchor.check("a text", &proof).await.unwrap();
    assert_eq!(node.mined(rich).await, 2);
}

#[tokio::test]
async fn a_node_cannot_show_other_data_under_a_hash() {
    let Some(node) = Node::start(&[]).await else { return };
    let anchor = node.anchor();
    let honest = anchor.anchor("a text").await.unwrap();
    let link: Link = honest.link.parse().unwrap();
    let shown = node.call("eth_getTransactionByHash", json!([link.transaction])).await;
    let other = anchor.anchor("another text").await.unwrap();
    let other: Link = other.link.parse().unwrap();
    let other = node.call("eth_getTransactionByHash", json!([other.transaction])).await;
    let url = serve(move |request| {
        let request: Value = serde_json::from_slice(&request.body).unwrap();
        let result = match request["method"].as_str().unwrap() {
            "eth_chainId" => json!("0x539"),
            "eth_getTransactionByHash" => {
                let mut lie = shown.clone();
                lie["input"] = other["input"].clone();
                lie
            }
            method => panic!("{method} is asked after the lie"),
        };
        Reply::ok(json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string())
    });
    let liar =
        Ethereum::reader(strongroom_anchor::ethereum::EthereumSettings { url, ..node.settings() }, fetcher());
    let refusal = liar.unwrap().check("another text", &honest).await.unwrap_err();
    assert_eq!(refusal.kind, PortErrorKind::Corrupt);
    assert!(refusal.to_string().contains("shows another transaction"), "{refusal}");
}

#[tokio::test]
async fn answers_that_are_none_leave_a_proof_open() {
    let Some(node) = Node::start(&[]).await else { return };
    let proof = node.anchor().anchor("a text").await.unwrap();
    for reply in [
        || Reply::Answer(503, "", b"busy".to_vec()),
        || Reply::ok("<html>"),
        || Reply::ok("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32005,\"message\":\"limit\"}}"),
        || Reply::ok("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x1\"}"),
    ] {
        let url = serve(move |_| reply());
        let settings = strongroom_anchor::ethereum::EthereumSettings { url, ..node.settings() };
        let anchor = Ethereum::reader(settings, fetcher()).unwrap();
        assert_eq!(anchor.check("a text", &proof).await.unwrap_err().kind, PortErrorKind::Unavailable);
    }
}

#[tokio::test]
async fn without_an_account_nothing_is_written_and_a_proof_of_nobody_is_refused() {
    let Some(node) = Node::start(&[]).await else { return };
    let reader = Ethereum::reader(node.settings(), fetcher()).unwrap();
    assert_eq!(reader.anchor("a text").await.unwrap_err().kind, PortErrorKind::Refused);
    let nobodys = AnchorProof { link: String::new(), provider: None };
    assert_eq!(reader.check("a text", &nobodys).await.unwrap_err().kind, PortErrorKind::Refused);
    let mut none = node.settings();
    none.confirmations = 0;
    let writing = Writing { account: account(rich()), book: node.folder.path().join("book") };
    assert_eq!(Ethereum::writer(none, writing, fetcher()).unwrap_err().kind, PortErrorKind::Refused);
}
