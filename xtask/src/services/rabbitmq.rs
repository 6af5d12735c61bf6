//! A fresh RabbitMQ broker with its management interface, both on 127.0.0.1.
//!
//! Started without the package's wrapper, which insists on its own user. Erlang's port mapper is started by us, in
//! the foreground and on a port of its own: the one that the broker would start stays behind for ever.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::packages::{self, Need};
use super::process::{self, Farewell, Starting};
use super::{Environment, write_file};
use crate::failure::{Doing, Failure, Outcome};
use crate::standin::http;

const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// `guest:guest`, which the broker accepts from 127.0.0.1 only.
const GUEST: &str = "Basic Z3Vlc3Q6Z3Vlc3Q=";

/// The ports of one broker.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// AMQP 0.9.1.
    pub amqp: u16,
    /// Management over HTTP.
    pub api: u16,
    /// Erlang's distribution.
    pub dist: u16,
    /// Erlang's port mapper.
    pub epmd: u16,
}

/// Whether the broker is there.
#[must_use]
pub fn need() -> Need {
    Need { package: "rabbitmq-server", found: server().is_some() }
}

/// Starts the port mapper that the broker registers with.
///
/// # Errors
/// When it cannot be started.
pub fn start_port_mapper(folder: &Path, ports: Ports) -> Outcome<Starting> {
    let mut command = Command::new("epmd");
    command.args(["-address", "127.0.0.1", "-port", &ports.epmd.to_string()]);
    let port = ports.epmd;
    let log = folder.join("epmd.log");
    let mut mapper =
        Starting::new("epmd", command, &log, Farewell::Terminate, move || process::listens(port))?;
    mapper.wait_until_ready(super::READY)?;
    Ok(mapper)
}

/// Starts the broker.
///
/// # Errors
/// When it cannot be started.
pub fn start(folder: &Path, ports: Ports, environment: &mut Environment) -> Outcome<Starting> {
    let server = server().ok_or_else(|| Failure::new("RabbitMQ is not installed"))?;
    let home = folder.join("rabbitmq");
    for part in ["mnesia", "log", "home"] {
        fs::create_dir_all(home.join(part)).doing("create the broker's folders")?;
    }
    write_file(&home.join("plugins"), b"[rabbitmq_management].\n")?;
    write_file(&home.join("rabbitmq.conf"), configuration(ports).as_bytes())?;
    let Ports { amqp, api, .. } = ports;
    environment
        .insert("STRONGROOM_TEST_AMQP_URL".to_owned(), format!("amqp://guest:guest@127.0.0.1:{amqp}/%2f"));
    environment.insert("STRONGROOM_TEST_AMQP_API".to_owned(), format!("http://127.0.0.1:{api}/api"));
    let probe = move || {
        process::listens(amqp)
            && http::get(api, "/api/overview", &[("authorization", GUEST)]).is_ok_and(|code| code == 200)
    };
    let log = folder.join("rabbitmq.log");
    Starting::new("RabbitMQ", command(&server, &home, ports), &log, Farewell::Kill, probe)
}

fn command(server: &Path, home: &Path, ports: Ports) -> Command {
    // Without busy waiting, and reachable from this machine only.
    let erlang = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none";
    let mut command = Command::new(server);
    command
        .env("HOME", home.join("home"))
        .env("RABBITMQ_NODENAME", format!("strongroom{}@localhost", ports.amqp))
        .env("RABBITMQ_DIST_PORT", ports.dist.to_string())
        .env("RABBITMQ_MNESIA_BASE", home.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", home.join("log"))
        .env("RABBITMQ_CONFIG_FILE", home.join("rabbitmq.conf"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", home.join("plugins"))
        .env("RABBITMQ_PID_FILE", home.join("pid"))
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", erlang)
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", ports.epmd.to_string())
        // Makes the start script become the broker, so that its pid is ours.
        .env("RUNNING_UNDER_SYSTEMD", "true")
        .current_dir(home);
    command
}

fn configuration(ports: Ports) -> String {
    let Ports { amqp, api, .. } = ports;
    format!(
        "listeners.tcp.1 = 127.0.0.1:{amqp}\n\
         management.tcp.ip = 127.0.0.1\n\
         management.tcp.port = {api}\n\
         log.file.level = warning\n"
    )
}

fn server() -> Option<PathBuf> {
    let debian = PathBuf::from(SERVER);
    if debian.is_file() { Some(debian) } else { packages::find("rabbitmq-server") }
}
