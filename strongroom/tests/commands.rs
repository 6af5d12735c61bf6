//! The operator's commands.

use std::path::Path;

use crate::support::{
    Client, Room, Server,
    client::{self, id},
    server::{Verified, text},
};

fn filled(room: &Room) -> Server {
    let server = Server::start(room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    for n in 0..3 {
        client.save_job(&id(1, n)).unwrap().success();
        client.upload(&id(1, n), format!("content {n}").as_bytes()).unwrap().unwrap();
    }
    client.save_job(&id(2, 0)).unwrap().success();
    client.upload(&id(2, 0), &vec![3; 200_000]).unwrap().unwrap();
    server
}

#[test]
fn a_data_folder_has_one_server() {
    let room = Room::new();
    let server = Server::start(&room);
    let refusal = Server::try_start(&room).err().unwrap();
    assert!(refusal.contains(&format!("is in use by process {}", server.pid())), "{refusal}");
}

#[test]
fn a_missing_signing_key_is_not_replaced_by_another() {
    let room = Room::new();
    filled(&room).stop();
    std::fs::remove_file(room.data().join("keys/ledger.key")).unwrap();
    let refusal = Server::try_start(&room).err().unwrap();
    assert!(refusal.contains("its signing key is missing"), "{refusal}");
}

#[test]
fn the_example_of_a_configuration_is_a_sound_one() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/strongroom.toml");
    let room = Room::new();
    let shown = room.run([std::ffi::OsStr::new("check-config"), "--config".as_ref(), example.as_os_str()]);
    assert!(shown.status.success(), "{shown:?}");
}

#[test]
fn a_wrong_key_in_the_configuration_is_named() {
    let room = Room::new().with("STRONGROOM_HTTP__LISTNE", "127.0.0.1:0");
    let output = room.run(["check-config"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("STRONGROOM_HTTP__LISTNE"), "{output:?}");
    let shown = Room::new().run(["check-config"]);
    assert!(shown.status.success(), "{shown:?}");
    assert!(!text(&shown.stdout).contains("room service"), "a password was shown");
    let room = Room::new();
    let file = room.beside("saved.toml");
    std::io::Write::write_all(&mut std::fs::File::create(&file).unwrap(), &shown.stdout).unwrap();
    let again = room.run([std::ffi::OsStr::new("check-config"), "--config".as_ref(), file.as_os_str()]);
    assert!(again.status.success(), "{again:?}");
    let values = |bytes: &[u8]| {
        let line = |line: &str| line.split("  # ").next().unwrap_or_default().to_owned();
        let data = |line: &String| line.starts_with("dir = ");
        text(bytes).lines().map(line).filter(|line| !data(line)).collect::<Vec<_>>()
    };
    assert_eq!(values(&again.stdout), values(&shown.stdout));
}

#[test]
fn a_proof_holds_for_its_record_and_for_no_other() {
    let room = Room::new();
    let server = filled(&room);
    let out = room.beside("proofs");
    let prove = |args: &[&str]| {
        let mut command = room.command(["prove", "--with-records", "--output", out.to_str().unwrap()]);
        command.args(args).arg("--data").arg(room.data()).output().unwrap()
    };
    assert!(prove(&["1"]).status.success());
    assert!(prove(&["2"]).status.success());
    assert_eq!(prove(&["1000"]).status.code(), Some(1));
    let key = room.key();
    let check = |proof: u32, record: u32| {
        let file = |n: u32, kind: &str| out.join(format!("{n}.{kind}"));
        let mut command = room.command(["check-proof"]);
        command.arg(file(proof, "tlog-proof")).arg("--key").arg(&key);
        command.arg("--record").arg(file(record, "record.json")).output().unwrap()
    };
    let proven = check(1, 1);
    assert!(proven.status.success(), "{proven:?}");
    assert!(text(&proven.stdout).contains("proven: leaf 1 of"), "{proven:?}");
    assert_eq!(check(1, 2).status.code(), Some(1));
    let record = out.join("1.record.json");
    let changed = std::fs::read_to_string(&record).unwrap().replace("ssl-version", "ssl-versiom");
    std::io::Write::write_all(&mut std::fs::File::create(&record).unwrap(), changed.as_bytes()).unwrap();
    assert_eq!(check(1, 1).status.code(), Some(1));
    drop(server);
}

#[test]
fn a_digest_finds_the_leaves_that_name_it() {
    let room = Room::new();
    filled(&room).stop();
    let out = room.beside("proofs");
    let digest = strongroom_model::Digest::of(b"content 1").to_string();
    let mut command = room.command(["prove", "--digest", &digest, "--output", out.to_str().unwrap()]);
    let output = command.arg("--data").arg(room.data()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn a_backup_beside_a_serving_process_restores_to_the_same() {
    let room = Room::new();
    let server = filled(&room);
    let (backup, restored) = (room.beside("backup"), room.beside("restored"));
    let run = |args: &[&str], data: &Path| room.command(args).arg("--data").arg(data).output().unwrap();
    let done = run(&["backup", "--with-keys", backup.to_str().unwrap()], &room.data());
    assert!(done.status.success(), "{done:?}");
    let done = run(&["restore", backup.to_str().unwrap()], &restored);
    assert!(done.status.success(), "{done:?}");
    assert!(text(&done.stdout).contains("4 contents"), "{done:?}");
    let again = run(&["restore", backup.to_str().unwrap()], &restored);
    assert!(text(&again.stderr).contains("is not empty"), "{again:?}");
    drop(server);
    // it serves, and the checkpoint of the copy is one of the original's past
    let copy = run(&["keys", "show"], &restored);
    assert_eq!(text(&copy.stdout).trim(), room.key());
    let since = restored.join("ledger/checkpoint");
    room.verify_with([Path::new("--since"), &since]).assert_clean();
}

#[test]
fn a_backup_without_keys_can_be_verified_but_not_served() {
    let room = Room::new();
    filled(&room).stop();
    let backup = room.beside("backup");
    let done = room.run(["backup", backup.to_str().unwrap()]);
    assert!(done.status.success(), "{done:?}");
    let names: Vec<_> =
        std::fs::read_dir(backup.join("keys")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["ledger.pub"]);
    let verified = room.command(["verify", "--data", backup.to_str().unwrap()]).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn rebuilt_tables_are_the_same() {
    let room = Room::new();
    filled(&room).stop();
    let dump = || dump(&room.data().join("strongroom.sqlite"));
    let before = dump();
    assert!(before.iter().any(|line| line.contains("bytes_raw_file")));
    let database = rusqlite::Connection::open(room.data().join("strongroom.sqlite")).unwrap();
    database.execute("DELETE FROM bytes_raw_file", []).unwrap();
    drop(database);
    assert_eq!(room.verify().code, Some(1));
    let done = room.run(["rebuild"]);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(dump(), before);
    room.verify().assert_clean();
}

/// All rows of the services' tables, as text.
fn dump(path: &Path) -> Vec<String> {
    let database = rusqlite::Connection::open(path).unwrap();
    let mut lines = Vec::new();
    for table in [
        "bytes_boefje_meta",
        "bytes_raw_file",
        "bytes_normalizer_meta",
        "bytes_organization",
        "kernel_content",
    ] {
        let mut rows = database.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<rusqlite::types::Value> =
                (0..columns).map(|column| row.get(column).unwrap()).collect();
            lines.push(format!("{table} {values:?}"));
        }
    }
    lines
}

#[test]
fn the_doctor_says_what_is_missing() {
    let room = Room::new();
    let before = room.run(["doctor"]);
    assert_eq!(before.status.code(), Some(1), "{before:?}");
    assert!(text(&before.stdout).contains("FAIL data folder"), "{before:?}");
    filled(&room).stop();
    let after = room.run(["doctor"]);
    assert!(text(&after.stdout).contains("ok   ledger: "), "{after:?}");
    let verified = Verified { code: after.status.code(), text: text(&after.stdout) };
    assert!(!verified.text.contains("FAIL data folder"), "{}", verified.text);
}

#[test]
fn the_doctor_asks_the_time_stamp_authority() {
    let room = Room::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let certificates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/timestamp/v1/root.pem");
    let room = room
        .with("STRONGROOM_LEDGER__TIMESTAMP_URL", format!("http://user:hush@{closed}"))
        .with("STRONGROOM_LEDGER__TIMESTAMP_CERTIFICATES", certificates.to_str().unwrap());
    let told = text(&room.run(["doctor"]).stdout);
    assert!(told.contains(&format!("FAIL time-stamp authority http://{closed}/: ")), "{told}");
    assert!(!told.contains("hush"), "{told}");
}

/// The whole way: what is deleted is no longer served, the ledger says so, and nothing has to be done by hand.
#[test]
fn an_organisation_is_deleted_and_old_jobs_go() {
    let room = Room::new().with("STRONGROOM_BYTES__RETENTION__DAYS", "30000");
    let server = filled(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    let mut other = client::job(&id(3, 0));
    other["organization"] = "other".into();
    client.post("/bytes/boefje_meta", &other).unwrap().success();
    let raw = client.upload(&id(3, 0), b"content 0").unwrap().unwrap();
    let refused = room.run(["bytes", "delete-organization", "acme"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("in use by process"), "{refused:?}");
    server.stop();

    let deleted = room.run(["bytes", "delete-organization", "acme"]);
    assert!(deleted.status.success(), "{deleted:?}");
    let said = text(&deleted.stdout);
    assert!(said.starts_with("deleted 4 scan jobs, 4 raw files and 0 parser jobs of acme;"), "{said}");
    room.verify().assert_clean();
    let kept = room.run(["bytes", "expire"]);
    assert!(text(&kept.stdout).starts_with("deleted 0 scan jobs"), "{kept:?}");
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    assert_eq!(client.get(&format!("/bytes/boefje_meta/{}", id(1, 0))).unwrap().status, 404);
    assert_eq!(client.raw(&raw).unwrap().body, b"content 0");
    server.stop();

    let room = room.with("STRONGROOM_BYTES__RETENTION__DAYS", "30");
    let expired = room.run(["bytes", "expire"]);
    let said = text(&expired.stdout);
    assert!(said.starts_with("deleted 1 scan jobs, 1 raw files and 0 parser jobs;"), "{said}");
    let room = room.with("STRONGROOM_BYTES__RETENTION__DAYS", "0");
    let unlimited = room.run(["bytes", "expire"]);
    assert!(text(&unlimited.stdout).starts_with("everything is kept for ever"), "{unlimited:?}");
    room.verify().assert_clean();
}

/// The serving process does the same by itself, beginning at its start.
#[test]
fn a_serving_process_deletes_old_jobs() {
    let room = Room::new();
    filled(&room).stop();
    let room = room.with("STRONGROOM_BYTES__RETENTION__DAYS", "30");
    let server = Server::start(&room);
    room.wait_for_line("old scan jobs were deleted");
    let mut client = Client::logged_in(server.bytes).unwrap();
    assert_eq!(client.get(&format!("/bytes/boefje_meta/{}", id(1, 0))).unwrap().status, 404);
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}
