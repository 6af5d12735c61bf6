//! A fresh PostgreSQL cluster that trusts everybody on 127.0.0.1.
//!
//! The server refuses to run as root, so it runs as the package's user then. One cluster per start; a test makes
//! its own database in it, which is cheap.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::packages::{self, Need};
use super::process::{self, Farewell, Starting};
use super::{Durability, Environment};
use crate::failure::{Doing, Failure, Outcome};

/// Where Debian keeps one folder per major version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Whether the server's programs are there.
#[must_use]
pub fn need() -> Need {
    Need { package: "postgresql", found: programs().is_some() }
}

/// Creates a cluster in `folder` and starts its server.
///
/// # Errors
/// When the cluster cannot be created or the server not started.
pub fn start(
    folder: &Path,
    port: u16,
    durability: Durability,
    environment: &mut Environment,
) -> Outcome<Starting> {
    let programs = programs().ok_or_else(|| Failure::new("PostgreSQL is not installed"))?;
    let user = user()?;
    let home = folder.join("postgres");
    fs::create_dir(&home).doing(format!("create {}", home.display()))?;
    if let Some(user) = user {
        chown(&home, Some(user.uid), Some(user.gid)).doing("give the folder to the database's user")?;
    }
    let data = home.join("data");
    let mut create = command(&programs.join("initdb"), user, &home);
    create.arg("-D").arg(&data);
    create.args(["-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]);
    process::run(&mut create)?;

    let mut server = command(&programs.join("postgres"), user, &home);
    server.arg("-D").arg(&data).arg("-p").arg(port.to_string());
    server.arg("-c").arg("listen_addresses=127.0.0.1").arg("-c").arg("max_connections=300");
    server.arg("-c").arg(format!("unix_socket_directories={}", home.display()));
    if durability == Durability::Unsynced {
        server.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
    }
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    environment.insert("STRONGROOM_TEST_POSTGRES_URL".to_owned(), url);
    environment.insert("STRONGROOM_TEST_POSTGRES_BIN".to_owned(), programs.display().to_string());
    let ready = programs.join("pg_isready");
    let probe = move || {
        let mut ask = Command::new(&ready);
        ask.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        process::run(&mut ask).is_ok()
    };
    Starting::new("PostgreSQL", server, &folder.join("postgres.log"), Farewell::Quit, probe)
}

#[derive(Debug, Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

fn command(program: &Path, user: Option<User>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home).env("LC_ALL", "C.UTF-8");
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

/// The user to become, or `None` when we are not root and stay who we are.
fn user() -> Outcome<Option<User>> {
    if !packages::is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").doing("read the users")?;
    let line = users.lines().find_map(|line| line.strip_prefix("postgres:"));
    let mut fields = line.unwrap_or_default().split(':').skip(1).map_while(|id| id.parse().ok());
    match (fields.next(), fields.next()) {
        (Some(uid), Some(gid)) => Ok(Some(User { uid, gid })),
        _ => Err(Failure::new("there is no user postgres to run the database as")),
    }
}

fn programs() -> Option<PathBuf> {
    let newest = fs::read_dir(VERSIONS).ok().and_then(|versions| {
        let numbers = versions.filter_map(|version| version.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let with_server =
            |number: &u32| Path::new(VERSIONS).join(number.to_string()).join("bin/initdb").is_file();
        numbers.filter(with_server).max()
    });
    match newest {
        Some(number) => Some(Path::new(VERSIONS).join(number.to_string()).join("bin")),
        None => {
            packages::find("initdb").and_then(|file| fs::canonicalize(file).ok()?.parent().map(PathBuf::from))
        }
    }
}
