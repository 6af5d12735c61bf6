//! The one test command: services up, all tests, services down.
//!
//! The output is cargo's own, untouched, and its summary lines come last. Which tests need which service is the
//! tests' business: they read `STRONGROOM_TEST_…` and say "skipped" where it is not set.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::{Doing, Failure, Outcome};
use crate::say;
use crate::services::state::Owner;
use crate::services::{self, Durability, Environment, interrupt};

/// How often we look whether the tests ended.
const LOOK: Duration = Duration::from_millis(40);

/// Runs `cargo test`, with services unless `durability` is `None`, with `chosen` arguments or for the whole workspace.
///
/// # Errors
/// When services or cargo cannot be started. Failing tests are no error but an exit code, cargo's.
pub fn test(root: &Path, durability: Option<Durability>, chosen: &[String]) -> Outcome<ExitCode> {
    interrupt::watch();
    claim_target(root)?;
    // Compile first: it takes longest, and nothing has to be stopped when it fails.
    for step in steps(chosen) {
        let mut build = cargo(root, "test", &Environment::new());
        build.args(&step.arguments).arg("--no-run").args(&step.harness);
        if step.compiles && !watch(&mut build)?.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    services::state::sweep(root)?;
    let state = match durability {
        Some(durability) => Some(services::start(root, Owner::this_run(), durability)?),
        None => None,
    };
    let nothing = Environment::new();
    let environment = state.as_ref().map_or(&nothing, |state| &state.environment);
    let outcome = run_steps(root, environment, chosen);
    let ended = state.map_or(Ok(()), |state| state.end(root));
    let code = outcome?;
    ended?;
    Ok(code)
}

/// Makes sure that what a shared target folder holds of our own crates was compiled in this clone.
///
/// Cargo takes it over from other clones, and with it paths fixed at compile time, at which tests look for fixtures.
fn claim_target(root: &Path) -> Outcome {
    let Some(target) = std::env::var_os("CARGO_TARGET_DIR") else { return Ok(()) };
    let marker = root.join(target).join(".strongroom-clone");
    let here = root.as_os_str().as_encoded_bytes();
    if fs::read(&marker).is_ok_and(|clone| clone == here) {
        return Ok(());
    }
    let mut clean = cargo(root, "clean", &Environment::new());
    clean.args(["--quiet", "--workspace"]);
    if !watch(&mut clean)?.success() {
        return Err(Failure::new("the target folder cannot be cleaned of another clone's crates"));
    }
    services::write_file(&marker, here)
}

/// One call of `cargo test`.
#[derive(Debug)]
struct Step {
    name: &'static str,
    arguments: Vec<String>,
    /// What follows `--` and goes to the test programs.
    harness: Vec<String>,
    /// Whether `--no-run` has something to do.
    compiles: bool,
}

/// Documentation tests come first, so that the last lines are those of the many.
fn steps(chosen: &[String]) -> Vec<Step> {
    if !chosen.is_empty() {
        let cut = chosen.iter().position(|argument| argument == "--").unwrap_or(chosen.len());
        let (arguments, harness) = (chosen[..cut].to_vec(), chosen[cut..].to_vec());
        return vec![Step { name: "chosen", arguments, harness, compiles: true }];
    }
    let step = |name, kinds: &[&str], compiles| {
        let arguments =
            ["--workspace", "--no-fail-fast"].iter().chain(kinds).map(|&text| text.to_owned()).collect();
        Step { name, arguments, harness: Vec::new(), compiles }
    };
    vec![
        step("documentation", &["--doc"], false),
        step("unit and integration", &["--lib", "--bins", "--tests", "--examples"], true),
    ]
}

fn run_steps(root: &Path, environment: &Environment, chosen: &[String]) -> Outcome<ExitCode> {
    let mut failed = Vec::new();
    for step in steps(chosen) {
        let mut command = cargo(root, "test", environment);
        command.args(&step.arguments).args(&step.harness);
        let status = watch(&mut command)?;
        if interrupt::asked() {
            return Err(Failure::new("interrupted"));
        }
        if !status.success() {
            failed.push((step.name, status));
        }
    }
    let Some((_, status)) = failed.first() else { return Ok(ExitCode::SUCCESS) };
    for (name, _) in &failed {
        say::progress(format!("{name} tests failed, see above"));
    }
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Cargo without what `cargo run` told this program about its own package.
fn cargo(root: &Path, verb: &str, environment: &Environment) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.arg(verb).current_dir(root).envs(environment);
    // Build scripts that ask for these would run again, and with them half the workspace.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs it to its end; an interrupt is handed on, so that we outlive it and can clean up.
fn watch(command: &mut Command) -> Outcome<ExitStatus> {
    let mut child = command.spawn().doing("start cargo")?;
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait().doing("wait for cargo")? {
            return Ok(status);
        }
        if interrupt::asked() && !told {
            told = true;
            if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::TERM); // it may have ended meanwhile
            }
        }
        sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_arguments_keep_their_harness_part_apart() {
        let chosen = ["-p", "model", "--", "--nocapture"].map(str::to_owned);
        let steps = steps(&chosen);
        assert_eq!(steps[0].arguments, ["-p", "model"]);
        assert_eq!(steps[0].harness, ["--", "--nocapture"]);
    }

    #[test]
    fn the_last_step_is_the_one_with_the_tests() {
        let steps = steps(&[]);
        assert!(steps.last().is_some_and(|step| step.arguments.contains(&"--tests".to_owned())));
    }
}
