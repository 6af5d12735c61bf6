//! Transactions under way while something happens: to the node, to us, to the chain.

use std::{collections::HashSet, sync::Arc};

use serde_json::json;
use strongroom_anchor::ethereum::Link;
use strongroom_kernel::ports::{Anchor as _, PortErrorKind};

use super::node::{BY_HAND, Node, RICH, begin, rich};

#[tokio::test]
async fn many_under_way_survive_a_node_that_forgets_them() {
    let Some(mut node) = Node::start(BY_HAND).await else { return };
    let anchor = Arc::new(node.anchor());
    let texts: Vec<String> = (0..40).map(|n| format!("text {n}")).collect();
    let calls: Vec<_> = texts.iter().map(|text| begin(&anchor, text)).collect();
    node.until_waiting(40).await;
    node.restart(&[]).await;
    let mut transactions = HashSet::new();
    for (text, call) in texts.iter().zip(calls) {
        let proof = call.await.unwrap().unwrap();
        anchor.check(text, &proof).await.unwrap();
        transactions.insert(proof.link.parse::<Link>().unwrap().transaction);
    }
    assert_eq!((transactions.len(), node.mined(RICH).await), (40, 40));
}

#[tokio::test]
async fn more_than_may_be_under_way_wait_for_their_turn() {
    let Some(node) = Node::start(BY_HAND).await else { return };
    let anchor = Arc::new(node.anchor());
    let calls: Vec<_> = (0..100).map(|n| begin(&anchor, &format!("text {n}"))).collect();
    node.until_waiting(64).await;
    let all = futures::future::join_all(calls);
    let mut transactions = HashSet::new();
    for proof in node.mine_until(all).await {
        transactions.insert(proof.unwrap().unwrap().link.parse::<Link>().unwrap().transaction);
    }
    assert_eq!(transactions.len(), 100);
    assert!(node.mined(RICH).await >= 100);
}

#[tokio::test]
async fn a_restart_of_ours_finds_the_transaction_it_had_sent() {
    let Some(node) = Node::start(BY_HAND).await else { return };
    let first = Arc::new(node.anchor());
    let call = begin(&first, "a text");
    node.until_waiting(1).await;
    call.abort();
    drop(first);
    let second = node.anchor();
    let proof = node.mine_until(second.anchor("a text")).await.unwrap();
    second.check("a text", &proof).await.unwrap();
    assert_eq!(node.mined(RICH).await, 1);
    // settled by now, it is found again without another transaction
    drop(second);
    let third = node.anchor();
    assert_eq!(third.anchor("a text").await.unwrap(), proof);
    assert_eq!(node.mined(RICH).await, 1);
}

#[tokio::test]
async fn without_its_book_it_takes_the_next_nonce() {
    let Some(node) = Node::start(BY_HAND).await else { return };
    let first = Arc::new(node.anchor());
    let call = begin(&first, "a text");
    node.until_waiting(1).await;
    call.abort();
    drop(first);
    std::fs::remove_file(node.folder.path().join("book")).unwrap();
    let second = node.anchor();
    node.mine_until(second.anchor("a text")).await.unwrap();
    assert_eq!(node.mined(RICH).await, 2);
}

#[tokio::test]
async fn a_lost_block_is_made_good() {
    let Some(node) = Node::start(BY_HAND).await else { return };
    let mut settings = node.settings();
    settings.confirmations = 3;
    let anchor = Arc::new(node.anchor_with(settings, rich()));
    let call = begin(&anchor, "a text");
    node.until_waiting(1).await;
    let before = node.call("evm_snapshot", json!([])).await;
    node.mine().await;
    node.mine().await;
    assert_eq!(node.mined(RICH).await, 1);
    node.call("evm_revert", json!([before])).await;
    assert_eq!(node.mined(RICH).await, 0);
    let proof = node.mine_until(call).await.unwrap().unwrap();
    anchor.check("a text", &proof).await.unwrap();
    assert_eq!(node.mined(RICH).await, 1);
}

#[tokio::test]
async fn a_proof_needs_its_confirmations() {
    let Some(node) = Node::start(BY_HAND).await else { return };
    let (anchor, mut settings) = (node.anchor(), node.settings());
    let proof = node.mine_until(anchor.anchor("a text")).await.unwrap();
    settings.confirmations = 50;
    let patient = node.anchor_with(settings, rich());
    assert_eq!(patient.check("a text", &proof).await.unwrap_err().kind, PortErrorKind::Unavailable);
    node.call("anvil_mine", json!(["0x32"])).await;
    patient.check("a text", &proof).await.unwrap();
}

#[tokio::test]
async fn a_chain_that_lost_its_blocks_gets_the_anchors_back() {
    let Some(mut node) = Node::start(&[]).await else { return };
    let anchor = node.anchor();
    let mut proofs = Vec::new();
    for text in ["one", "two", "three"] {
        proofs.push((text, anchor.anchor(text).await.unwrap()));
    }
    node.restart(&[]).await;
    for (text, proof) in &proofs {
        assert_eq!(anchor.check(text, proof).await.unwrap_err().kind, PortErrorKind::Corrupt);
    }
    anchor.anchor("four").await.unwrap();
    for (text, proof) in &proofs {
        anchor.check(text, proof).await.unwrap();
    }
    assert_eq!(node.mined(RICH).await, 4);
}

#[tokio::test]
async fn one_text_asked_for_twice_at_once_is_one_transaction() {
    let Some(node) = Node::start(BY_HAND).await else { return };
    let anchor = Arc::new(node.anchor());
    let both = futures::future::join(begin(&anchor, "a text"), begin(&anchor, "a text"));
    let (one, other) = node.mine_until(both).await;
    assert_eq!(one.unwrap().unwrap(), other.unwrap().unwrap());
    assert_eq!(node.mined(RICH).await, 1);
}
