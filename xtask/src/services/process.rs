//! Starts processes in the background and ends those we started, and no others.
//!
//! A process is known by its pid *and* the time it started, since the system gives pids again. Each gets a process
//! group of its own, so that an interrupt on the terminal reaches it only through us.

use std::fmt;
use std::fs::{self, File};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

use super::interrupt;
use crate::failure::{Doing, Failure, Outcome};

/// How often we look whether something came up or ended.
const LOOK: Duration = Duration::from_millis(40);
/// How long a process may take to end before it is killed.
const END: Duration = Duration::from_secs(8);

/// How a service likes to be ended. Its files are thrown away, so nothing needs to be saved.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Farewell {
    /// SIGQUIT: a database ends its own children at once.
    Quit,
    /// SIGTERM.
    Terminate,
    /// SIGKILL, for those that take seconds over a farewell.
    Kill,
}

/// A process we started, as written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Running {
    /// What it is, for messages.
    pub name: String,
    pid: i32,
    /// Start time in clock ticks since boot, as the kernel tells it.
    started: u64,
    farewell: Farewell,
}

/// A process that was started and has not answered yet.
pub struct Starting {
    name: String,
    child: Child,
    log: PathBuf,
    farewell: Farewell,
    probe: Box<dyn Fn() -> bool>,
}

impl fmt::Debug for Starting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Starting").field("name", &self.name).field("log", &self.log).finish_non_exhaustive()
    }
}

impl Starting {
    /// Starts `command` with its output in `log`; `probe` tells whether it answers.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn new(
        name: &str,
        mut command: Command,
        log: &Path,
        farewell: Farewell,
        probe: impl Fn() -> bool + 'static,
    ) -> Outcome<Self> {
        let file = File::create(log).doing(format!("create {}", log.display()))?;
        let errors = file.try_clone().doing("share the log")?;
        command.stdin(Stdio::null()).stdout(file).stderr(errors).process_group(0);
        let child = command.spawn().doing(format!("start {name}"))?;
        let (name, log) = (name.to_owned(), log.to_owned());
        Ok(Self { name, child, log, farewell, probe: Box::new(probe) })
    }

    /// What must be written down before it is waited for.
    #[must_use]
    pub fn running(&self) -> Running {
        let pid = i32::try_from(self.child.id()).unwrap_or(0);
        Running { name: self.name.clone(), pid, started: started(pid).unwrap_or(0), farewell: self.farewell }
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// When it ends, is silent for `limit`, or an interrupt comes.
    pub fn wait_until_ready(&mut self, limit: Duration) -> Outcome {
        let begin = Instant::now();
        while !(self.probe)() {
            if interrupt::asked() {
                return Err(Failure::new("interrupted"));
            }
            if let Some(status) = self.child.try_wait().doing(format!("watch {}", self.name))? {
                return Err(self.complaint(&format!("ended at its start ({status})")));
            }
            if begin.elapsed() > limit {
                return Err(self.complaint(&format!("does not answer within {} s", limit.as_secs())));
            }
            sleep(LOOK);
        }
        Ok(())
    }

    fn complaint(&self, what: &str) -> Failure {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n  ");
        Failure::new(format!("{} {what}; the end of its log:\n  {tail}", self.name))
    }
}

impl Running {
    /// Whether this very process is still there.
    #[must_use]
    pub fn alive(&self) -> bool {
        self.started != 0 && started(self.pid) == Some(self.started)
    }

    /// Ends it and what it left in its process group.
    ///
    /// # Errors
    /// When it is still there after being killed.
    pub fn end(&self) -> Outcome {
        let Some(pid) = Pid::from_raw(self.pid).filter(|_| self.alive()) else { return Ok(()) };
        let signal = match self.farewell {
            Farewell::Quit => Signal::QUIT,
            Farewell::Terminate => Signal::TERM,
            Farewell::Kill => Signal::KILL,
        };
        let _ = kill_process(pid, signal); // it may have ended by itself
        if !self.ends_within(END) {
            let _ = kill_process_group(pid, Signal::KILL);
            if !self.ends_within(END) {
                return Err(Failure::new(format!("{} (pid {}) does not end", self.name, self.pid)));
            }
        }
        Ok(())
    }

    fn ends_within(&self, limit: Duration) -> bool {
        let begin = Instant::now();
        while self.alive() {
            if begin.elapsed() > limit {
                return false;
            }
            sleep(LOOK / 4);
        }
        true
    }
}

/// The process with `pid`, as something that can be asked for later.
#[must_use]
pub fn started(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything; state is the first field after it, start time the 20th.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18)?.parse().ok() }
}

/// Runs a command to its end and gives its output.
///
/// # Errors
/// When it cannot be started or ends with a failure; its output is in the text.
pub fn run(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().doing(format!("run {name}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{name} failed ({}):\n{text}{errors}", output.status)))
}

/// Whether somebody listens on `port` of 127.0.0.1.
#[must_use]
pub fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_another_start_time_is_not_ours() {
        let own = i32::try_from(std::process::id()).expect("pids are small");
        let started = started(own).expect("this process is running");
        let mut running = Running { name: "test".into(), pid: own, started, farewell: Farewell::Terminate };
        assert!(running.alive());
        running.started += 1;
        assert!(!running.alive());
        running.end().expect("a stranger is left alone");
    }

    #[test]
    fn a_started_process_ends_when_told() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut command = Command::new("sleep");
        command.arg("600");
        let log = folder.path().join("log");
        let mut starting =
            Starting::new("sleep", command, &log, Farewell::Terminate, || true).expect("it starts");
        starting.wait_until_ready(Duration::from_secs(1)).expect("it is there");
        let running = starting.running();
        assert!(running.alive());
        running.end().expect("it ends");
        assert!(!running.alive());
    }

    #[test]
    fn one_that_ends_at_its_start_is_reported_with_its_log() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such thing; exit 3"]);
        let log = folder.path().join("log");
        let mut starting = Starting::new("it", command, &log, Farewell::Kill, || false).expect("it starts");
        let failure = starting.wait_until_ready(Duration::from_secs(20)).expect_err("it is gone");
        assert!(failure.to_string().contains("no such thing"), "{failure}");
    }
}
