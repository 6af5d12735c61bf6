//! The ledger read by Go's transparency-log modules, which share no code with ours: `tests/go-reader`.
//!
//! Without Go, or without its modules at hand, the tests say "skipped", unless `STRONGROOM_TEST_GO=required`.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use strongroom_ledger::tile::encode_bundle;
use strongroom_ledger::{
    Checkpoint, Cosigner, CurrentTiles, Hash, Leaf, Tile, TileHashReader, TileState, TlogProof, commitment,
    inclusion_proof,
};

use crate::support::{Shelf, signer};

const ORIGIN: &str = "log.example/outside";

/// The built program; `None` where it cannot be built and need not be.
fn go_reader() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(build).as_deref()
}

fn build() -> Option<PathBuf> {
    let go = |args: &[&str]| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/go-reader");
        Command::new("go").args(args).current_dir(folder).output()
    };
    let fetched = go(&["mod", "download"]).is_ok_and(|output| output.status.success());
    if !fetched {
        assert!(
            std::env::var_os("STRONGROOM_TEST_GO").is_none_or(|value| value != "required"),
            "Go and its modules are required"
        );
        #[expect(clippy::print_stdout, reason = "whoever runs the tests must see what was left out")]
        {
            println!("skipped: no Go, or its modules cannot be fetched");
        }
        return None;
    }
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-reader");
    let output = go(&["build", "-o", program.to_str().unwrap(), "."]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(program)
}

fn run(program: &Path, args: &[&str]) -> Output {
    Command::new(program).args(args).output().unwrap()
}

fn accepts(program: &Path, args: &[&str]) {
    let output = run(program, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn refuses(program: &Path, args: &[&str], message: &str) {
    let output = run(program, args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
}

/// A ledger in a folder of its own, as static files.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if path.try_exists().unwrap() {
            fs::remove_dir_all(&path).unwrap();
        }
        Self(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(path).unwrap().write_all(bytes).unwrap();
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// Spoils one byte of a file while `check` runs.
    fn spoiled(&self, path: &str, at: usize, check: impl FnOnce()) {
        let whole = fs::read(self.0.join(path)).unwrap();
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        self.write(path, &bytes);
        check();
        self.write(path, &whole);
    }
}

fn leaf(n: u64) -> Leaf {
    Leaf {
        time_micros: 1_795_267_200_000_000 + i64::try_from(n).unwrap(),
        service: ["bytes", "dispatcher"][usize::from(n.is_multiple_of(3))].parse().unwrap(),
        commitment: commitment(&[7; 32], &n.to_be_bytes()),
    }
}

/// Writes a ledger of `size` leaves with proof files for some, and returns the keys of log and witness.
fn write_ledger(folder: &Folder, size: u64) -> (String, String) {
    let leaves: Vec<Leaf> = (0..size).map(leaf).collect();
    let mut state = TileState::new();
    let mut shelf = Shelf::default();
    for full in state.extend(leaves.iter().map(Leaf::hash)) {
        folder.write(&full.tile.to_string(), &full.bytes);
        shelf.0.insert(full.tile.to_string(), full.bytes);
    }
    for partial in state.partial_tiles() {
        folder.write(&partial.tile.to_string(), &partial.bytes);
    }
    for (tile, leaves) in Tile::all_entries(size).zip(leaves.chunks(256)) {
        let entries: Vec<_> = leaves.iter().map(Leaf::encode).collect();
        folder.write(&tile.to_string(), &encode_bundle(entries.iter().map(Vec::as_slice)).unwrap());
    }
    let log = signer(ORIGIN, 5);
    let witness = Cosigner::from_seed("witness.example/w".parse().unwrap(), &[6; 32]);
    let mut signed = Checkpoint::new(ORIGIN, size, state.root()).unwrap().sign(&log);
    signed.add(witness.sign(signed.text(), 1_795_267_200).unwrap());
    folder.write("checkpoint", signed.to_string().as_bytes());
    let reader = TileHashReader::new(CurrentTiles::new(&state, &shelf), size);
    for index in [0, size / 2, size - 1] {
        let hashes: Vec<Hash> = inclusion_proof(&reader, index, size).unwrap();
        let proof = TlogProof::new(index, hashes, signed.clone()).unwrap();
        folder.write(&format!("{index}.tlog-proof"), proof.to_string().as_bytes());
    }
    (log.verifier().to_string(), witness.verifier().to_string())
}

#[test]
fn gos_modules_accept_ledgers_of_many_sizes() {
    let Some(program) = go_reader() else { return };
    for size in [1, 2, 255, 256, 257, 700, 66_000] {
        let folder = Folder::new(&format!("ledger-{size}"));
        let (log, witness) = write_ledger(&folder, size);
        accepts(program, &["check-dir", folder.path(), &log, &witness]);
    }
}

#[test]
fn gos_modules_find_what_was_spoiled() {
    let Some(program) = go_reader() else { return };
    let folder = Folder::new("ledger-spoiled");
    let (log, witness) = write_ledger(&folder, 700);
    let check = |message: &str| refuses(program, &["check-dir", folder.path(), &log], message);
    folder.spoiled("tile/0/001", 4000, || check("read leaves"));
    folder.spoiled("tile/0/002.p/188", 5, || check("read leaves"));
    folder.spoiled("tile/1/000.p/2", 32, || check("read leaves"));
    folder.spoiled("tile/entries/001", 60, || check("is not that of its leaf"));
    folder.spoiled("checkpoint", 22, || check("verify checkpoint"));
    folder.spoiled("350.tlog-proof", 40, || check("350.tlog-proof"));
    accepts(program, &["check-dir", folder.path(), &log]);
    refuses(program, &["check-dir", folder.path(), &witness], "verifier");
}

#[test]
fn gos_modules_accept_one_proof_file_with_its_leaf_hash() {
    let Some(program) = go_reader() else { return };
    let folder = Folder::new("ledger-proof");
    let (log, _) = write_ledger(&folder, 300);
    let file = folder.0.join("150.tlog-proof");
    let file = file.to_str().unwrap();
    accepts(program, &["check-proof", file, &log, &leaf(150).hash().to_string()]);
    refuses(program, &["check-proof", file, &log, &leaf(151).hash().to_string()], "verify");
}

/// Serves a folder over HTTP, one request per connection, until the process ends; returns the address.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let path = head[0].split(' ').nth(1).unwrap().trim_start_matches("/custody/");
            let (status, body) = match fs::read(folder.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")
                .unwrap();
            stream.write_all(&body).unwrap();
        }
    });
    format!("http://{address}/custody/")
}

#[test]
fn gos_modules_accept_a_served_ledger_whose_partial_tiles_were_replaced_by_full_ones() {
    let Some(program) = go_reader() else { return };
    let folder = Folder::new("ledger-served");
    let (log, witness) = write_ledger(&folder, 512);
    let (signed, partial) = (folder.0.join("checkpoint"), Folder::new("ledger-earlier"));
    write_ledger(&partial, 500);
    fs::copy(partial.0.join("checkpoint"), signed).unwrap();
    let address = serve(folder.0.clone());
    // The tile of level 1 was partial at 500 leaves too: of width 1, and 2 at 512.
    refuses(program, &["check-url", &address, &log, &witness], "tile/1/000: not there");
    fs::copy(partial.0.join("tile/1/000.p/1"), folder.0.join("tile/1/000.p/1")).unwrap();
    accepts(program, &["check-url", &address, &log, &witness]);
}
