//! A hand that changes what is stored: `verify` names it, and content that was changed is never served.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use rusqlite::{Connection, types::Value};

use crate::support::{
    Client, Room, Server,
    client::id,
    server::{Verified, copy_folder},
};

/// The idempotency key of one request of the original.
const KEY: &str = "job 400";

/// A data folder with something in every table and file, and what its raw files hold.
struct Original {
    room: Room,
    raw_files: BTreeMap<String, Vec<u8>>,
}

fn original() -> &'static Original {
    static ORIGINAL: OnceLock<Original> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let room = Room::new().with("STRONGROOM_UPKEEP__SCRUB_PER_MINUTE", "1");
        let server = Server::start(&room);
        let mut client = Client::logged_in(server.bytes).unwrap();
        let mut raw_files = BTreeMap::new();
        // more than a tile's width of leaves
        for n in 0..300 {
            client.save_job(&id(1, n)).unwrap().success();
        }
        let contents = [b"first".to_vec(), b"other".to_vec(), vec![1; 90_000], vec![2; 90_000]];
        for (content, n) in contents.into_iter().zip(0..) {
            let raw = client.upload(&id(1, n), &content).unwrap().unwrap();
            client.raw(&raw).unwrap().success();
            raw_files.insert(raw, content);
        }
        let raw = raw_files.keys().next().unwrap();
        let meta = client.get(&format!("/bytes/raw/{raw}/meta")).unwrap().success().json();
        let normalizer = serde_json::json!({
            "id": id(3, 0), "raw_data": meta, "normalizer": {"id": "kat_x", "version": "1"},
            "started_at": "2025-03-04T10:20:30Z", "ended_at": "2025-03-04T10:20:31Z",
        });
        client.post("/bytes/normalizer_meta", &normalizer).unwrap().success();
        client.save_job_once(&id(1, 400), KEY).unwrap().success();
        assert_eq!(server.stop(), Some(0));
        // the scrub looks at one content at each start, and notes which
        let server = Server::start(&room);
        while count(&room.data(), "kernel_note") == 0 {
            std::thread::park_timeout(std::time::Duration::from_millis(10));
        }
        assert_eq!(server.stop(), Some(0));
        room.verify().assert_clean();
        Original { room, raw_files }
    })
}

fn count(data: &Path, table: &str) -> i64 {
    let database = Connection::open(data.join("strongroom.sqlite")).unwrap();
    database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// A copy of the original, changed.
fn changed(change: impl FnOnce(&Path)) -> Room {
    let room = Room::new();
    copy_folder(&original().room.data(), &room.data());
    change(&room.data());
    room
}

fn assert_named(verified: &Verified, what: &str) {
    assert_eq!(verified.code, Some(1), "{what}: {}", verified.text);
    assert!(verified.text.contains("tampered: "), "{what}: {}", verified.text);
}

/// Either the bytes that were uploaded or an error, for every raw file; or nothing at all.
fn assert_serves_no_other_bytes(room: &Room, what: &str) {
    let Ok(server) = Server::try_start(room) else { return };
    let Ok(mut client) = Client::logged_in(server.bytes) else { return };
    for (raw, content) in &original().raw_files {
        match client.raw(raw) {
            Ok(answer) if answer.status == 200 => {
                assert!(answer.body == *content, "{what}: {raw} was served changed");
            }
            Ok(_) => {}
            // a streamed answer that is found broken on its way ends early
            Err(_) => client = Client::logged_in(server.bytes).unwrap(),
        }
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    put(path, &bytes);
}

fn put(path: &Path, bytes: &[u8]) {
    std::io::Write::write_all(&mut fs::File::create(path).unwrap(), bytes).unwrap();
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

/// The large content itself, not what names its domain.
fn objects(data: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files_below(&data.join("objects"), &mut found);
    found.retain(|path| path.metadata().unwrap().len() >= 90_000);
    found.sort();
    assert_eq!(found.len(), 2);
    found
}

fn pack(data: &Path) -> PathBuf {
    let mut found = Vec::new();
    files_below(&data.join("packs"), &mut found);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// Where a payload begins in a pack.
fn place_of(pack: &Path, payload: &[u8]) -> usize {
    let bytes = fs::read(pack).unwrap();
    bytes.windows(payload.len()).position(|window| window == payload).unwrap()
}

#[test]
fn any_changed_byte_of_a_pack_is_found_and_not_served() {
    let data = original().room.data();
    let first = place_of(&pack(&data), b"first");
    let other = place_of(&pack(&data), b"other");
    let (start, end) = (first.min(other), first.max(other) + 5);
    // from the header of the first entry to the last byte of the second
    let header = start.saturating_sub(other.abs_diff(first) - 5);
    for at in (header..end).step_by(3) {
        let room = changed(|data| flip(&pack(data), at));
        assert_named(&room.verify(), &format!("byte {at} of the pack"));
    }
    for at in [first, other + 4, first - 1] {
        let room = changed(|data| flip(&pack(data), at));
        assert_serves_no_other_bytes(&room, &format!("byte {at} of the pack"));
    }
}

#[test]
fn payloads_swapped_within_a_pack_are_found_and_not_served() {
    let room = changed(|data| {
        let path = pack(data);
        let (first, other) = (place_of(&path, b"first"), place_of(&path, b"other"));
        let mut bytes = fs::read(&path).unwrap();
        bytes[first..first + 5].copy_from_slice(b"other");
        bytes[other..other + 5].copy_from_slice(b"first");
        put(&path, &bytes);
    });
    assert_named(&room.verify(), "swapped payloads");
    assert_serves_no_other_bytes(&room, "swapped payloads");
}

#[test]
fn a_pack_cut_short_or_gone_is_found_and_not_served() {
    let cut = changed(|data| {
        let path = pack(data);
        let end = place_of(&path, b"other").max(place_of(&path, b"first"));
        put(&path, &fs::read(&path).unwrap()[..end + 2]);
    });
    assert_named(&cut.verify(), "a pack cut short");
    assert_serves_no_other_bytes(&cut, "a pack cut short");
    let gone = changed(|data| fs::remove_file(pack(data)).unwrap());
    assert_named(&gone.verify(), "a pack gone");
    assert_serves_no_other_bytes(&gone, "a pack gone");
}

#[test]
fn changed_large_content_is_found_and_not_served() {
    type Change = fn(&[PathBuf]);
    let changes: [(&str, Change); 7] = [
        ("first byte", |files| flip(&files[0], 0)),
        ("last byte", |files| flip(&files[1], 89_999)),
        ("middle byte", |files| flip(&files[1], 45_000)),
        ("cut short", |files| put(&files[0], &fs::read(&files[0]).unwrap()[..89_999])),
        ("made longer", |files| put(&files[0], &[fs::read(&files[0]).unwrap(), vec![0]].concat())),
        ("gone", |files| fs::remove_file(&files[0]).unwrap()),
        ("swapped", |files| {
            let (first, second) = (fs::read(&files[0]).unwrap(), fs::read(&files[1]).unwrap());
            put(&files[0], &second);
            put(&files[1], &first);
        }),
    ];
    for (what, change) in changes {
        let room = changed(|data| change(&objects(data)));
        assert_named(&room.verify(), what);
        assert_serves_no_other_bytes(&room, what);
    }
}

#[test]
fn changed_tiles_and_checkpoints_are_found() {
    for file in ["tile/0/000", "tile/entries/000", "checkpoint"] {
        let length =
            usize::try_from(original().room.data().join("ledger").join(file).metadata().unwrap().len());
        let length = length.unwrap();
        for at in [0, length / 3, length / 2, length - 2] {
            let room = changed(|data| flip(&data.join("ledger").join(file), at));
            assert_named(&room.verify(), &format!("byte {at} of {file}"));
        }
        let room = changed(|data| {
            let path = data.join("ledger").join(file);
            let bytes = fs::read(&path).unwrap();
            put(&path, &bytes[..bytes.len() - 1]);
        });
        assert_named(&room.verify(), &format!("{file} cut short"));
    }
    let room = changed(|data| fs::remove_file(data.join("ledger/checkpoint")).unwrap());
    assert_named(&room.verify(), "no checkpoint");
}

#[test]
fn a_lost_tile_is_no_loss() {
    let room = changed(|data| fs::remove_file(data.join("ledger/tile/0/000")).unwrap());
    room.verify().assert_clean();
}

#[test]
fn another_signing_key_is_found() {
    let other = Room::new();
    assert_eq!(Server::start(&other).stop(), Some(0));
    let room = changed(|data| {
        for file in ["ledger.key", "ledger.pub"] {
            fs::copy(other.data().join("keys").join(file), data.join("keys").join(file)).unwrap();
        }
    });
    assert_named(&room.verify(), "another key");
    let refusal = Server::try_start(&room).err().unwrap();
    assert!(refusal.contains("checkpoint"), "{refusal}");
}

#[test]
fn a_rollback_of_everything_is_found_by_a_checkpoint_kept_elsewhere() {
    let copy = tempfile::tempdir().unwrap();
    let room = Room::new().with("STRONGROOM_LEDGER__CHECKPOINT_COPY", copy.path().to_str().unwrap());
    let server = Server::start(&room);
    Client::logged_in(server.bytes).unwrap().save_job(&id(1, 1)).unwrap().success();
    assert_eq!(server.stop(), Some(0));
    let earlier = room.beside("earlier");
    copy_folder(&room.data(), &earlier);
    let server = Server::start(&room);
    Client::logged_in(server.bytes).unwrap().save_job(&id(1, 2)).unwrap().success();
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
    let kept = room.beside("kept");
    fs::copy(room.data().join("ledger/checkpoint"), &kept).unwrap();
    fs::remove_dir_all(room.data()).unwrap();
    copy_folder(&earlier, &room.data());
    assert_named(&room.verify(), "rolled back, with the outside copy");
    let refusal = Server::try_start(&room).err().unwrap();
    assert!(refusal.contains("rolled back"), "{refusal}");
    let alone = Room::new();
    copy_folder(&earlier, &alone.data());
    alone.verify().assert_clean();
    assert_named(&alone.verify_with([Path::new("--since"), &kept]), "rolled back, with a checkpoint given");
}

/// Columns on which no answer, proof or recovery depends.
const FREE: [(&str, &str); 5] = [
    // since when nobody refers to a content: earlier than it was has it deleted sooner, and nobody refers to it
    ("kernel_content", "unreferenced_since"),
    // an index that covers fewer leaves says so in its answers, and goes on from there
    ("ledger_term_run", "first"),
    ("ledger_term_run", "state"),
    // what SQLite's planner counts
    ("sqlite_stat1", "*"),
    ("sqlite_sequence", "*"),
];

/// Taken away as a whole: announcements go out again and the scrub begins anew; a repeated request is carried out
/// again, with a leaf of its own; the index of terms is made again.
const MAY_GO: [&str; 3] = ["kernel_note", "kernel_reply", "ledger_term_run"];

fn free(table: &str, column: &str) -> bool {
    FREE.iter().any(|(free, which)| *free == table && (*which == "*" || *which == column))
}

fn columns(database: &Connection) -> Vec<(String, String)> {
    let sql =
        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'";
    let mut rows = database.prepare(sql).unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// Another value of the same type.
fn other(value: Value) -> Value {
    match value {
        Value::Null => Value::Text("x".to_owned()),
        Value::Integer(number) => Value::Integer(number + 1),
        Value::Real(number) => Value::Real(number + 1.0),
        Value::Text(text) => Value::Text(format!("{text}x")),
        Value::Blob(mut bytes) => {
            match bytes.last_mut() {
                Some(last) => *last ^= 1,
                None => bytes.push(b'x'),
            }
            Value::Blob(bytes)
        }
    }
}

/// Changes one column of the last row; false when the table is empty or a constraint is in the way.
fn alter(data: &Path, table: &str, column: &str) -> bool {
    let database = Connection::open(data.join("strongroom.sqlite")).unwrap();
    let last = format!("SELECT {column} FROM {table} LIMIT 1 OFFSET (SELECT count(*) FROM {table}) - 1");
    let Ok(before) = database.query_row(&last, [], |row| row.get::<_, Value>(0)) else { return false };
    let mut candidates = vec![other(before.clone())];
    if before == Value::Null {
        candidates.extend([Value::Integer(1), Value::Blob(vec![1; 16])]);
    }
    let update = format!("UPDATE {table} SET {column} = ?1 WHERE {column} IS ?2");
    candidates.into_iter().any(|value| database.execute(&update, (value, &before)).is_ok_and(|rows| rows > 0))
}

#[test]
fn any_changed_column_of_any_table_is_found() {
    let database = Connection::open(original().room.data().join("strongroom.sqlite")).unwrap();
    let all = columns(&database);
    drop(database);
    let mut missed = Vec::new();
    let mut seen = 0;
    for (table, column) in all {
        if free(&table, &column) {
            continue;
        }
        let mut altered = false;
        let room = changed(|data| altered = alter(data, &table, &column));
        if altered {
            seen += 1;
            let verified = room.verify();
            if verified.code != Some(1) {
                missed.push(format!("{table}.{column}: {:?} {}", verified.code, verified.text));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    assert!(seen > 40, "only {seen} columns had something to change");
}

#[test]
fn a_row_taken_away_or_added_is_found() {
    let database = Connection::open(original().room.data().join("strongroom.sqlite")).unwrap();
    let mut tables: Vec<String> = columns(&database).into_iter().map(|(table, _)| table).collect();
    tables.dedup();
    drop(database);
    let mut missed = Vec::new();
    for table in tables.iter().filter(|table| !free(table, "*") && !MAY_GO.contains(&table.as_str())) {
        let mut there = 0;
        let room = changed(|data| {
            let database = Connection::open(data.join("strongroom.sqlite")).unwrap();
            there = database.execute(&format!("DELETE FROM {table}"), []).unwrap();
        });
        let verified = room.verify();
        if there > 0 && verified.code != Some(1) {
            missed.push(format!("{table}: {:?} {}", verified.code, verified.text));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    let room = changed(|data| {
        let database = Connection::open(data.join("strongroom.sqlite")).unwrap();
        assert_eq!(database.execute("UPDATE kernel_content SET refs = refs - 1", []).unwrap(), 4);
    });
    assert_named(&room.verify(), "references taken away");
    let room = changed(|data| {
        let database = Connection::open(data.join("strongroom.sqlite")).unwrap();
        let sql = "UPDATE kernel_content SET unreferenced_since = 1 WHERE refs > 0";
        assert_eq!(database.execute(sql, []).unwrap(), 4);
    });
    assert_named(&room.verify(), "content that is referred to marked for deletion");
    let room = changed(|data| {
        let database = Connection::open(data.join("strongroom.sqlite")).unwrap();
        let sql = "INSERT INTO bytes_organization (id, raw_files, bytes, row_order, row_version)
                   SELECT 'ghost', raw_files, bytes, row_order + 1, row_version FROM bytes_organization LIMIT 1";
        database.execute(sql, []).unwrap();
    });
    assert_named(&room.verify(), "an added row");
}

#[test]
fn contents_exchanged_between_rows_are_found_and_not_served() {
    let room = changed(|data| {
        let database = Connection::open(data.join("strongroom.sqlite")).unwrap();
        let sql = "SELECT id, domain, content FROM bytes_raw_file WHERE size < 100 ORDER BY row_order";
        let mut rows = database.prepare(sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let rows: Vec<(Value, Value, Value)> =
            rows.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap();
        let [(first, _, its), (other, _, others)] = rows.as_slice() else { panic!("{rows:?}") };
        let update = "UPDATE bytes_raw_file SET content = ?1 WHERE id = ?2";
        assert_eq!(database.execute(update, (others, first)).unwrap(), 1);
        assert_eq!(database.execute(update, (its, other)).unwrap(), 1);
    });
    assert_named(&room.verify(), "exchanged contents");
    assert_serves_no_other_bytes(&room, "exchanged contents");
}

#[test]
fn a_forged_answer_to_a_repeated_request_is_found_and_not_given() {
    let room = changed(|data| {
        let database = Connection::open(data.join("strongroom.sqlite")).unwrap();
        let sql = "UPDATE kernel_reply SET reply = CAST(substr(reply, 1, 64) || X'7B7D' AS BLOB)";
        assert_eq!(database.execute(sql, []).unwrap(), 1);
    });
    assert_named(&room.verify(), "a forged reply");
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    let answer = client.save_job_once(&id(1, 400), KEY).unwrap();
    assert_eq!(answer.status, 500, "{}", String::from_utf8_lossy(&answer.body));
}

#[test]
fn the_scrub_of_a_serving_process_tells_of_changed_content() {
    let room =
        changed(|data| flip(&objects(data)[0], 7)).with("STRONGROOM_UPKEEP__SCRUB_PER_MINUTE", "1000000");
    let server = Server::start(&room);
    let told = room.wait_for_line("stored content is not what was stored");
    assert!(told.contains("content "), "{told}");
    assert_eq!(server.stop(), Some(0));
}
