//! What runs, as written down in `.strongroom-test/`: who started it, its processes, its environment.
//!
//! Written before each wait, so that a start that was cut short can be cleaned up by the next one.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::process::{self, Running};
use super::{Environment, write_file};
use crate::failure::{Doing, Outcome};
use crate::say;

/// The folder below the repository's root.
const PLACE: &str = ".strongroom-test";
/// How the names of our temporary folders begin; nothing else is ever removed.
pub(super) const PREFIX: &str = "strongroom-test-";

/// Who a set of services belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Owner {
    /// A developer, until told otherwise.
    Developer,
    /// One run of the test command, by its process.
    Run {
        /// The command's process.
        pid: i32,
        /// When that process started, in the kernel's ticks.
        started: u64,
    },
}

impl Owner {
    /// This process.
    #[must_use]
    pub fn this_run() -> Self {
        let pid = i32::try_from(std::process::id()).unwrap_or(0);
        Self::Run { pid, started: process::started(pid).unwrap_or(0) }
    }

    fn file(self) -> String {
        match self {
            Self::Developer => "services.toml".to_owned(),
            Self::Run { pid, .. } => format!("run-{pid}.toml"),
        }
    }

    fn gone(self) -> bool {
        match self {
            Self::Developer => false,
            Self::Run { pid, started } => process::started(pid) != Some(started),
        }
    }
}

/// One set of services.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    /// Where all their files are.
    pub folder: PathBuf,
    /// Who they belong to.
    pub owner: Owner,
    /// What tests must know about them.
    pub environment: Environment,
    /// In the order they were started.
    pub processes: Vec<Running>,
}

impl State {
    /// Nothing started yet.
    #[must_use]
    pub fn new(owner: Owner, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), owner, environment: Environment::new(), processes: Vec::new() }
    }

    /// Reads what `owner` has running, if anything.
    ///
    /// # Errors
    /// When it is written down in a form we do not know.
    pub fn read(root: &Path, owner: Owner) -> Outcome<Option<Self>> {
        Self::read_file(&root.join(PLACE).join(owner.file()))
    }

    fn read_file(path: &Path) -> Outcome<Option<Self>> {
        match fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map(Some).doing(format!("read {}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).doing(format!("read {}", path.display())),
        }
    }

    /// Writes it down.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, root: &Path) -> Outcome {
        let place = root.join(PLACE);
        fs::create_dir_all(&place).doing(format!("create {}", place.display()))?;
        let text = toml::to_string(self).doing("write down what runs")?;
        write_file(&place.join(self.owner.file()), text.as_bytes())
    }

    /// Whether every process is still there.
    #[must_use]
    pub fn all_alive(&self) -> bool {
        self.processes.iter().all(Running::alive)
    }

    /// Ends the processes, last first, and removes their files.
    ///
    /// # Errors
    /// When a process does not end or files cannot be removed; all others are ended all the same.
    pub fn end(self, root: &Path) -> Outcome {
        let mut outcome = Ok(());
        for process in self.processes.iter().rev() {
            outcome = outcome.and(process.end());
        }
        let ours = self.folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        if ours
            && let Err(error) = fs::remove_dir_all(&self.folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            outcome = outcome.and(Err(error).doing(format!("remove {}", self.folder.display())));
        }
        let file = root.join(PLACE).join(self.owner.file());
        if outcome.is_ok() {
            fs::remove_file(&file).doing(format!("remove {}", file.display()))?;
        }
        outcome
    }
}

/// Ends what test runs left behind that were killed before they could clean up.
///
/// # Errors
/// When the list of runs cannot be read, or a leftover does not end.
pub fn sweep(root: &Path) -> Outcome {
    let Ok(entries) = fs::read_dir(root.join(PLACE)) else { return Ok(()) };
    for entry in entries {
        let path = entry.doing("list earlier runs")?.path();
        let is_run = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("run-"));
        if !is_run {
            continue;
        }
        if let Some(state) = State::read_file(&path)?.filter(|state| state.owner.gone()) {
            say::progress(format!("ending what an earlier run left in {}", state.folder.display()));
            state.end(root)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_reads_back() {
        let root = tempfile::tempdir().expect("a folder can be made");
        let mut state = State::new(Owner::this_run(), Path::new("/nonexistent/elsewhere"));
        state.environment.insert("STRONGROOM_TEST_X".to_owned(), "a'b".to_owned());
        state.write(root.path()).expect("it can be written");
        let read = State::read(root.path(), Owner::this_run()).expect("it can be read").expect("it is there");
        assert_eq!(read.environment, state.environment);
        assert_eq!(read.owner, state.owner);
        read.end(root.path()).expect("nothing runs");
        assert!(State::read(root.path(), Owner::this_run()).expect("it can be read").is_none());
    }

    #[test]
    fn only_runs_whose_process_is_gone_are_swept() {
        let root = tempfile::tempdir().expect("a folder can be made");
        let files = tempfile::Builder::new().prefix(PREFIX).tempdir().expect("a folder can be made");
        let gone = Owner::Run { pid: i32::MAX, started: 1 };
        for owner in [gone, Owner::this_run()] {
            let folder = if owner == gone { files.path() } else { root.path() };
            State::new(owner, folder).write(root.path()).expect("it can be written");
        }
        sweep(root.path()).expect("the leftovers can be ended");
        assert!(State::read(root.path(), gone).expect("it can be read").is_none());
        assert!(State::read(root.path(), Owner::this_run()).expect("it can be read").is_some());
        assert!(!files.path().try_exists().expect("the folder can be looked for"));
    }
}
