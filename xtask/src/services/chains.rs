//! A development node of Ethereum, and a Python with the validator of BigchainDB.
//!
//! `anvil` comes from npm as a program, once per version, into the cache outside the repository; tests that kill their
//! node, or decide when it makes blocks, start it themselves. BigchainDB's server needs a database and a consensus
//! engine that are not to be had, so only its package with the rules is installed. Without npm or Python there is
//! none of it, and the tests that want it say "skipped".

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{self, Farewell, Starting};
use super::{Environment, packages, s3, write_file};
use crate::failure::{Doing, Failure, Outcome};
use crate::say;

const ANVIL: &str = "@foundry-rs/anvil-linux-amd64";
const ANVIL_VERSION: &str = "1.7.1";
/// The id of the test chain.
const CHAIN: &str = "1337";
const VALIDATOR: &str = "STRONGROOM_TEST_BIGCHAINDB_PYTHON";
/// What builds the old packages, and what they need.
const BUILDERS: &[&str] = &["setuptools<70", "wheel", "pytest-runner==6.0.1"];
const LIBRARIES: &[&str] = &[
    "cryptoconditions==0.8.1",
    "base58==2.1.0",
    "python-rapidjson==1.25",
    "jsonschema==4.26.0",
    "pyyaml==6.0.3",
];
const BIGCHAINDB: &str = "BigchainDB==2.2.2";

/// Finds the node's program, or installs it.
///
/// # Errors
/// The reason why there is none, as a text for people.
pub fn node() -> Result<PathBuf, String> {
    let folder = s3::cache().join(format!("anvil-{ANVIL_VERSION}"));
    let program = folder.join("node_modules").join(ANVIL).join("bin/anvil");
    if program.is_file() {
        return Ok(program);
    }
    let npm = packages::find("npm").ok_or("there is no npm to install anvil with")?;
    say::progress(format!("installing anvil {ANVIL_VERSION}, once, in {}", folder.display()));
    let told = |failure: Failure| failure.to_string();
    fs::create_dir_all(&folder).doing("create the node's folder").map_err(told)?;
    write_file(&folder.join("package.json"), b"{\"private\":true}\n").map_err(told)?;
    let mut install = Command::new(npm);
    install.current_dir(&folder).args(["install", "--no-audit", "--no-fund", "--silent"]);
    install.arg(format!("{ANVIL}@{ANVIL_VERSION}"));
    process::run(&mut install).map_err(told)?;
    if program.is_file() { Ok(program) } else { Err("the package has no anvil in it".to_owned()) }
}

/// Starts a node with an empty chain that makes a block for each transaction.
///
/// # Errors
/// When it cannot be started.
pub fn start(program: &Path, folder: &Path, port: u16, environment: &mut Environment) -> Outcome<Starting> {
    let mut command = Command::new(program);
    command.args(["--host", "127.0.0.1", "--silent", "--chain-id", CHAIN, "--port", &port.to_string()]);
    environment.insert("STRONGROOM_TEST_ANVIL".to_owned(), program.display().to_string());
    environment.insert("STRONGROOM_TEST_ETHEREUM_URL".to_owned(), format!("http://127.0.0.1:{port}"));
    let probe = move || process::listens(port);
    Starting::new("anvil", command, &folder.join("anvil.log"), Farewell::Kill, probe)
}

/// Finds the Python with BigchainDB's validator or makes it, and tells the tests of it.
pub fn provide_validator(environment: &mut Environment) {
    if super::given(VALIDATOR) {
        return;
    }
    match validator() {
        Ok(python) => drop(environment.insert(VALIDATOR.to_owned(), python.display().to_string())),
        Err(reason) => say::progress(format!("BigchainDB's validator is not asked: {reason}")),
    }
}

fn validator() -> Result<PathBuf, String> {
    let folder = s3::cache().join("bigchaindb-validator");
    let (python, made_of) = (folder.join("bin/python"), folder.join("made-of.txt"));
    let wanted = [BUILDERS, LIBRARIES, &[BIGCHAINDB]].concat().join("\n");
    if fs::read_to_string(&made_of).is_ok_and(|made_of| made_of == wanted) && python.is_file() {
        return Ok(python);
    }
    let system = packages::find("python3").ok_or("there is no python3")?;
    say::progress(format!("installing BigchainDB's validator, once, in {}", folder.display()));
    let run = |command: &mut Command| process::run(command).map_err(|failure| failure.to_string());
    run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&folder))?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(&python).args(install).args(BUILDERS))?;
    run(Command::new(&python).args(install).args(LIBRARIES))?;
    // its own list of dependencies is of 2020 and does not resolve any more; the rules need only the above
    let bare = ["--no-deps", "--no-build-isolation"];
    run(Command::new(&python).args(install).args(bare).arg(BIGCHAINDB))?;
    // last, so that a broken installation is begun again
    write_file(&made_of, wanted.as_bytes()).map_err(|failure| failure.to_string())?;
    Ok(python)
}
