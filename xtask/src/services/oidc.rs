//! Identity providers: two from npm that are up in a second, and Keycloak by hand.
//!
//! `oidc-provider` and `oauth2-mock-server` are installed once per list of versions into the cache outside the
//! repository; without Node or a package registry there are none, and the tests that want them say "skipped".
//! Keycloak takes half a minute and half a gigabyte, so it is started only when asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use super::process::{self, Farewell, Starting};
use super::{Environment, interrupt, packages, ports, s3, write_file};
use crate::failure::{Doing, Failure, Outcome};
use crate::say;
use crate::standin::http;

/// The program, and what it needs.
const SCRIPT: &str = include_str!("oidc/providers.mjs");
const PACKAGES: &[&str] = &["oidc-provider@9.13.3", "oauth2-mock-server@8.2.3", "jose@6.2.17"];
/// The realm with its clients and users, as the platform's has them.
const REALM: &str = include_str!("oidc/realm.json");
const KEYCLOAK: &str = "26.7.3";
/// Longest start of Keycloak, which builds itself at the first one.
const KEYCLOAK_READY: Duration = Duration::from_mins(5);

/// Finds the installed providers, or installs them; the folder with the program.
///
/// # Errors
/// The reason why there are none, as a text for people.
pub fn installed() -> Result<PathBuf, String> {
    let folder = s3::cache().join("oidc-providers");
    let (script, made_of) = (folder.join("providers.mjs"), folder.join("made-of.txt"));
    let wanted = format!("{}\n{SCRIPT}", PACKAGES.join(" "));
    if fs::read_to_string(&made_of).is_ok_and(|made_of| made_of == wanted) {
        return Ok(folder);
    }
    packages::find("node").ok_or("there is no node")?;
    let npm = packages::find("npm").ok_or("there is no npm")?;
    say::progress(format!("installing identity providers, once, in {}", folder.display()));
    let told = |failure: Failure| failure.to_string();
    fs::create_dir_all(&folder).doing("create the providers' folder").map_err(told)?;
    write_file(&folder.join("package.json"), b"{\"private\":true}\n").map_err(told)?;
    let mut install = Command::new(npm);
    install.current_dir(&folder).args(["install", "--no-audit", "--no-fund", "--silent"]).args(PACKAGES);
    process::run(&mut install).map_err(told)?;
    write_file(&script, SCRIPT.as_bytes()).map_err(told)?;
    // last, so that a broken installation is begun again
    write_file(&made_of, wanted.as_bytes()).map_err(told)?;
    Ok(folder)
}

/// Starts both providers, each on its port.
///
/// # Errors
/// When they cannot be started.
pub fn start(
    program: &Path,
    folder: &Path,
    [port, mock]: [u16; 2],
    environment: &mut Environment,
) -> Outcome<Starting> {
    let mut command = Command::new("node");
    command.arg(program.join("providers.mjs")).args([port.to_string(), mock.to_string()]);
    command.env("NODE_NO_WARNINGS", "1");
    for (name, value) in
        [("ISSUER", format!("http://127.0.0.1:{port}")), ("MOCK", format!("http://localhost:{mock}"))]
    {
        environment.insert(format!("STRONGROOM_TEST_OIDC_{name}"), value);
    }
    let probe = move || process::listens(port) && process::listens(mock);
    Starting::new("identity providers", command, &folder.join("oidc.log"), Farewell::Kill, probe)
}

/// Starts Keycloak with the realm of the tests, says where it is, and keeps it until interrupted.
///
/// # Errors
/// When it cannot be fetched or started.
pub fn keycloak() -> Outcome {
    interrupt::watch();
    let program = fetch_keycloak()?;
    let import = program.join("data/import");
    fs::create_dir_all(&import).doing("create the folder for realms")?;
    write_file(&import.join("realm.json"), REALM.as_bytes())?;
    let ports = ports::free(2)?;
    let [port, management] = ports[..] else { return Err(Failure::new("too few free ports")) };
    let mut command = Command::new("bash");
    command.arg(program.join("bin/kc.sh")).args(["start-dev", "--import-realm", "--http-host=127.0.0.1"]);
    command.arg(format!("--http-port={port}")).arg(format!("--http-management-port={management}"));
    // a database in memory: every start begins with the realm as it is here
    command.args(["--db=dev-mem"]).env("JAVA_OPTS_KC_HEAP", "-Xmx512m");
    let realm = "/realms/CHAIMELEON/.well-known/openid-configuration";
    let probe = move || http::get(port, realm, &[]).is_ok_and(|status| status == 200);
    let log = program.join("data/strongroom-test.log");
    let mut keycloak = Starting::new("Keycloak", command, &log, Farewell::Terminate, probe)?;
    let running = keycloak.running();
    let ready = keycloak.wait_until_ready(KEYCLOAK_READY);
    if ready.is_ok() {
        say::result(format!("export STRONGROOM_TEST_KEYCLOAK_URL='http://127.0.0.1:{port}'"));
        while running.alive() && !interrupt::asked() {
            sleep(Duration::from_millis(200));
        }
    }
    running.end()?;
    ready
}

/// The folder of Keycloak's distribution, fetched once from Maven Central.
fn fetch_keycloak() -> Outcome<PathBuf> {
    let cache = s3::cache();
    let folder = cache.join(format!("keycloak-{KEYCLOAK}"));
    if folder.join("bin/kc.sh").is_file() {
        return Ok(folder);
    }
    for program in ["java", "mvn", "python3"] {
        packages::find(program).ok_or_else(|| Failure::new(format!("there is no {program}")))?;
    }
    say::progress(format!("fetching Keycloak {KEYCLOAK}, once, into {}", cache.display()));
    let artifact = format!("-Dartifact=org.keycloak:keycloak-quarkus-dist:{KEYCLOAK}:zip");
    let mut copy = Command::new("mvn");
    copy.args(["-q", "-B", "-ntp", "dependency:copy", &artifact]);
    copy.arg(format!("-DoutputDirectory={}", cache.display()));
    process::run(&mut copy)?;
    let archive = cache.join(format!("keycloak-quarkus-dist-{KEYCLOAK}.zip"));
    process::run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&archive).arg(&cache))?;
    fs::remove_file(&archive).doing("remove the archive")?;
    Ok(folder)
}
