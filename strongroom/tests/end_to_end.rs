//! What OpenKAT's clients do, against the program as an operator starts it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

use crate::support::{
    Client, Room, Server,
    client::{id, job},
};

/// Leaves a client's sequence makes: login, job, raw file, read.
const LEAVES: u64 = 4;

#[test]
fn a_client_logs_in_saves_and_reads_back_and_all_of_it_is_provable() {
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    let job_id = id(1, 1);
    let saved = client.save_job(&job_id).unwrap().success();
    assert!(saved.header("strongroom-receipt").unwrap().contains("index=1"), "{saved:?}");
    let raw = client.upload(&job_id, b"a raw file").unwrap().unwrap();
    assert_eq!(client.raw(&raw).unwrap().success().body, b"a raw file");

    let meta = client.get(&format!("/bytes/raw/{raw}/meta")).unwrap().success().json();
    assert_eq!(meta["boefje_meta"]["organization"], "acme");
    assert_eq!(meta["mime_types"], json!([{"value": "boefje/x"}]));
    assert!(meta["secure_hash"].as_str().unwrap().starts_with("sha512:"), "{meta}");
    let read = client.get(&format!("/bytes/boefje_meta/{job_id}")).unwrap().success().json();
    assert_eq!(read["arguments"], job(&job_id)["arguments"]);

    let verified = room.verify();
    verified.assert_clean();
    assert!(verified.text.contains("1 contents"), "{}", verified.text);
    assert_eq!(server.stop(), Some(0));
    let verified = room.verify();
    verified.assert_clean();
    assert!(verified.text.contains(&format!("clean: {LEAVES} leaves")), "{}", verified.text);
}

#[test]
fn everything_is_there_after_a_kill_and_after_a_stop() {
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    let small = client.upload(&id(1, 1), b"small").unwrap().unwrap();
    client.save_job(&id(1, 2)).unwrap().success();
    let content = vec![7; 300_000];
    let large = client.upload(&id(1, 2), &content).unwrap().unwrap();
    server.kill();
    for end in [Server::kill, |server: Server| assert_eq!(server.stop(), Some(0))] as [fn(Server); 2] {
        let server = Server::start(&room);
        let mut client = Client::logged_in(server.bytes).unwrap();
        assert_eq!(client.raw(&small).unwrap().success().body, b"small");
        assert_eq!(client.raw(&large).unwrap().success().body, content);
        end(server);
    }
    room.verify().assert_clean();
}

#[test]
fn the_main_listener_tells_health_metrics_and_the_key() {
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::new(server.main);
    assert_eq!(client.get("/livez").unwrap().status, 200);
    assert_eq!(client.get("/readyz").unwrap().status, 200);
    let metrics = client.get("/metrics").unwrap().success().text();
    assert!(metrics.contains("strongroom_units_waiting 0"), "{metrics}");
    let key = client.get("/custody/key").unwrap().success().text();
    assert_eq!(key.trim(), room.key());
    let checkpoint = client.get("/custody/checkpoint").unwrap().success().text();
    assert!(checkpoint.starts_with(room.key().split('+').next().unwrap()), "{checkpoint}");
}

#[test]
fn the_first_start_draws_credentials_and_tells_them_once() {
    let room = Room::new();
    let start = || {
        let mut command = room.command(["serve"]);
        for alias in ["BYTES_USERNAME", "BYTES_PASSWORD", "BYTES_SECRET"] {
            command.env_remove(alias);
        }
        command.arg("--data").arg(room.data()).stdout(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        let lines = std::io::BufReader::new(child.stdout.take().unwrap());
        let lines: Vec<String> =
            std::io::BufRead::lines(lines).map(Result::unwrap).take_while(|line| line != "ready").collect();
        child.kill().unwrap();
        child.wait().unwrap();
        lines
    };
    let told = |lines: &[String]| lines.iter().any(|line| line.starts_with("password "));
    assert!(told(&start()));
    assert!(!told(&start()));
}

#[test]
fn an_auditor_reads_records_and_a_stranger_does_not() {
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    let mut stranger = Client::new(server.main);
    assert_eq!(stranger.get("/custody/records?from=0&limit=10").unwrap().status, 401);
    let issued = room.run(["token", "issue", "--role", "auditor"]);
    let token = crate::support::server::text(&issued.stdout);
    let mut auditor = Client::new(server.main).with_token(token.trim());
    let records = auditor.get("/custody/records?from=0&limit=10").unwrap().success().text();
    assert!(records.contains("ssl-version"), "{records}");
}

#[test]
fn spans_reach_a_collector() {
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/traces", collector.local_addr().unwrap());
    let room = Room::new().with("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint);
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    let received = std::thread::spawn(move || {
        let (mut stream, _) = collector.accept().unwrap();
        let mut text = Vec::new();
        let mut piece = [0; 4096];
        while !text.windows(23).any(|window| window == b"POST /bytes/boefje_meta") {
            let read = std::io::Read::read(&mut stream, &mut piece).unwrap();
            assert!(read > 0, "{}", String::from_utf8_lossy(&text));
            text.extend_from_slice(&piece[..read]);
        }
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&text).into_owned()
    });
    // what is left is sent out when it stops
    assert_eq!(server.stop(), Some(0));
    let received = received.join().unwrap();
    assert!(received.starts_with("POST /v1/traces HTTP/1.1"), "{received}");
    assert!(received.contains("application/x-protobuf"), "{received}");
    assert!(!received.contains("ssl-version"), "a span shows what a client sent");
}

#[test]
fn listeners_speak_tls_with_the_configured_certificate() {
    let openssl = |room: &Room, args: &[&str]| {
        let mut command = std::process::Command::new("openssl");
        command
            .args(args)
            .current_dir(room.data().parent().unwrap())
            .stdin(std::process::Stdio::null())
            .output()
    };
    let room = Room::new();
    let request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
                   -keyout key.pem -out certificates.pem";
    let args: Vec<&str> = request.split_whitespace().collect();
    let Ok(made) = openssl(&room, &args) else { return println!("skipped: no openssl") };
    assert!(made.status.success(), "{made:?}");
    let room = room
        .with("STRONGROOM_HTTP__TLS_CERTIFICATES", "certificates.pem")
        .with("STRONGROOM_HTTP__TLS_KEY", "key.pem");
    let server = Server::start_tls(&room);
    for address in [server.main, server.bytes] {
        let connect = address.to_string();
        let shaken = openssl(
            &room,
            &["s_client", "-connect", &connect, "-CAfile", "certificates.pem", "-verify_return_error"],
        );
        let shaken = shaken.unwrap();
        assert!(shaken.status.success(), "{shaken:?}");
        // plain HTTP gets no answer that could be taken for one
        assert!(Client::new(address).get("/livez").is_err());
    }
}

#[test]
fn what_is_made_is_closed_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    client.upload(&id(1, 1), b"small").unwrap().unwrap();
    let mut open = Vec::new();
    let mut folders = vec![room.data()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let facts = entry.metadata().unwrap();
            if facts.permissions().mode() & 0o027 != 0 {
                open.push(entry.path());
            }
            if facts.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn uploads_are_refused_before_the_disk_is_full_and_the_rest_goes_on() {
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    let raw = client.upload(&id(1, 1), b"in time").unwrap().unwrap();
    assert_eq!(server.stop(), Some(0));

    let full = room.with("STRONGROOM_DATA__RESERVE", "1000000TiB");
    let server = Server::start(&full);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 2)).unwrap().success();
    for content in [vec![1; 10], vec![2; 100_000]] {
        let file = json!({"name": "0", "content": BASE64_STANDARD.encode(content), "tags": ["x"]});
        let path = format!("/bytes/raw?boefje_meta_id={}", id(1, 2));
        let refused = client.post(&path, &json!({"files": [file]})).unwrap();
        assert_eq!(refused.status, 507, "{}", refused.text());
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
    }
    assert_eq!(client.raw(&raw).unwrap().success().body, b"in time");
    assert_eq!(server.stop(), Some(0));

    let free = full.with("STRONGROOM_DATA__RESERVE", "0B");
    let server = Server::start(&free);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.upload(&id(1, 2), b"again").unwrap().unwrap();
    free.verify().assert_clean();
}

/// Begins an upload of `length` bytes for the first job, and returns when the server waits for its body.
fn begin_upload(server: &Server, client: &Client, length: usize) -> std::net::TcpStream {
    use std::io::{Read as _, Write as _};
    let mut connection = std::net::TcpStream::connect(server.bytes).unwrap();
    let head = [
        format!("POST /bytes/raw?boefje_meta_id={} HTTP/1.1", id(1, 1)),
        format!("Authorization: Bearer {}", client.token()),
        format!("Content-Length: {length}"),
        "Host: x\r\nExpect: 100-continue\r\n\r\n".to_owned(),
    ];
    connection.write_all(head.join("\r\n").as_bytes()).unwrap();
    let mut answer = [0; 25];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(answer, *b"HTTP/1.1 100 Continue\r\n\r\n");
    connection
}

#[test]
fn a_stop_lets_an_upload_under_way_finish() {
    use std::io::{Read as _, Write as _};
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    let body = json!({"files": [{"name": "0", "content": BASE64_STANDARD.encode([5; 200_000]), "tags": []}]});
    let body = body.to_string();
    let (first, rest) = body.split_at(body.len() / 2);
    let mut connection = begin_upload(&server, &client, body.len());
    connection.write_all(first.as_bytes()).unwrap();
    server.ask_to_stop();
    room.wait_for_line("stopping");
    connection.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert_eq!(server.wait(), Some(0));
    let verified = room.verify();
    verified.assert_clean();
    assert!(verified.text.contains("1 contents"), "{}", verified.text);
}

#[test]
fn a_second_signal_stops_at_once() {
    let room = Room::new();
    let server = Server::start(&room);
    let mut client = Client::logged_in(server.bytes).unwrap();
    client.save_job(&id(1, 1)).unwrap().success();
    // this upload never ends, and so the first signal alone would take as long as draining may
    let _connection = begin_upload(&server, &client, 99);
    server.ask_to_stop();
    room.wait_for_line("stopping");
    server.ask_to_stop();
    room.wait_for_line("asked for twice");
    assert_eq!(server.wait(), Some(0));
    room.verify().assert_clean();
}
