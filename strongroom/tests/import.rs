//! A database and a folder of OpenKAT's Bytes, taken over.
//!
//! The tables are made here as the original's migrations leave them.

use std::{fs, path::Path};

use crate::{
    sealed::sealing,
    support::{
        Client, Room, Server,
        client::id,
        outside::{Postgres, on_s3},
        server::{Verified, text},
    },
};

const SCHEMA: &str = "
    CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
    INSERT INTO alembic_version VALUES ('1dde0213e9fe');
    CREATE TABLE boefje_meta (id uuid PRIMARY KEY, boefje_id varchar(64) NOT NULL, boefje_version varchar(16),
        organization varchar(32) NOT NULL, input_ooi varchar(1024), arguments json NOT NULL, environment json,
        runnable_hash varchar(64), started_at timestamptz, ended_at timestamptz);
    CREATE TABLE signing_provider (id serial PRIMARY KEY, url varchar(256) NOT NULL UNIQUE);
    CREATE TABLE raw_file (id uuid PRIMARY KEY, secure_hash varchar(256), hash_retrieval_link varchar(2048),
        boefje_meta_id uuid NOT NULL REFERENCES boefje_meta ON DELETE CASCADE, mime_types varchar(64)[],
        signing_provider_id integer REFERENCES signing_provider ON DELETE CASCADE);
    CREATE TABLE normalizer_meta (id uuid PRIMARY KEY, normalizer_id varchar(64) NOT NULL,
        normalizer_version varchar(16), started_at timestamptz, ended_at timestamptz,
        raw_file_id uuid NOT NULL REFERENCES raw_file ON DELETE CASCADE);";

const ROWS: &str = r#"
    INSERT INTO signing_provider (url) VALUES ('https://tsa.example/');
    INSERT INTO boefje_meta VALUES
        ('00000001-0000-4000-8000-000000000001', 'ssl-version', '0.4', 'acme', 'Hostname|internet|x',
         '{"b": 1.0, "a": {"name": "\u00e9"}}', 'null', NULL, '2025-03-04T10:20:30Z', '2025-03-04T10:20:41.5Z'),
        ('00000001-0000-4000-8000-000000000002', 'dns', NULL, 'other', NULL, '{}', '{"KEY": "value"}', 'abc',
         NULL, NULL);
    INSERT INTO raw_file VALUES
        ('00000002-0000-4000-8000-000000000001', '$HASH', 'a link', '00000001-0000-4000-8000-000000000001',
         '{boefje/x,text/xml}', 1),
        ('00000002-0000-4000-8000-000000000002', NULL, NULL, '00000001-0000-4000-8000-000000000001',
         '{text/xml,boefje/x}', NULL),
        ('00000002-0000-4000-8000-000000000003', NULL, NULL, '00000001-0000-4000-8000-000000000002', NULL, NULL);
    INSERT INTO normalizer_meta VALUES
        ('00000003-0000-4000-8000-000000000001', 'kat_ssl', '1', '2025-03-04T10:21:00Z', '2025-03-04T10:21:01Z',
         '00000002-0000-4000-8000-000000000001');"#;

fn contents() -> [(&'static str, u64, Vec<u8>); 3] {
    [("acme", 1, b"one".to_vec()), ("acme", 2, vec![2; 100_000]), ("other", 3, Vec::new())]
}

fn put(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::io::Write::write_all(&mut fs::File::create(path).unwrap(), content).unwrap();
}

fn place(folder: &Path, organization: &str, n: u64) -> std::path::PathBuf {
    let id = id(2, n);
    folder.join(organization).join(&id[..3]).join(id)
}

/// A database and a folder as the original would have left them.
fn original(hash: &str) -> Option<(Postgres, tempfile::TempDir)> {
    let database = Postgres::new()?;
    database.execute(SCHEMA);
    database.execute(&ROWS.replace("$HASH", hash));
    let folder = tempfile::tempdir().unwrap();
    for (organization, n, content) in contents() {
        put(&place(folder.path(), organization, n), &content);
    }
    Some((database, folder))
}

/// Puts the contents into the bucket under test, under organisations of their own.
fn fill_bucket(room: &Room, bucket: &str) {
    use object_store::{ObjectStoreExt as _, PutPayload, aws::AmazonS3Builder, path::Path as Key};
    let builder = AmazonS3Builder::new()
        .with_endpoint(room.variable("AWS_ENDPOINT_URL"))
        .with_access_key_id(room.variable("AWS_ACCESS_KEY_ID"))
        .with_secret_access_key(room.variable("AWS_SECRET_ACCESS_KEY"))
        .with_region(room.variable("AWS_REGION"))
        .with_allow_http(true);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = builder.with_bucket_name(bucket).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for (organization, n, content) in contents() {
            let key = Key::from_iter([organization, &id(2, n)]);
            client.put(&key, PutPayload::from(content)).await.unwrap();
        }
    });
}

#[test]
fn files_may_be_in_a_bucket() {
    let Some((database, _)) = original(&hash_of_one()) else { return };
    let Some(room) = on_s3(Room::new()) else { return };
    let url = room.variable("STRONGROOM_CONTENT__URL");
    let bucket = url.trim_start_matches("s3://").split('/').next().unwrap();
    fill_bucket(&room, bucket);
    let mut command = room.command(["import", "bytes", "--from", &database.url, "--s3-bucket", bucket]);
    let output = command.arg("--data").arg(room.data()).output().unwrap();
    assert!(text(&output.stdout).contains("raw files: 3 of 3 are the same here"), "{output:?}");
    assert!(output.status.success(), "{output:?}");
}

fn import(room: &Room, database: &Postgres, files: &Path, more: &[&str]) -> Verified {
    let mut command = room.command(["import", "bytes", "--from", &database.url, "--files"]);
    let output = command.arg(files).args(more).arg("--data").arg(room.data()).output().unwrap();
    Verified { code: output.status.code(), text: text(&output.stdout) + &text(&output.stderr) }
}

/// The hash of the first file, recomputed by the program itself from an upload of the same bytes and end.
fn hash_of_one() -> String {
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    let raw = client.upload(&id(1, 1), b"one").unwrap().unwrap();
    let meta = client.get(&format!("/bytes/raw/{raw}/meta")).unwrap().success().json();
    meta["secure_hash"].as_str().unwrap().to_owned()
}

#[test]
fn everything_is_taken_over_and_again_changes_nothing() {
    let Some((database, files)) = original(&hash_of_one()) else { return };
    let room = Room::new();
    let first = import(&room, &database, files.path(), &[]);
    assert_eq!(first.code, Some(0), "{}", first.text);
    for words in ["jobs: 2 of 2 are the same", "raw files: 3 of 3", "parser jobs: 1 of 1", "clean: "] {
        assert!(first.text.contains(words), "{}", first.text);
    }
    let again = import(&room, &database, files.path(), &[]);
    assert_eq!(again.code, Some(0), "{}", again.text);

    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    for (_, n, content) in contents() {
        assert!(client.raw(&id(2, n)).unwrap().success().body == content);
    }
    let meta = client.get(&format!("/bytes/raw/{}/meta", id(2, 1))).unwrap().success().json();
    assert_eq!(meta["signing_provider_url"], "https://tsa.example/");
    assert_eq!(meta["hash_retrieval_link"], "a link");
    let job = client.get(&format!("/bytes/boefje_meta/{}", id(1, 1))).unwrap().success().text();
    assert!(job.contains(r#""arguments":{"b":1.0,"a":{"name":"é"}}"#), "{job}");
    let parser = client.get(&format!("/bytes/normalizer_meta/{}", id(3, 1))).unwrap().success().json();
    assert_eq!(parser["raw_data"]["id"], id(2, 1));
    // the first of two files with equal labels is the one an upload finds
    let answer = client.upload(&id(1, 1), b"new").unwrap();
    assert!(answer.is_some());
    let metrics = client.get("/metrics").unwrap().success().text();
    assert!(metrics.contains(r#"bytes_database_raw_files_total{organization_id="acme"} 3.0"#), "{metrics}");
}

#[test]
fn a_missing_or_changed_file_is_named_and_the_rest_is_taken_over() {
    let Some((database, files)) = original(&hash_of_one()) else { return };
    fs::remove_file(place(files.path(), "acme", 2)).unwrap();
    put(&place(files.path(), "acme", 1), b"two");
    let room = Room::new();
    let found = import(&room, &database, files.path(), &[]);
    assert_eq!(found.code, Some(1), "{}", found.text);
    for words in [format!("changed: raw file {}", id(2, 1)), format!("left out: raw file {}", id(2, 2))] {
        assert!(found.text.contains(&words), "{}", found.text);
    }
    // put back, the import goes on where it was
    put(&place(files.path(), "acme", 2), &vec![2; 100_000]);
    let again = import(&room, &database, files.path(), &[]);
    assert!(again.text.contains("raw files: 3 of 3"), "{}", again.text);
}

#[test]
fn sealed_files_are_opened() {
    let Some((database, files)) = original(&hash_of_one()) else { return };
    // NaCl's box of `hello bytes` between the two keys
    let sealed = "000102030405060708090a0b0c0d0e0f1011121314151617f1a0f6edee90f92d72bd2b1918a120bb\
                  7a90b735351d1fab8d9732";
    let sealed: Vec<u8> =
        (0..sealed.len()).step_by(2).map(|at| u8::from_str_radix(&sealed[at..at + 2], 16).unwrap()).collect();
    for (organization, n, _) in contents() {
        put(&place(files.path(), organization, n), &sealed);
    }
    let room = sealing(Room::new());
    let found = import(&room, &database, files.path(), &["--sealed"]);
    assert!(found.text.contains("raw files: 3 of 3"), "{}", found.text);
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    assert_eq!(client.raw(&id(2, 3)).unwrap().success().body, b"hello bytes");
}

#[test]
fn another_revision_is_refused() {
    let Some((database, files)) = original("") else { return };
    database.execute("UPDATE alembic_version SET version_num = 'older'");
    let refused = import(&Room::new(), &database, files.path(), &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.text.contains("1dde0213e9fe"), "{}", refused.text);
}
