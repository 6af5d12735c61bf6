//! Witness and mirror judged by other people's programs: a log of Tessera that publishes nothing our witness has not
//! cosigned, and Go's transparency-log modules as readers of our mirror.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use strongroom_ledger::{
    AddCheckpoint, Checkpoint, Note, Tile, TileHashReader, TileKind, TileReader,
    mirror::{EntryPackage, MirrorInfo, UploadHead},
    proof::subtree_proof,
    tile::decode_bundle,
};
use strongroom_model::Digest;

use crate::{
    support::{Client, Room, Server, go},
    witness::{Cosigner, eventually, fill, log_of},
};

const ORIGIN: &str = "log.example/tessera";
const LEAVES: u64 = 700;

/// Runs a program that must accept.
fn accepts(program: &Path, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A log of Tessera, cosigned by a witness; served until it is dropped.
struct Log {
    child: Child,
    folder: PathBuf,
    secret: PathBuf,
    key: String,
    url: String,
}

impl Log {
    /// Makes the log's key in `room`, and gives it to `witness` to know before the first leaf.
    fn start(room: &Room, judge: &Path, witness: impl FnOnce(&str) -> Cosigner) -> (Self, Cosigner) {
        let (folder, secret) = (room.beside("tessera"), room.beside("tessera.key"));
        let made = Command::new(judge).arg("key").arg(&secret).arg(ORIGIN).output().unwrap();
        let key = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        let witness = witness(&key);
        let policy = room.beside("policy");
        let text = format!("witness w {} http://{}/\nquorum w\n", witness.verifier, witness.address);
        File::create(&policy).unwrap().write_all(text.as_bytes()).unwrap();
        let mut command = Command::new(judge);
        command.arg("log").arg(&folder).arg(&secret).arg(&policy).arg(LEAVES.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let log = Self { child, folder, secret, key, url: url.trim().to_owned() };
        assert!(!log.url.is_empty(), "the log gave up: its diagnostics say why");
        (log, witness)
    }

    /// The checkpoint it published.
    fn checkpoint(&self) -> (Checkpoint, Note) {
        let note = Note::parse(&fs::read(self.folder.join("checkpoint")).unwrap()).unwrap();
        (note.text().parse().unwrap(), note)
    }

    /// The upload of entries from `start` on.
    fn upload(&self, start: u64, packages: usize) -> Vec<u8> {
        let size = self.checkpoint().0.size();
        let head = UploadHead { origin: ORIGIN.to_owned(), start, end: size, ticket: Vec::new() };
        let mut body = head.encode().unwrap();
        let reader = TileHashReader::new(self, size);
        for range in head.packages().take(packages) {
            let bundle = Tile::in_tree(TileKind::Entries, range.start / 256, size).unwrap();
            let bytes = self.tile(bundle).unwrap();
            let entries = decode_bundle(&bytes, bundle.width()).unwrap();
            let first = bundle.index() * 256;
            let wanted =
                usize::try_from(range.start - first).unwrap()..usize::try_from(range.end - first).unwrap();
            let package = EntryPackage {
                entries: entries[wanted].iter().map(|entry| entry.to_vec()).collect(),
                proof: subtree_proof(&reader, first..range.end, size).unwrap(),
            };
            body.extend(package.encode().unwrap());
        }
        body
    }
}

impl TileReader for Log {
    type Error = std::io::Error;

    fn tile(&self, tile: Tile) -> std::io::Result<Vec<u8>> {
        fs::read(self.folder.join(tile.to_string()))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn a_log_of_tessera_is_cosigned_and_mirrored_as_its_own_people_read_it() {
    let (Some(judge), Some(reader)) = (go::judge(), go::reader()) else { return };
    let (log, aside, pulling, pushed) = (Room::new(), Room::new(), Room::new(), Room::new());
    let (log, witness) = Log::start(&log, judge, |key| {
        Cosigner::start_at(&aside, "witness", &[(ORIGIN.to_owned(), key.to_owned(), None)])
    });
    // the checkpoint it published has our cosignature, and everything wrong is refused by its status
    let folder = log.folder.to_str().unwrap();
    accepts(reader, &["check-url", &log.url, &log.key, &witness.verifier]);
    let url = format!("http://{}/", witness.address);
    accepts(judge, &["ask", &url, &witness.verifier, folder, log.secret.to_str().unwrap()]);

    // a mirror that asks the log
    let known = (ORIGIN.to_owned(), log.key.clone(), Some(log.url.clone()));
    let mirror = Cosigner::start_at(&pulling, "mirror", std::slice::from_ref(&known));
    let hash = Digest::of(ORIGIN.as_bytes());
    let path = format!("/{hash}/checkpoint");
    eventually("the copy", || {
        let shown = Note::parse(&mirror.ask("GET", &path, b"").body).ok()?;
        (shown.text().parse::<Checkpoint>().unwrap().size() == LEAVES).then_some(())
    });
    let copy = |mirror: &Cosigner| format!("http://{}/{hash}/", mirror.address);
    accepts(reader, &["check-url", &copy(&mirror), &log.key, &mirror.verifier]);

    // and one that is told, across a kill in the middle
    let known = (ORIGIN.to_owned(), log.key.clone(), None);
    let mirror = Cosigner::start_at(&pushed, "mirror", std::slice::from_ref(&known));
    let (_, note) = log.checkpoint();
    let told = mirror.add(&AddCheckpoint::new(0, Vec::new(), note).unwrap());
    assert_eq!((told.status, told.text()), (200, String::new()));
    let part = mirror.ask("POST", "/add-entries", &log.upload(0, 2));
    assert_eq!(part.status, 202, "{}", part.text());
    assert_eq!(MirrorInfo::parse(&part.body).unwrap().next, 512);
    mirror.kill();
    let mirror = Cosigner::start_at(&pushed, "mirror", std::slice::from_ref(&known));
    assert_eq!(mirror.ask("GET", &path, b"").status, 404, "nothing was cosigned yet");
    let answer = mirror.ask("POST", "/add-entries", &log.upload(512, usize::MAX));
    assert_eq!(answer.status, 409, "{}", answer.text());
    let next = MirrorInfo::parse(&answer.body).unwrap().next;
    mirror.ask("POST", "/add-entries", &log.upload(next, usize::MAX)).success();
    accepts(reader, &["check-url", &copy(&mirror), &log.key, &mirror.verifier]);
}

#[test]
fn a_mirror_of_a_ledger_is_read_by_gos_modules_as_the_ledger_is() {
    let Some(reader) = go::reader() else { return };
    let (room, aside) = (Room::new(), Room::new());
    let server = Server::start(&room);
    let size = fill(&server, 1, 520).text().parse::<Checkpoint>().unwrap().size();
    let known = log_of(&room, &server);
    let mirror = Cosigner::start(&aside, "mirror", std::slice::from_ref(&known));
    let hash = Digest::of(known.0.as_bytes());
    let mut client = Client::new(mirror.address);
    eventually("the copy", || {
        let answer = client.get(&format!("/{hash}/checkpoint")).ok()?;
        let shown = Note::parse(&answer.body).ok()?;
        (shown.text().parse::<Checkpoint>().unwrap().size() >= size).then_some(())
    });
    let url = format!("http://{}/{hash}/", mirror.address);
    accepts(reader, &["check-url", &url, &known.1, &mirror.verifier]);
}
