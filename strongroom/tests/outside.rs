//! A served ledger read by Go's transparency-log modules, which share no code with ours.

use std::process::Command;

use crate::support::{Client, Room, Server, client::id, go};

#[test]
fn gos_modules_accept_a_served_ledger_and_its_proofs() {
    let Some(program) = go::reader() else { return };
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    for n in 0..600 {
        client.save_job(&id(1, n)).unwrap().success();
    }
    let key = room.key();
    let url = format!("http://{}/custody/", server.main);
    let output = Command::new(program).args(["check-url", &url, &key]).output().unwrap();
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
