//! The clients of Tracer, through the program: the dataset service over TLS with a bearer token, and the README of the
//! first version, line by line.

use std::{fs::File, io::Write as _, process::Command, sync::Arc};

use serde_json::{Value, json};
use strongroom_testkit::FakeProvider;

use crate::{
    support::{Client, Room, Server},
    witness::{Cosigner, eventually, published},
};

/// Makes `certificate.pem` and `key.pem` for this machine; false, said aloud, where there is no `openssl`.
fn make_certificate(room: &Room) -> bool {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"])
        .arg("-keyout")
        .arg(room.beside("key.pem"))
        .arg("-out")
        .arg(room.beside("certificate.pem"))
        .output();
    let Ok(output) = made else {
        println!("skipped: no openssl");
        return false;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

#[test]
fn the_dataset_service_traces_and_checks_over_tls_trap_5() {
    if Command::new("python3").arg("--version").output().is_err() {
        return println!("skipped: no python3");
    }
    let room = Room::new();
    if !make_certificate(&room) {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let provider: Arc<FakeProvider> = runtime.block_on(FakeProvider::serve("/realms/CHAIMELEON"));
    let path = |name: &str| room.beside(name).to_str().unwrap().to_owned();
    let (certificate, key) = (path("certificate.pem"), path("key.pem"));
    let room = room
        .with("STRONGROOM_TRACER__OIDC__ISSUER", provider.issuer())
        .with("STRONGROOM_TRACER__TLS__CERTIFICATE", &certificate)
        .with("STRONGROOM_TRACER__TLS__KEY", key);
    let server = Server::start(&room);
    let now = strongroom_kernel::ports::Clock::now(&strongroom_kernel::ports::SystemClock);
    let token = provider.token(&provider.claims("dataset-service", &["trace_writer"], now));
    // the first request for keys may still be under way
    let begun = std::time::Instant::now();
    loop {
        let header = [("Authorization", &*format!("bearer {token}"))];
        let answer = Client::new(server.main).ask("GET", "/tracer/api/v1/traces", &header, b"").unwrap();
        if answer.status == 200 {
            break;
        }
        assert!(begun.elapsed().as_secs() < 60, "{}", answer.status);
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/dataset_service.py");
    let output = Command::new("python3")
        .arg(client)
        .env("TRACER_URL", format!("https://{}/tracer-service/tracer/", server.tracer))
        .env("TRACER_CA", certificate)
        .env("TRACER_TOKEN", token)
        .env("TRACER_SUBJECT", "dataset-service")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "done\n");
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}

#[test]
fn a_trace_stays_in_the_cache_until_the_witnesses_have_seen_it() {
    let (room, aside) = (Room::new(), Room::new());
    assert_eq!(Server::start(&room).stop(), Some(0));
    let key = room.key();
    let origin = key.split('+').next().unwrap().to_owned();
    let nowhere = "127.0.0.1:9".parse().unwrap();
    let witness = Cosigner::start(&aside, "witness", &[(origin.clone(), key.clone(), nowhere)]);
    let away = strongroom_ledger::Cosigner::from_seed("away.example/w".parse().unwrap(), &[5; 32]);
    let policy = |needed: &str| {
        format!(
            "log {key}\nwitness w {} http://{}/\nwitness away {} http://{nowhere}/\ngroup g {needed} w away\nquorum g\n",
            witness.verifier,
            witness.address,
            away.verifier(),
        )
    };
    let file = room.beside("policy");
    let write = |text: String| File::create(&file).unwrap().write_all(text.as_bytes()).unwrap();
    write(policy("all"));
    let room = room
        .with("STRONGROOM_LEDGER__WITNESSES__FILE", file.to_str().unwrap())
        .with("STRONGROOM_LEDGER__WITNESSES__EVERY", "20ms");
    let server = Server::start(&room);
    let mut client = Client::new(server.tracer);
    let body = br#"{"userId":"u","userAction":"USE_DATASETS","datasetsIds":["d"]}"#;
    let answer = client.ask("POST", "/api/v1/traces", &[], body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    published(&server);
    let entries: Value = client.get("/api/v1/traces/cache").unwrap().success().json();
    assert_eq!(entries.as_array().unwrap().len(), 1, "{entries}");
    assert_eq!(entries[0]["status"], "BLOCKCHAIN_WAITING");
    assert!(entries[0]["transactionId"].as_str().unwrap().starts_with(&origin), "{entries}");
    assert!(entries[0]["statusMessage"].as_str().unwrap().contains("witnesses"), "{entries}");
    let settled = |client: &mut Client| -> Value {
        client.get("/api/v1/traces?includePending=false").unwrap().success().json()
    };
    assert_eq!(settled(&mut client)["traces"][0]["countAllTraces"], 0);
    assert_eq!(server.stop(), Some(0));
    // one of the two is enough
    write(policy("any"));
    let server = Server::start(&room);
    let mut client = Client::new(server.tracer);
    eventually("the cosignature", || {
        (client.get("/api/v1/traces/cache").unwrap().success().json() == json!([])).then_some(())
    });
    assert_eq!(settled(&mut client)["traces"][0]["countAllTraces"], 1);
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}

#[test]
fn the_first_readme_works_line_by_line() {
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::new(server.tracer);
    let get = |client: &mut Client, path: &str| -> Value { client.get(path).unwrap().success().json() };
    let words = |list: Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let actions = words(get(&mut client, "/api/v1/actions"));
    assert_eq!(words(get(&mut client, "/api/v1/hashes"))[..2], ["SHA3_256", "SHA3_512"]);
    assert_eq!(words(get(&mut client, "/api/v1/dataset_resources")), ["IMAGING_DATA", "PATIENT_INFO"]);
    assert_eq!(
        words(get(&mut client, "/api/v1/request_resource_contents")),
        ["FILE_DATA", "HTTP_FTP", "HASH"]
    );
    let resources = json!([
        { "id": "r1", "name": "resource 12121", "resourceType": "IMAGING_DATA", "contentType": "FILE_DATA",
          "data": "VGhpcyBpcyBhIGZpbGU=" },
        { "id": "r2", "name": "resource 2", "resourceType": "PATIENT_INFO", "contentType": "HASH",
          "hash": "p//G+L8e12ZRwUdWoGHWYvWA/03kO0n6gtgKS4D4Q0o=", "hashType": "SHA3_256" },
    ]);
    let posts = [
        json!({ "datasetId": "d1", "resources": resources }),
        json!({ "datasetsIds": "d2", "previousIds": ["d1"], "resources": [] }),
        json!({ "datasetId": "d1" }),
        json!({ "datasetsIds": ["d1", "d2"] }),
        json!({ "datasetsIds": ["d1"], "applicationId": "app", "modelId": "m1" }),
        json!({ "datasetId": "d1", "applicationId": "app", "modelsIds": ["m1"] }),
    ];
    for (action, mut body) in actions.iter().zip(posts) {
        body["userId"] = json!("user-1");
        body["userAction"] = json!(action.to_lowercase());
        let typed = [("Content-Type", "application/json")];
        let answer = client.ask("POST", "/api/v1/traces", &typed, body.to_string().as_bytes()).unwrap();
        assert!(matches!(answer.status, 200 | 204), "{action}: {} {}", answer.status, answer.text());
    }
    let traces = get(&mut client, "/api/v1/traces/user-1");
    let traces = traces.as_array().unwrap();
    assert_eq!(traces.len(), 6);
    assert!(traces.iter().all(|trace| actions.iter().any(|known| trace["userAction"] == known.as_str())));
    let created = &traces[5]["traceResources"];
    assert_eq!(created[0]["contentHash"], "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=");
    assert_eq!(created[0]["nameHash"], "zCCNo96qqmjGpgldXwv8Ec22U9uga9zGnG8rKi5KukU=");
    assert_eq!(created[1]["contentHash"], "p//G+L8e12ZRwUdWoGHWYvWA/03kO0n6gtgKS4D4Q0o=");
    assert_eq!(created[1]["resourceType"], "PATIENT_INFO");
    // what was accepted leaves the cache by itself
    let begun = std::time::Instant::now();
    while get(&mut client, "/api/v1/traces/cache") != json!([]) {
        assert!(begun.elapsed().as_secs() < 60);
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}

/// A server of one file that does not answer whoever asks first; says when it was asked.
fn file_server() -> (std::net::SocketAddr, std::sync::mpsc::Receiver<()>) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut unanswered = None;
        while let Ok((mut stream, _)) = listener.accept() {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            if unanswered.is_none() {
                unanswered = Some(stream);
            } else {
                let file = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\nConnection: close\r\n\r\nThis is a file";
                let _ = stream.write_all(file.as_bytes());
            }
            let _ = asked.send(());
        }
    });
    (address, told)
}

#[test]
fn a_file_whose_fetching_a_crash_interrupted_is_fetched_by_the_next_start() {
    let (address, asked) = file_server();
    let room = Room::new()
        .with("STRONGROOM_TRACER__FETCH__INTERNAL_HOSTS", format!(r#"["{address}"]"#))
        .with("STRONGROOM_TRACER__FETCH__SCHEMES", r#"["http"]"#);
    let server = Server::start(&room);
    let mut client = Client::new(server.tracer);
    let body = json!({
        "userId": "u", "userAction": "CREATE_DATASET", "datasetId": "d",
        "resources": [{ "id": "r", "contentType": "HTTP_FTP", "url": format!("http://{address}/file") }],
    });
    let typed = [("Content-Type", "application/json")];
    let answer = client.ask("POST", "/api/v1/traces", &typed, body.to_string().as_bytes()).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let entry: Value = answer.json();
    assert_eq!(entry[0]["status"], "FETCHING");
    let path = format!("/api/v1/traces/{}", entry[0]["traceId"].as_str().unwrap());
    // it is in the middle of it: the server was asked and has not answered
    asked.recv_timeout(std::time::Duration::from_mins(1)).unwrap();
    let cache: Value = client.get("/api/v1/traces/cache").unwrap().success().json();
    assert_eq!(cache[0]["status"], "FETCHING");
    server.kill();
    let server = Server::start(&room);
    let mut client = Client::new(server.tracer);
    let begun = std::time::Instant::now();
    loop {
        let trace: Value = client.get(&path).unwrap().success().json();
        let resource = &trace["traces"][0]["trace"]["traceResources"][0];
        if resource["contentHash"] == "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=" {
            break;
        }
        assert!(begun.elapsed().as_secs() < 60, "{resource}");
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
    let rebuilt = room.run(["rebuild"]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    room.verify().assert_clean();
}

#[test]
fn what_stands_under_a_trace_goes_with_it() {
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::new(server.tracer);
    let resource = json!({ "id": "index-4713", "contentType": "FILE_DATA", "data": "VGhpcyBpcyBhIGZpbGU=" });
    let post = |client: &mut Client, body: Value| -> String {
        let typed = [("Content-Type", "application/json")];
        let answer = client.ask("POST", "/api/v1/traces", &typed, body.to_string().as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let entry: Value = answer.json();
        entry[0]["traceId"].as_str().unwrap().to_owned()
    };
    let create = json!({
        "userId": "u", "userAction": "CREATE_DATASET", "datasetId": "d", "resources": [resource],
    });
    post(&mut client, create);
    let model = json!({
        "userId": "u", "userAction": "CREATE_MODEL", "datasetsIds": ["d", "e"], "applicationId": "a", "modelId": "m",
    });
    let gone = post(&mut client, model);
    assert_eq!(server.stop(), Some(0));
    let erased = room.run(["erase", &format!("row:tracer_trace/{gone}"), "--json"]);
    assert!(erased.status.success(), "{erased:?}");
    let report: Value = serde_json::from_slice(&erased.stdout).unwrap();
    let removed = &report["removed"];
    assert_eq!(removed, &json!({ "tracer_trace": 1, "tracer_trace_dataset": 2, "tracer_trace_model": 1 }));
    room.verify().assert_clean();
    let server = Server::start(&room);
    let mut client = Client::new(server.tracer);
    let found: Value = client.get("/api/v1/traces?datasetId=d").unwrap().success().json();
    assert_eq!(found["traces"][0]["traces"].as_array().unwrap().len(), 1, "{found}");
    let unknown: Value = client.get(&format!("/api/v1/traces/{gone}")).unwrap().success().json();
    assert_eq!(unknown, json!([]));
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}
