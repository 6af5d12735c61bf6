//! The real services that tests use.
//!
//! PostgreSQL, RabbitMQ, an S3 server, a time-stamp authority, a Pastebin, identity providers, an Ethereum node, and
//! two Pythons: one that clients run on, one with BigchainDB's validator.
//!
//! Each start gives fresh, empty services on free ports of 127.0.0.1, with their files in one temporary folder, and
//! an environment that tests read (`STRONGROOM_TEST_…`). A service whose address is already in the environment is
//! not started. What runs is written down in `.strongroom-test/`, by pid and start time, so that only our own
//! processes are ever ended. Linux only. The tests themselves and what they say when a service is missing are in
//! the crates that need it.

pub mod authority;
pub mod chains;
pub mod interrupt;
pub mod oidc;
pub mod packages;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod python;
pub mod rabbitmq;
pub mod s3;
pub mod state;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::failure::{Doing, Failure, Outcome};
use crate::say;
use process::Starting;
use state::{Owner, State};

/// Names and values for the tests' environment.
pub type Environment = BTreeMap<String, String>;

/// Longest time from the start of a service to its first answer.
const READY: Duration = Duration::from_mins(1);

/// Whether the database syncs its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production; for tests that kill the machine's processes.
    Synced,
    /// Faster, and enough for everything else.
    Unsynced,
}

/// Starts everything in the background and leaves it running.
///
/// # Errors
/// When a service cannot be installed or started; whatever did start is stopped again.
pub fn up(root: &Path, durability: Durability) -> Outcome {
    if let Some(state) = State::read(root, Owner::Developer)? {
        if state.all_alive() {
            say::progress("services are running already");
            return Ok(());
        }
        state.end(root)?;
    }
    start(root, Owner::Developer, durability).map(drop)
}

/// Stops what `up` started.
///
/// # Errors
/// When a process cannot be ended or its folder not removed.
pub fn down(root: &Path) -> Outcome {
    if let Some(state) = State::read(root, Owner::Developer)? {
        return state.end(root);
    }
    say::progress("no services are running");
    Ok(())
}

/// Prints the environment of what `up` started, for `eval "$(…)"`.
///
/// # Errors
/// When nothing is running.
pub fn print_environment(root: &Path) -> Outcome {
    let state = State::read(root, Owner::Developer)?;
    let state = state.ok_or_else(|| Failure::new("no services are running: cargo xtask services up"))?;
    for (name, value) in &state.environment {
        say::result(format!("export {name}='{value}'"));
    }
    Ok(())
}

/// Starts fresh services for `owner` and waits until each answers.
///
/// # Errors
/// When one cannot be installed or started; whatever did start is stopped again.
pub fn start(root: &Path, owner: Owner, durability: Durability) -> Outcome<State> {
    let started = Instant::now();
    packages::install_missing(&wanted_packages())?;
    let s3_server = if given("STRONGROOM_TEST_S3_ENDPOINT") { Err(GIVEN.to_owned()) } else { s3::server() };
    let mut state = State::new(owner, &folder()?);
    state.write(root)?;
    match start_all(root, &mut state, durability, s3_server) {
        Ok(()) => {
            say::progress(format!("services are ready after {:.1} s", started.elapsed().as_secs_f32()));
            Ok(state)
        }
        Err(failure) => {
            state.end(root)?;
            Err(failure)
        }
    }
}

const GIVEN: &str = "taken from the environment";

fn start_all(root: &Path, state: &mut State, durability: Durability, s3: Result<PathBuf, String>) -> Outcome {
    let folder = state.folder.clone();
    let ports = ports::free(12)?;
    let [pg, amqp, api, dist, epmd, s3_port, tsa, paste, idp, mock_idp, eth, spare] = ports[..] else {
        return Err(Failure::new("too few free ports"));
    };
    let mut starting: Vec<Starting> = Vec::new();
    let mut note = |state: &mut State, more: Vec<Starting>| -> Outcome {
        state.processes.extend(more.iter().map(Starting::running));
        starting.extend(more);
        state.write(root)
    };
    // The slowest first; the others start in its shadow.
    if wanted("RabbitMQ", "STRONGROOM_TEST_AMQP_URL") {
        let broker = rabbitmq::Ports { amqp, api, dist, epmd };
        let epmd = rabbitmq::start_port_mapper(&folder, broker)?;
        note(state, vec![epmd])?;
        let broker = rabbitmq::start(&folder, broker, &mut state.environment)?;
        note(state, vec![broker])?;
    }
    if wanted("PostgreSQL", "STRONGROOM_TEST_POSTGRES_URL") {
        let database = postgres::start(&folder, pg, durability, &mut state.environment)?;
        note(state, vec![database])?;
    }
    match s3 {
        Ok(server) => {
            let store = s3::start(&server, &folder, s3_port, &mut state.environment)?;
            note(state, vec![store])?;
        }
        Err(reason) => say::progress(format!("S3 is not started: {reason}")),
    }
    if wanted("the time-stamp authority", "STRONGROOM_TEST_TSA_URL") {
        let authority = authority::start(&folder, tsa, &mut state.environment)?;
        note(state, vec![authority])?;
    }
    if wanted("Pastebin", "STRONGROOM_TEST_PASTEBIN_URL") {
        let pastebin = authority::start_pastebin(&folder, paste, &mut state.environment)?;
        note(state, vec![pastebin])?;
    }
    if wanted("the identity providers", "STRONGROOM_TEST_OIDC_ISSUER") {
        match oidc::installed() {
            Ok(program) => {
                let providers = oidc::start(&program, &folder, [idp, mock_idp], &mut state.environment)?;
                note(state, vec![providers])?;
            }
            Err(reason) => say::progress(format!("identity providers are not started: {reason}")),
        }
    }
    if wanted("the Ethereum node", "STRONGROOM_TEST_ETHEREUM_URL") {
        match chains::node() {
            Ok(program) => {
                let chain = chains::start(&program, &folder, eth, &mut state.environment)?;
                note(state, vec![chain])?;
            }
            Err(reason) => say::progress(format!("the Ethereum node is not started: {reason}")),
        }
    }
    chains::provide_validator(&mut state.environment);
    python::provide(root, &mut state.environment);
    // Nothing listens here, ever: for tests of a service that is away.
    state.environment.insert("STRONGROOM_TEST_CLOSED_PORT".to_owned(), spare.to_string());
    for service in &mut starting {
        service.wait_until_ready(READY)?;
    }
    state.write(root)
}

fn wanted_packages() -> Vec<packages::Need> {
    let mut needs = Vec::new();
    if !given("STRONGROOM_TEST_POSTGRES_URL") {
        needs.push(postgres::need());
    }
    if !given("STRONGROOM_TEST_AMQP_URL") {
        needs.push(rabbitmq::need());
    }
    if !given("STRONGROOM_TEST_TSA_URL") {
        needs.push(authority::need());
    }
    // the written recipe for evidence bundles is tested with strangers' tools
    needs.push(packages::Need { package: "jq", found: packages::find("jq").is_some() });
    needs
}

fn wanted(service: &str, variable: &str) -> bool {
    let given = given(variable);
    if given {
        say::progress(format!("{service} is not started: {GIVEN}"));
    }
    !given
}

fn given(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// A fresh folder for all files of one start; other users may pass through it, since the database runs as one.
fn folder() -> Outcome<PathBuf> {
    let own = std::env::temp_dir();
    let parent = if passable(&own) { own } else { PathBuf::from("/tmp") };
    for attempt in 0..1000 {
        let folder = parent.join(format!("{}{}-{attempt}", state::PREFIX, std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => {
                fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).doing("open the folder")?;
                return Ok(folder);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).doing(format!("create {}", folder.display())),
        }
    }
    Err(Failure::new(format!("no free name in {}", parent.display())))
}

fn passable(folder: &Path) -> bool {
    let open = |path: &Path| fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o001 != 0);
    folder.ancestors().all(open)
}

/// Writes a file that nobody needs after a crash.
///
/// # Errors
/// When it cannot be written.
pub fn write_file(path: &Path, bytes: &[u8]) -> Outcome {
    let write = || fs::File::create(path)?.write_all(bytes);
    write().doing(format!("write {}", path.display()))
}
