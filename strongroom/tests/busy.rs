//! Looking at everything beside a server that is written to all the while: nothing is wrong, so nothing is found.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use crate::support::{Client, Room, Server, client::id, outside::Postgres};

const CLIENTS: u32 = 3;
const LOOKS: u32 = 5;

/// Lets the clients end when a look has failed, too.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn write_until(done: &AtomicBool, address: SocketAddr, who: u32) {
    let mut client = Client::logged_in(address).unwrap();
    let mut n = 0_u64;
    while !done.load(Ordering::Relaxed) {
        n += 1;
        client.save_job(&id(who, n)).unwrap().success();
        let length = if n.is_multiple_of(10) { 70_000 } else { 100 };
        let content = [n.to_le_bytes().repeat(length / 8), who.to_le_bytes().to_vec()].concat();
        let raw = client.upload(&id(who, n), &content).unwrap().unwrap();
        assert!(client.raw(&raw).unwrap().success().body == content);
    }
}

/// Looks several times while clients write, and once more after the end.
fn look_beside_clients(room: &Room, look: impl Fn(u32)) {
    let server = Server::start(room);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let end = Done(&done);
        for who in 1..=CLIENTS {
            let (done, address) = (&done, server.bytes);
            scope.spawn(move || write_until(done, address, who));
        }
        for round in 0..LOOKS {
            room.verify().assert_clean();
            look(round);
        }
        drop(end);
    });
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}

#[test]
fn verification_and_backups_beside_a_busy_server_are_clean() {
    let room = Room::new();
    look_beside_clients(&room, |round| {
        let backup = room.beside(&format!("backup-{round}"));
        let made = room.run([std::path::Path::new("backup"), &backup]);
        assert!(made.status.success(), "{made:?}");
        let verified = room.command(["verify", "--data"]).arg(&backup).output().unwrap();
        assert!(verified.status.success(), "{verified:?}");
    });
}

#[test]
fn verification_beside_a_busy_server_on_postgresql_is_clean() {
    let Some(database) = Postgres::new() else { return };
    let room = Room::new().with("STRONGROOM_DATABASE__URL", &database.url);
    look_beside_clients(&room, |_| room.verify_with(["--ledger-only"]).assert_clean());
}
