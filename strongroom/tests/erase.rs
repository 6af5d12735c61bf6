//! A subject is forgotten by the real program: offline, while it serves, and when it is killed in the middle.

use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value as Json;

use crate::support::{
    Client, Room, Server,
    client::id,
    outside::{Postgres, on_s3},
    server::text,
};

const MARKER: &str = "zenobia-quixley-4713.example";

/// Files below the folder that have the bytes.
fn traces(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(traces(&path, bytes));
        } else if fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// A server with jobs that scanned the marker, and one that did not; returns the raw file that stays.
fn filled(room: &Room) -> String {
    let server = Server::start(room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    let stays = client.upload(&id(1, 1), b"a file that stays").unwrap().unwrap();
    for n in 2..12 {
        client.save_job_about(&id(1, n), MARKER).unwrap().success();
        let small = format!("small {n} of {MARKER}").repeat(20);
        client.upload(&id(1, n), small.as_bytes()).unwrap().unwrap();
    }
    client.save_job_about(&id(1, 12), MARKER).unwrap().success();
    let large = format!("large of {MARKER} ").repeat(6_000);
    let raw = client.upload(&id(1, 12), large.as_bytes()).unwrap().unwrap();
    client.raw(&raw).unwrap().success();
    assert_eq!(server.stop(), Some(0));
    stays
}

fn assert_forgotten(room: &Room, stays: &str) {
    assert_eq!(traces(&room.data(), MARKER.as_bytes()), [] as [String; 0]);
    room.verify().assert_clean();
    let server = Server::start(room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    assert_eq!(client.raw(stays).unwrap().success().body, b"a file that stays");
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}

#[test]
fn a_subject_is_forgotten_offline_and_backups_are_named() {
    let room = Room::new();
    let stays = filled(&room);
    assert!(!traces(&room.data(), MARKER.as_bytes()).is_empty());
    let backup = room.beside("backup");
    assert!(room.run([Path::new("backup"), &backup]).status.success());
    let listed = room.run(["erase", MARKER, "--rows", "--list"]);
    let would = text(&listed.stdout);
    assert!(would.contains("would remove 11 rows of bytes_boefje_meta"), "{listed:?}");
    assert!(would.contains("would remove 11 rows of bytes_raw_file"), "{would}");
    assert!(!traces(&room.data(), MARKER.as_bytes()).is_empty());
    let erased = room.run(["erase", MARKER, "--rows", "--json"]);
    assert!(erased.status.success(), "{erased:?}");
    let report: Json = serde_json::from_slice(&erased.stdout).unwrap();
    assert_eq!(
        (&report["removed"]["bytes_raw_file"], &report["contents"]),
        (&11.into(), &11.into()),
        "{report}"
    );
    let backups = report["backups"].as_array().unwrap();
    assert!(
        backups.len() == 1 && backups[0].as_str().unwrap().starts_with(backup.to_str().unwrap()),
        "{report}"
    );
    assert!(!traces(&backup, MARKER.as_bytes()).is_empty(), "a backup still has it");
    assert_forgotten(&room, &stays);
    // a second time there is nothing to forget, and nothing is recorded of the search
    let size = || text(&room.run(["verify"]).stdout);
    let before = size();
    for unknown in [&["erase", MARKER][..], &["erase", "nobody at all"], &["erase", "--list", MARKER]] {
        let told = room.run(unknown);
        assert_eq!(told.status.code(), Some(3), "{told:?}");
        assert!(text(&told.stderr).contains("nothing that is stored speaks of this subject"), "{told:?}");
    }
    assert_eq!(size(), before);
    let rebuilt = room.run(["rebuild"]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    assert_forgotten(&room, &stays);
}

/// Killed at random moments, again and again: in the end nothing is left, and nothing else is lost.
#[test]
fn an_erasure_that_is_killed_is_ended_by_the_next_start() {
    let room = Room::new();
    let stays = filled(&room);
    let whole = Instant::now();
    let mut began = false;
    for wait in [20, 45, 70, 95, 120, 150, 190, 240, 300] {
        let mut command = room.command(["erase", MARKER, "--rows", "--data"]);
        command.arg(room.data()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let until = Instant::now() + Duration::from_millis(wait);
        // a moment, not an order: whatever it hits must be mended
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::hint::spin_loop();
        }
        began |= child.try_wait().unwrap().is_none();
        let _ = child.kill();
        child.wait().unwrap();
        let verified = room.verify();
        assert_ne!(verified.code, Some(1), "killed after {wait} ms: {}", verified.text);
    }
    assert!(began, "every erasure ended before it was killed, within {:?}", whole.elapsed());
    // the start takes up what was begun; a last erasure finds what was not
    assert_eq!(Server::start(&room).stop(), Some(0));
    let erased = room.run(["erase", MARKER, "--rows"]);
    assert!(matches!(erased.status.code(), Some(0 | 3)), "{erased:?}");
    assert_forgotten(&room, &stays);
}

/// The same while it serves, for a token of role `eraser` only.
#[test]
fn a_subject_is_forgotten_while_the_server_runs() {
    let room = Room::new();
    let stays = filled(&room);
    let issue = |role: &str| {
        let issued = room.run(["token", "issue", "--role", role, "--name", "jo"]);
        assert!(issued.status.success(), "{issued:?}");
        text(&issued.stdout).trim().to_owned()
    };
    let (eraser, auditor) = (issue("eraser"), issue("auditor"));
    let server = Server::start(&room);
    let ask = |token: &str, body: &Json| {
        let mut client = Client::new(server.main).with_token(token);
        client.post("/custody/erasures", body).unwrap()
    };
    let asked = serde_json::json!({ "subject": MARKER });
    assert_eq!(ask("nothing", &asked).status, 401);
    assert_eq!(ask(&auditor, &asked).status, 403);
    let mut reader = Client::new(server.main).with_token(&eraser);
    let refused = reader.get("/custody/records").unwrap().status;
    assert!([401, 403].contains(&refused), "who erases does not read: {refused}");
    for wrong in [
        serde_json::json!({}),
        serde_json::json!({ "subject": "" }),
        serde_json::json!({ "subject": MARKER, "all": true }),
        serde_json::json!({ "subject": 7 }),
    ] {
        assert_eq!(ask(&eraser, &wrong).status, 422, "{wrong}");
    }
    assert_eq!(ask(&eraser, &serde_json::json!({ "subject": "x".repeat(20_000) })).status, 413);
    let listed = ask(&eraser, &serde_json::json!({ "subject": MARKER, "list": true })).success().json();
    assert_eq!(listed["removed"]["bytes_raw_file"], 11, "{listed}");
    let done = ask(&eraser, &asked).success().json();
    assert_eq!((&done["removed"], &done["contents"]), (&listed["removed"], &11.into()), "{done}");
    let mut client = Client::logged_in(server.bytes).unwrap();
    assert_eq!(client.get(&format!("/bytes/boefje_meta/{}", id(1, 5))).unwrap().status, 404);
    assert_eq!(traces(&room.data(), MARKER.as_bytes()), [] as [String; 0], "while it serves");
    assert_eq!(ask(&eraser, &asked).status, 404);
    assert_eq!(ask(&eraser, &serde_json::json!({ "subject": MARKER, "list": true })).status, 404);
    assert_eq!(server.stop(), Some(0));
    assert_forgotten(&room, &stays);
}

/// Rows in PostgreSQL, content in S3.
#[test]
fn a_subject_is_forgotten_where_rows_and_content_are_elsewhere() {
    let Some(database) = Postgres::new() else { return };
    let Some(room) = on_s3(Room::new().with("STRONGROOM_DATABASE__URL", &database.url)) else { return };
    let stays = filled(&room);
    let erased = room.run(["erase", MARKER, "--json"]);
    assert!(erased.status.success(), "{erased:?}");
    let report: Json = serde_json::from_slice(&erased.stdout).unwrap();
    assert_eq!(
        (&report["removed"]["bytes_raw_file"], &report["contents"]),
        (&11.into(), &11.into()),
        "{report}"
    );
    assert!(report["caveats"][0].as_str().unwrap().contains("write-ahead log"), "{report}");
    if let Ok(folder) = std::env::var("STRONGROOM_TEST_S3_FOLDER") {
        assert_eq!(traces(Path::new(&folder), MARKER.as_bytes()), [] as [String; 0]);
    } else {
        println!("not searched: STRONGROOM_TEST_S3_FOLDER is not set");
    }
    assert_forgotten(&room, &stays);
    let rebuilt = room.run(["rebuild"]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    assert_forgotten(&room, &stays);
}
