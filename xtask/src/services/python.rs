//! A Python with the libraries that OpenKAT's programs speak HTTP and AMQP with, for their stand-ins in the tests.
//!
//! It is a virtual environment in the cache outside the repository, made once per list of versions. Without Python or
//! without a package index there is none, and the tests that want it say "skipped".

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Environment, packages, process, s3, write_file};
use crate::say;

const VARIABLE: &str = "STRONGROOM_TEST_PYTHON";

/// The libraries with their versions, in the repository.
const REQUIREMENTS: &str = "strongroom/tests/clients/requirements.txt";

/// Finds the environment or makes it, and tells the tests of it.
pub fn provide(root: &Path, environment: &mut Environment) {
    if super::given(VARIABLE) {
        return;
    }
    match interpreter(&root.join(REQUIREMENTS)) {
        Ok(python) => {
            environment.insert(VARIABLE.to_owned(), python.display().to_string());
        }
        Err(reason) => say::progress(format!("the Python clients are not run: {reason}")),
    }
}

fn interpreter(requirements: &Path) -> Result<PathBuf, String> {
    let wanted = fs::read(requirements).map_err(|error| format!("read {REQUIREMENTS}: {error}"))?;
    let folder = s3::cache().join("python-clients");
    let (python, made_of) = (folder.join("bin/python"), folder.join("made-of.txt"));
    if fs::read(&made_of).is_ok_and(|made_of| made_of == wanted) && python.is_file() {
        return Ok(python);
    }
    let system = packages::find("python3").ok_or("there is no python3")?;
    say::progress(format!("installing the clients' libraries, once, in {}", folder.display()));
    let run = |command: &mut Command| process::run(command).map_err(|failure| failure.to_string());
    run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&folder))?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(Command::new(&python).args(install).arg(requirements))?;
    // last, so that a broken installation is begun again
    write_file(&made_of, &wanted).map_err(|failure| failure.to_string())?;
    Ok(python)
}
