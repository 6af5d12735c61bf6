//! OpenKAT's three clients, as far as the service sees them: `clients/*.py` speak with the same libraries, headers,
//! bodies and order of calls as the programs do.
//!
//! They run on the Python that `STRONGROOM_TEST_PYTHON` names (`cargo xtask services up` makes one), or on `python3`
//! where it has the libraries; otherwise the tests say "skipped". What is announced is heard where
//! `STRONGROOM_TEST_AMQP_URL` names a broker.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{
    Client, Room, Server,
    outside::{Postgres, on_s3},
    server::{PASSWORD, USERNAME},
};

/// A Python with the clients' libraries; `None`, said aloud, where there is none.
fn python() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("STRONGROOM_TEST_PYTHON") {
        return Some(named.into());
    }
    let imports = Command::new("python3").args(["-c", "import httpx, pika, requests"]).output();
    if imports.is_ok_and(|output| output.status.success()) {
        return Some("python3".into());
    }
    println!("skipped: no python3 with the libraries of clients/requirements.txt");
    None
}

/// A place of its own on a broker, gone with its test.
struct VirtualHost {
    api: SocketAddr,
    name: String,
    url: String,
}

impl VirtualHost {
    /// A new place; `None`, said aloud, where no broker is named.
    fn new(name: &str) -> Option<Self> {
        let variable = |name: &str| {
            std::env::var(format!("STRONGROOM_TEST_AMQP_{name}")).ok().filter(|text| !text.is_empty())
        };
        let (Some(url), Some(api)) = (variable("URL"), variable("API")) else {
            println!("skipped: what is announced, since STRONGROOM_TEST_AMQP_URL or …_API is not set");
            return None;
        };
        let api = api.strip_prefix("http://").unwrap().split('/').next().unwrap().parse().unwrap();
        let name = format!("{name}-{}", std::process::id());
        let url = format!("{}/{name}", url.rsplit_once('/').unwrap().0);
        let host = Self { api, name, url };
        assert!((200..300).contains(&host.ask("PUT")), "no virtual host");
        Some(host)
    }

    fn ask(&self, method: &str) -> u16 {
        // guest:guest, who may do everything on a broker for tests
        let headers = [("Authorization", "Basic Z3Vlc3Q6Z3Vlc3Q="), ("Content-Type", "application/json")];
        let path = format!("/api/vhosts/{}", self.name);
        Client::new(self.api).ask(method, &path, &headers, b"{}").unwrap().status
    }
}

impl Drop for VirtualHost {
    fn drop(&mut self) {
        self.ask("DELETE");
    }
}

/// Lets the clients use the program as an installation does, then verifies what they left.
fn use_it(room: Room, python: &Path, broker: Option<&VirtualHost>) {
    let room = match broker {
        Some(broker) => room.with("QUEUE_URI", &broker.url),
        None => room,
    };
    let server = Server::start(&room);
    let run = |client: &str, phase: &str| {
        let mut command = Command::new(python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(client));
        command.arg(format!("http://{}", server.bytes)).arg(room.beside("notes.json")).arg(phase);
        command.envs([("BYTES_USERNAME", USERNAME), ("BYTES_PASSWORD", PASSWORD)]);
        command.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("QUEUE_URI");
        command.envs(broker.map(|broker| ("QUEUE_URI", &broker.url)));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{client} {phase}: {said}");
    };
    run("mula.py", "start");
    run("boefje_runner.py", "scan");
    run("mula.py", "start");
    if broker.is_some() {
        run("mula.py", "listen");
        run("boefje_runner.py", "normalize");
        run("mula.py", "unplug");
    }
    run("rocky.py", "");
    if broker.is_some() {
        // the front end's uploads made the queue again
        run("mula.py", "unplug");
        run("boefje_runner.py", "rescan");
        run("mula.py", "listen");
    }
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}

#[test]
fn openkats_clients_work_unchanged() {
    let Some(python) = python() else { return };
    let broker = VirtualHost::new("strongroom-clients");
    use_it(Room::new(), &python, broker.as_ref());
}

#[test]
fn openkats_clients_work_unchanged_on_postgresql_and_s3() {
    let Some(python) = python() else { return };
    let Some(database) = Postgres::new() else { return };
    let url = database.url.replacen("postgres://", "postgresql+psycopg2://", 1);
    let Some(room) = on_s3(Room::new().with("BYTES_DB_URI", url)) else { return };
    let broker = VirtualHost::new("strongroom-clients-scaled-out");
    use_it(room, &python, broker.as_ref());
}
