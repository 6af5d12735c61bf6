//! Content encrypted where it lies, with the original's two keys.

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::support::{Client, Room, Server, client::id};

/// Bytes 1 to 32, and the public half of the pair whose private half is bytes 33 to 64.
const PRIVATE: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const PUBLIC: &str = "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns=";

pub(crate) fn sealing(room: Room) -> Room {
    room.with("BYTES_ENCRYPTION_MIDDLEWARE", "NACL_SEALBOX")
        .with("BYTES_PRIVATE_KEY_B64", PRIVATE)
        .with("BYTES_PUBLIC_KEY_B64", PUBLIC)
}

pub(crate) fn holds(folder: &Path, needle: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle)
    })
}

#[test]
fn sealed_content_is_nowhere_in_the_clear_and_is_served_as_it_came() {
    let room = sealing(Room::new());
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    let (small, large) = (b"words nobody must see".to_vec(), b"nobody must see ".repeat(20_000));
    for (n, content) in [&small, &large].into_iter().enumerate() {
        let job = id(1, u64::try_from(n).unwrap());
        client.save_job(&job).unwrap().success();
        let raw = client.upload(&job, content).unwrap().unwrap();
        assert!(client.raw(&raw).unwrap().success().body == *content);
    }
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
    assert!(!holds(&room.data(), b"nobody must see"));
    assert!(!holds(&room.data(), BASE64_STANDARD.encode(&small).as_bytes()));
}
