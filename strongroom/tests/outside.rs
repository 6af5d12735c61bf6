//! A served ledger read by Go's transparency-log modules, which share no code with ours.
//!
//! Without Go, or without its modules at hand, the test says "skipped", unless `STRONGROOM_TEST_GO=required`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Client, Room, Server, client::id};

/// The program of the ledger's own tests, built; `None` where it cannot be.
fn go_reader() -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ledger/tests/go-reader");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-reader");
    let go = |args: &[&str]| Command::new("go").args(args).current_dir(&source).output();
    if go(&["mod", "download"]).is_ok_and(|output| output.status.success()) {
        let built = go(&["build", "-o", program.to_str().unwrap(), "."]).unwrap();
        assert!(built.status.success(), "{built:?}");
        return Some(program);
    }
    let required = std::env::var_os("STRONGROOM_TEST_GO").is_some_and(|value| value == "required");
    assert!(!required, "Go and its modules are required");
    println!("skipped: no Go, or its modules cannot be fetched");
    None
}

#[test]
fn gos_modules_accept_a_served_ledger_and_its_proofs() {
    let Some(program) = go_reader() else { return };
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    for n in 0..600 {
        client.save_job(&id(1, n)).unwrap().success();
    }
    let key = room.key();
    let url = format!("http://{}/custody/", server.main);
    let output = Command::new(&program).args(["check-url", &url, &key]).output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let proof = Client::new(server.main).get("/custody/proof/300").unwrap().success().text();
    let file = room.beside("300.tlog-proof");
    std::io::Write::write_all(&mut std::fs::File::create(&file).unwrap(), proof.as_bytes()).unwrap();
    let saved = client.save_job(&id(2, 0)).unwrap().success();
    let receipt = saved.header("strongroom-receipt").unwrap().to_owned();
    assert!(receipt.contains("index="), "{receipt}");
    let made = room.command(["prove", "300", "--with-records", "--data"]).arg(room.data()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let mut check = room.command(["check-proof", "300.tlog-proof", "--record", "300.record.json"]);
    let checked = check.args(["--key", &key]).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
}
