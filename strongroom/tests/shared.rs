//! Two real Strongrooms: the one hands its leaves over to the other, and keeps the receipts.

use std::{fs::File, io::Write as _};

use strongroom_ledger::{leaf_hash, tile};

use crate::{
    support::{
        Client, Room, Server,
        client::id,
        outside::Postgres,
        server::{copy_folder, text},
    },
    witness::{self, eventually, fill},
};

const TAKEN: &str = "strongroom_leaves_not_forwarded 0\n";

/// A room that hands its leaves over to the ledger of `shared`.
fn forwarding(shared: &Room, server: &Server) -> Room {
    forwarding_from(Room::new(), shared, server)
}

fn forwarding_from(own: Room, shared: &Room, server: &Server) -> Room {
    let issued = shared.run(["token", "issue", "--role", "forwarder", "--name", "branch"]);
    let file = own.beside("forward-token");
    File::create(&file).unwrap().write_all(&issued.stdout).unwrap();
    own.with("STRONGROOM_LEDGER__FORWARD_TO", format!("http://{}/custody/", server.main))
        .with("STRONGROOM_LEDGER__FORWARD_KEY", shared.key())
        .with("STRONGROOM_LEDGER__FORWARD_TOKEN_FILE", file.to_str().unwrap())
        .with("STRONGROOM_LEDGER__FORWARD_EVERY", "20ms")
}

fn metrics(server: &Server) -> String {
    Client::new(server.main).get("/metrics").unwrap().text()
}

fn handed_over(server: &Server) {
    eventually("the receipts", || metrics(server).contains(TAKEN).then_some(()));
}

/// The hash of the leaf at `index`, from the served bundle.
fn hash_of(server: &Server, index: u64, size: u64) -> String {
    let (bundle, place) = (index / 256, index % 256);
    let width = (size - bundle * 256).min(256);
    let partial = if width == 256 { String::new() } else { format!(".p/{width}") };
    let path = format!("/custody/tile/entries/{bundle:03}{partial}");
    let bytes = Client::new(server.main).get(&path).unwrap().success().body;
    let entries = tile::decode_bundle(&bytes, u16::try_from(width).unwrap()).unwrap();
    leaf_hash(entries[usize::try_from(place).unwrap()]).to_string()
}

fn published(server: &Server) -> u64 {
    let text = Client::new(server.main).get("/custody/checkpoint").unwrap().text();
    text.lines().nth(1).unwrap().parse().unwrap()
}

/// Every leaf has a receipt, and one of them is checked offline.
fn assert_receipts(own: &Room, server: &Server, shared: &Room, size: u64) {
    let mut client = Client::new(server.main);
    // it is counted as taken when it came, and kept with the next batch
    let mut receipt_of = |index: u64| {
        eventually("a receipt that is kept", || {
            let reply = client.get(&format!("/custody/receipts/{index}")).unwrap();
            (reply.status != 404).then(|| reply.success())
        })
    };
    for index in 0..size {
        assert_eq!(receipt_of(index).json()["index"], index);
    }
    let now = published(server);
    for index in [0, 3, size / 2, size - 1] {
        let file = own.beside("receipt.json");
        File::create(&file).unwrap().write_all(&receipt_of(index).body).unwrap();
        let check = |hash: &str| {
            let mut command = own.command(["check-receipt", "--key", &shared.key(), "--leaf-hash", hash]);
            command.arg(&file).output().unwrap()
        };
        let good = check(&hash_of(server, index, now));
        assert!(good.status.success(), "{index}: {good:?}");
        assert!(text(&good.stdout).contains(&format!("proven: leaf {index} of ")), "{good:?}");
        let other = check(&hash_of(server, (index + 1) % size, now));
        assert_eq!(other.status.code(), Some(1), "{index}: {other:?}");
    }
}

#[test]
fn leaves_are_handed_over_once_and_receipts_outlive_kills_of_both_sides() {
    hand_over_and_kill(Room::new(), Room::new());
}

#[test]
fn the_same_holds_with_both_ledgers_in_postgresql() {
    let (Some(first), Some(second)) = (Postgres::new(), Postgres::new()) else { return };
    let room = |database: &Postgres| Room::new().with("STRONGROOM_DATABASE__URL", &database.url);
    hand_over_and_kill(room(&first), room(&second));
}

fn hand_over_and_kill(shared: Room, own: Room) {
    let server = Server::start(&shared);
    let own = forwarding_from(own, &shared, &server);
    let branch = Server::start(&own);
    fill(&branch, 1, 300);
    handed_over(&branch);
    assert_receipts(&own, &branch, &shared, 300);
    let looked = own.run(["doctor"]);
    assert!(text(&looked.stdout).contains("ok   shared ledger: "), "{looked:?}");

    // the branch ends at any moment, and goes on
    for round in 2..6 {
        let mut client = Client::logged_in(branch.bytes).unwrap();
        for n in 0..20 {
            client.save_job(&id(round, n)).unwrap().success();
        }
    }
    branch.kill();
    let branch = Server::start(&own);
    fill(&branch, 7, 5);
    handed_over(&branch);
    assert_receipts(&own, &branch, &shared, published(&branch));

    // the shared ledger is away: nobody waits for it, and nothing is lost
    let shared = shared.with("STRONGROOM_HTTP__LISTEN", server.main.to_string());
    server.kill();
    fill(&branch, 8, 20);
    eventually("the failure", || {
        metrics(&branch).contains("strongroom_forwarding_failing 1\n").then_some(())
    });
    let server = Server::start(&shared);
    handed_over(&branch);
    let size = published(&branch);
    assert_receipts(&own, &branch, &shared, size);
    assert!(metrics(&branch).contains("strongroom_forwarding_contradicting 0\n"));
    assert_eq!(branch.stop(), Some(0));
    assert_eq!(server.stop(), Some(0));
    own.verify().assert_clean();
    shared.verify().assert_clean();
}

#[test]
fn a_rewritten_history_gets_no_receipt_and_a_forgotten_one_gets_the_old_ones() {
    let shared = Room::new();
    let server = Server::start(&shared);
    let own = forwarding(&shared, &server);
    let branch = Server::start(&own);
    fill(&branch, 1, 30);
    handed_over(&branch);
    assert_eq!(branch.stop(), Some(0));
    let fork = forwarding(&shared, &server);
    copy_folder(&own.data(), &fork.data());
    // more is handed over, then a copy from before goes on with the same key and other leaves
    let branch = Server::start(&own);
    fill(&branch, 2, 10);
    handed_over(&branch);
    assert_eq!(branch.stop(), Some(0));
    let other = Server::start(&fork);
    fill(&other, 3, 20);
    eventually("the contradiction", || {
        metrics(&other).contains("strongroom_forwarding_contradicting 1\n").then_some(())
    });
    fork.wait_for_line("THE SHARED LEDGER HOLDS OTHER LEAVES");
    shared.wait_for_line("OTHER LEAVES");
    // what was receipted before both is still there
    assert_receipts(&fork, &other, &shared, 30);
    drop(other);
    drop(server);
    shared.verify().assert_clean();
}

#[test]
fn a_trace_stays_in_the_cache_until_the_shared_ledger_has_it() {
    let shared = Room::new();
    let server = Server::start(&shared);
    let own = forwarding(&shared, &server);
    let branch = Server::start(&own);
    let add = |branch: &Server, user: &str| {
        let body = format!(r#"{{"userId":"{user}","userAction":"USE_DATASETS","datasetsIds":["d"]}}"#);
        let answer = Client::new(branch.tracer).ask("POST", "/api/v1/traces", &[], body.as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        witness::published(branch);
    };
    let cache = |branch: &Server| -> Vec<serde_json::Value> {
        let entries = Client::new(branch.tracer).get("/api/v1/traces/cache").unwrap().success();
        entries.json().as_array().unwrap().clone()
    };
    add(&branch, "early");
    eventually("the receipt", || cache(&branch).is_empty().then_some(()));
    handed_over(&branch);
    assert_eq!(server.stop(), Some(0));
    add(&branch, "late");
    // also after a restart the one without a receipt alone is there, with the reason
    assert_eq!(branch.stop(), Some(0));
    let branch = Server::start(&own);
    let entries = eventually("the failure", || {
        let entries = cache(&branch);
        let told = entries[0]["statusMessage"].as_str()?.contains("is asked again");
        (told && entries.len() == 1).then_some(entries)
    });
    assert!(entries[0]["trace"].as_str().unwrap().contains("late"), "{entries:?}");
    assert_eq!(entries[0]["status"], "BLOCKCHAIN_WAITING");
    assert_eq!(branch.stop(), Some(0));
    own.verify().assert_clean();
    shared.verify().assert_clean();
}

#[test]
fn only_forwarders_hand_leaves_over_and_only_in_order() {
    let shared = Room::new();
    let server = Server::start(&shared);
    let issue = |role: &str| text(&shared.run(["token", "issue", "--role", role]).stdout).trim().to_owned();
    // version, time, length of the name, custody, commitment
    let leaf = "01000000000000000507637573746f6479".to_owned() + &"07".repeat(32);
    let post = |token: &str, body: &serde_json::Value| {
        Client::new(server.main).with_token(token).post("/custody/leaves", body).unwrap()
    };
    let body = |first: u64, leaves: &[&str]| serde_json::json!({ "ledger": "branch.example", "first": first, "leaves": leaves });
    let token = issue("forwarder");
    assert_eq!(Client::new(server.main).post("/custody/leaves", &body(0, &[&leaf])).unwrap().status, 401);
    assert_eq!(post(&issue("auditor"), &body(0, &[&leaf])).status, 403);
    assert_eq!(Client::new(server.main).with_token(&token).get("/custody/records").unwrap().status, 403);
    for wrong in [
        body(0, &[]),
        body(0, &["00"]),
        body(255, &[&leaf, &leaf]),
        body(u64::MAX, &[&leaf]),
        serde_json::json!({ "ledger": "a\nb", "first": 0, "leaves": [leaf] }),
        serde_json::json!([]),
    ] {
        assert_eq!(post(&token, &wrong).status, 422, "{wrong}");
    }
    // 503 while the checkpoint that covers them is not there yet; they may come again
    let receipt = |body: &serde_json::Value| {
        eventually("a receipt", || {
            let reply = post(&token, body);
            (reply.status != 503).then(|| reply.success().json())
        })
    };
    assert_eq!(post(&token, &body(1, &[&leaf])).status, 409, "a gap");
    let first = receipt(&body(0, &[&leaf, &leaf]));
    assert_eq!(receipt(&body(0, &[&leaf, &leaf]))["record"], first["record"]);
    // more from the same index: the receipt of what was taken
    assert_eq!(receipt(&body(0, &[&leaf, &leaf, &leaf]))["record"], first["record"]);
    assert_eq!(post(&token, &body(0, &[&leaf])).status, 409, "fewer than before");
    assert_eq!(post(&token, &body(1, &[&leaf])).status, 409, "within what was taken");
    receipt(&body(2, &[&leaf]));
    drop(server);
    shared.verify().assert_clean();
    let rebuilt = shared.run(["rebuild"]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    shared.verify().assert_clean();
}
