//! Lives and evidence with the real program: over HTTP, on the command line, and checked with strangers' tools.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use strongroom_model::Digest;

use crate::{
    support::{Client, Room, Server, client::id, server::text},
    witness::{eventually, published},
};

/// Uploads three files, reads one of them; the room and the digest of that one.
fn filled(room: &Room) -> (Server, Digest) {
    let server = Server::start(room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    let mut raw = String::new();
    for n in 0..3 {
        client.save_job(&id(1, n)).unwrap().success();
        raw = client.upload(&id(1, n), format!("content {n}").as_bytes()).unwrap().unwrap();
    }
    client.raw(&raw).unwrap().success();
    // a checkpoint that covers the reading
    client.save_job(&id(2, 0)).unwrap().success();
    published(&server);
    (server, Digest::of(b"content 2"))
}

fn auditor(room: &Room) -> String {
    text(&room.run(["token", "issue", "--role", "auditor", "--name", "jo"]).stdout).trim().to_owned()
}

fn actions(life: &serde_json::Value) -> Vec<String> {
    let leaves = life["leaves"].as_array().unwrap();
    leaves.iter().map(|leaf| leaf["action"].as_str().unwrap().to_owned()).collect()
}

fn bundle(room: &Room, subject: &str, out: &Path) -> Output {
    let mut command = room.command(["bundle", subject, "--out"]);
    command.arg(out).arg("--data").arg(room.data()).output().unwrap()
}

fn check(room: &Room, file: &Path, key: &str) -> Output {
    room.command(["check-bundle"]).arg(file).args(["--key", key]).output().unwrap()
}

#[test]
fn the_life_of_a_file_is_one_query_over_http_and_on_the_command_line() {
    let room = Room::new();
    let (server, digest) = filled(&room);
    let mut client = Client::new(server.main).with_token(&auditor(&room));
    let served = client.get(&format!("/custody/objects/{digest}")).unwrap().success().json();
    let told = room.run(["custody", "object", &digest.to_string(), "--json"]);
    assert!(told.status.success(), "{told:?}");
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(actions(&served)[0], "save_raw");
    assert_eq!(actions(&told)[..actions(&served).len()], actions(&served)[..]);
    assert!(actions(&told).iter().any(|action| action.starts_with("read")), "{told}");
    let of_kat = room.run(["custody", "caller", "kat"]);
    assert!(text(&of_kat.stdout).contains("log_in"), "{of_kat:?}");
    assert_eq!(Client::new(server.main).get("/custody/callers/kat").unwrap().status, 401);
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}

#[expect(clippy::disallowed_methods, reason = "files of a test need not be durable")]
#[test]
fn persons_datasets_and_organisations_are_found_in_every_unit_that_concerns_them() {
    let room = Room::new();
    let (server, _) = filled(&room);
    let trace = r#"{"userId":"Ann","userAction":"USE_DATASETS_POD","datasetsIds":["D-1"],"toolName":"t","toolVersion":"1"}"#;
    let mut client = Client::new(server.main);
    for _ in 0..3 {
        let header = [("Content-Type", "application/json")];
        client.ask("POST", "/tracer/api/v1/traces", &header, trace.as_bytes()).unwrap().success();
    }
    let life = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&room.run(["custody", "subject", name, "--json"]).stdout).unwrap()
    };
    assert_eq!(actions(&life("D-1")), ["add_trace"; 3]);
    // the name stands where it was met first, with the id that every later trace has
    let met = life("Ann");
    assert_eq!(actions(&met), ["add_trace"]);
    let subjects = met["leaves"][0]["subjects"].as_array().unwrap();
    let person = subjects.iter().find(|subject| subject["noun"] == "person").unwrap();
    assert_eq!(actions(&life(person["id"].as_str().unwrap())), ["add_trace"; 3]);
    let of_organisation = actions(&life("acme"));
    assert_eq!(of_organisation.iter().filter(|action| *action == "save_boefje_meta").count(), 4);
    assert_eq!(of_organisation.iter().filter(|action| *action == "save_raw").count(), 3);
    // a failure is told once
    let file = room.beside("no.zip");
    fs::write(&file, "not a zip file").unwrap();
    let told = text(&check(&room, &file, &room.key()).stderr);
    assert_eq!(told.matches("not a zip file").count(), 1, "{told}");
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}

#[test]
fn an_index_made_again_tells_the_same() {
    let room = Room::new();
    let (server, digest) = filled(&room);
    assert_eq!(server.stop(), Some(0));
    let life = || text(&room.run(["custody", "object", &digest.to_string()]).stdout);
    let before = life();
    assert!(before.contains("save_raw"), "{before}");
    assert!(room.run(["rebuild"]).status.success());
    assert_eq!(life(), before);
    room.verify().assert_clean();
}

#[expect(clippy::disallowed_methods, reason = "files of a test need not be durable")]
#[test]
fn a_bundle_is_checked_offline_and_any_change_is_found() {
    let room = Room::new();
    let (server, digest) = filled(&room);
    let key = room.key();
    let file = room.beside("bundle.zip");
    let made = bundle(&room, &format!("sha256:{digest}"), &file);
    assert!(made.status.success(), "{made:?}");
    assert_eq!(server.stop(), Some(0));
    let checked = check(&room, &file, &key);
    assert!(checked.status.success(), "{checked:?}");
    assert!(text(&checked.stdout).contains("proven: "), "{checked:?}");
    let original = fs::read(&file).unwrap();
    for at in (0..original.len()).step_by(original.len() / 97) {
        let mut changed = original.clone();
        changed[at] ^= 1;
        let path = room.beside("changed.zip");
        fs::write(&path, &changed).unwrap();
        assert_eq!(check(&room, &path, &key).status.code(), Some(1), "byte {at}");
    }
    // another ledger's key, and a key of the same name
    let other = Room::new();
    drop(Server::start(&other));
    assert_eq!(check(&room, &file, &other.key()).status.code(), Some(1));
    assert_eq!(bundle(&room, "nobody at all", &room.beside("none.zip")).status.code(), Some(1));
    assert_eq!(check(&room, &room.beside("none.zip"), &key).status.code(), Some(1));
}

#[expect(clippy::disallowed_methods, reason = "files of a test need not be durable")]
#[test]
fn a_bundle_never_takes_the_place_of_a_file_unasked() {
    let room = Room::new();
    let (server, digest) = filled(&room);
    assert_eq!(server.stop(), Some(0));
    let file = room.beside("bundle.zip");
    fs::write(&file, "other evidence").unwrap();
    let refused = bundle(&room, &digest.to_string(), &file);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("give --force"), "{refused:?}");
    assert_eq!(fs::read(&file).unwrap(), b"other evidence");
    let mut command = room.command(["bundle", &digest.to_string(), "--force", "--out"]);
    let made = command.arg(&file).arg("--data").arg(room.data()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    assert!(check(&room, &file, &room.key()).status.success());
}

/// Checkpoints attested by a real time-stamp authority, in evidence that is checked down to its certificates.
#[expect(clippy::disallowed_methods, reason = "files of a test need not be durable")]
#[test]
fn a_bundle_has_the_time_stamps_of_its_checkpoints() {
    let variable = |name: &str| std::env::var(format!("STRONGROOM_TEST_TSA_{name}"));
    let (Ok(url), Ok(root), Ok(chain), Ok(other)) =
        (variable("URL"), variable("ROOT"), variable("CHAIN"), variable("OTHER_ROOT"))
    else {
        println!("skipped: STRONGROOM_TEST_TSA_URL is not set");
        return;
    };
    let room = Room::new();
    let trusted = room.beside("tsa.pem");
    fs::write(&trusted, [fs::read(root).unwrap(), fs::read(chain).unwrap()].concat()).unwrap();
    let room = room
        .with("STRONGROOM_LEDGER__TIMESTAMP_URL", format!("{url}/rsa"))
        .with("STRONGROOM_LEDGER__TIMESTAMP_CERTIFICATES", trusted.to_str().unwrap())
        .with("STRONGROOM_LEDGER__TIMESTAMP_EVERY", "1s");
    let (server, digest) = filled(&room);
    let file = room.beside("bundle.zip");
    // until an attested checkpoint covers the file
    let stamped = |certificates: &Path| {
        let mut command = room.command(["check-bundle", "--key", &room.key(), "--timestamp-certificates"]);
        command.arg(certificates).arg(&file).output().unwrap()
    };
    let mut client = Client::logged_in(server.bytes).unwrap();
    let mut n = 0;
    let shown = eventually("a time-stamp", || {
        // what is written gives the rhythm something to attest
        n += 1;
        client.save_job(&id(7, n)).unwrap().success();
        let mut command = room.command(["bundle", &digest.to_string(), "--force", "--out"]);
        let made = command.arg(&file).arg("--data").arg(room.data()).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let checked = stamped(&trusted);
        assert!(checked.status.success(), "{checked:?}");
        text(&checked.stdout).contains("time-stamped: the first ").then(|| text(&checked.stdout))
    });
    assert!(shown.contains("proven: "), "{shown}");
    assert_eq!(server.stop(), Some(0));
    // an authority that is not believed proves no time
    assert_eq!(stamped(Path::new(&other)).status.code(), Some(1));
    let script = recipe(&room);
    let run = |certificates: &Path| {
        let mut shell = Command::new("sh");
        shell.arg(&script).arg(&file).env("KEY", room.key()).env("TSA", certificates);
        shell.current_dir(room.beside(".")).output().unwrap()
    };
    let done = run(&trusted);
    assert!(done.status.success(), "{done:?}");
    assert!(!run(Path::new(&other)).status.success());
}

/// The lines of the documentation, as a file.
#[expect(clippy::disallowed_methods, reason = "files of a test need not be durable")]
fn recipe(room: &Room) -> PathBuf {
    let page = include_str!("../../docs/operations/check-a-bundle.md");
    let lines = page[page.find("```sh\nset -eu").unwrap() + 6..].split("\n```").next().unwrap();
    let path = room.beside("check.sh");
    fs::write(&path, format!("{lines}\n")).unwrap();
    path
}

#[test]
fn strangers_tools_check_a_bundle_by_the_written_recipe() {
    for program in ["openssl", "jq", "python3", "sha256sum"] {
        if Command::new(program)
            .arg(if program == "openssl" { "version" } else { "--version" })
            .output()
            .is_err()
        {
            println!("skipped: {program} is not installed");
            return;
        }
    }
    let room = Room::new();
    let (server, digest) = filled(&room);
    let key = room.key();
    let file = room.beside("bundle.zip");
    assert!(bundle(&room, &digest.to_string(), &file).status.success());
    assert_eq!(server.stop(), Some(0));
    let script = recipe(&room);
    let run = |file: &Path, key: &str| {
        Command::new("sh")
            .arg(&script)
            .arg(file)
            .env("KEY", key)
            .current_dir(room.beside("."))
            .output()
            .unwrap()
    };
    let done = run(&file, &key);
    assert!(done.status.success(), "{done:?}");
    assert!(
        text(&done.stdout).contains("save_raw") && text(&done.stdout).contains("proven under"),
        "{done:?}"
    );
    // each file changed in turn, in a zip file that is whole, with sums that fit where that is possible
    let change = r#"
import hashlib, sys, zipfile
source, target, name, fit = sys.argv[1:]
with zipfile.ZipFile(source) as zip:
    files = {entry: zip.read(entry) for entry in zip.namelist()}
content = bytearray(files[name])
content[len(content) // 2] ^= 1
files[name] = bytes(content)
if fit == "fit":
    files["SHA256SUMS"] = "".join("%s  %s\n" % (hashlib.sha256(files[entry]).hexdigest(), entry)
                                  for entry in sorted(files) if entry != "SHA256SUMS").encode()
with zipfile.ZipFile(target, "w") as zip:
    for entry, content in files.items():
        zip.writestr(entry, content)
"#;
    let names = Command::new("python3")
        .args(["-c", "import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist())"])
        .arg(&file)
        .output()
        .unwrap();
    let changed = room.beside("changed.zip");
    for name in text(&names.stdout).split_whitespace() {
        // words for people are held by the sums alone
        let fits: &[&str] = if matches!(name, "README.md" | "report.html" | "SHA256SUMS") {
            &["not"]
        } else {
            &["not", "fit"]
        };
        for fit in fits {
            let mut python = Command::new("python3");
            python.arg("-c").arg(change).arg(&file).arg(&changed).args([name, fit]);
            assert!(python.output().unwrap().status.success());
            assert!(!run(&changed, &key).status.success(), "{name}, sums {fit}");
            assert_eq!(check(&room, &changed, &key).status.code(), Some(1), "{name}");
        }
    }
    let other = Room::new();
    drop(Server::start(&other));
    assert!(!run(&file, &other.key()).status.success());
}
