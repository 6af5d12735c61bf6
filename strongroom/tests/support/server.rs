//! The program: started on free ports, killed, stopped, asked.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

/// A place for a data folder, with credentials known beforehand.
pub(crate) struct Room {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

pub(crate) const USERNAME: &str = "kat";
pub(crate) const PASSWORD: &str = "room service";

impl Room {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// With one more environment variable for every process.
    pub(crate) fn with(mut self, name: &str, text: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), text.into()));
        self
    }

    /// What [`Room::with`] set last.
    pub(crate) fn variable(&self, name: &str) -> String {
        self.variables.iter().rev().find(|(known, _)| known == name).unwrap().1.clone()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A path beside the data folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command of the program, with nothing of this process's environment that would change it.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strongroom"));
        command.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME"));
        command.envs([("BYTES_USERNAME", USERNAME), ("BYTES_PASSWORD", PASSWORD), ("BYTES_SECRET", "s")]);
        command.envs([("STRONGROOM_HTTP__LISTEN", "127.0.0.1:0"), ("BYTES_LISTEN", "127.0.0.1:0")]);
        command.env("STRONGROOM_TRACER__LISTEN", "127.0.0.1:0");
        command.envs(self.variables.iter().map(|(name, text)| (name, text)));
        command.args(args).current_dir(self.folder.path());
        command
    }

    /// Runs a command on the data folder to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        self.command(args).arg("--data").arg(self.data()).output().unwrap()
    }

    /// Verifies the data folder.
    pub(crate) fn verify(&self) -> Verified {
        Verified::of(&self.run(["verify"]))
    }

    pub(crate) fn verify_with<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Verified {
        let mut command = self.command(["verify"]);
        Verified::of(&command.arg("--data").arg(self.data()).args(args).output().unwrap())
    }

    /// The line of the server's diagnostics that has these words, once it is there.
    pub(crate) fn wait_for_line(&self, words: &str) -> String {
        let begun = std::time::Instant::now();
        loop {
            let lines = std::fs::read_to_string(self.beside("diagnostics")).unwrap();
            if let Some(line) = lines.lines().find(|line| line.contains(words)) {
                return line.to_owned();
            }
            assert!(begun.elapsed().as_secs() < 60, "{lines}");
            std::thread::park_timeout(std::time::Duration::from_millis(10));
        }
    }

    pub(crate) fn key(&self) -> String {
        text(&self.run(["keys", "show"]).stdout).trim().to_owned()
    }
}

/// What `verify` said.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Verified {
    fn of(output: &Output) -> Self {
        Self { code: output.status.code(), text: text(&output.stdout) + &text(&output.stderr) }
    }

    pub(crate) fn assert_clean(&self) {
        assert_eq!(self.code, Some(0), "{}", self.text);
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A serving process; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) bytes: SocketAddr,
    pub(crate) main: SocketAddr,
    /// Its scheme may be another than that of the others.
    pub(crate) tracer: SocketAddr,
}

impl Server {
    /// Starts and waits until it is ready.
    pub(crate) fn start(room: &Room) -> Self {
        Self::try_start(room).unwrap_or_else(|diagnostics| panic!("did not start: {diagnostics}"))
    }

    /// Starts and waits until it is ready or has ended; then says what it wrote.
    pub(crate) fn try_start(room: &Room) -> Result<Self, String> {
        Self::try_start_with(room, "http")
    }

    /// Starts with TLS and waits until it is ready.
    pub(crate) fn start_tls(room: &Room) -> Self {
        Self::try_start_with(room, "https")
            .unwrap_or_else(|diagnostics| panic!("did not start: {diagnostics}"))
    }

    fn try_start_with(room: &Room, scheme: &str) -> Result<Self, String> {
        let diagnostics = room.beside("diagnostics");
        let mut command = room.command(["serve"]);
        command.arg("--data").arg(room.data()).stdout(Stdio::piped());
        command.stderr(File::create(&diagnostics).unwrap());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let greeting: Vec<String> = lines.map(Result::unwrap).take_while(|line| line != "ready").collect();
        let address = |name: &str, scheme: &str| {
            let begins = format!("{name} {scheme}://");
            let line = greeting.iter().find_map(|line| line.strip_prefix(&begins));
            line.and_then(|address| address.parse().ok())
        };
        let tracer = address("tracer", "https").or_else(|| address("tracer", "http"));
        if let (Some(bytes), Some(main), Some(tracer)) =
            (address("bytes", scheme), address("main", scheme), tracer)
        {
            return Ok(Self { child, bytes, main, tracer });
        }
        child.wait().unwrap();
        Err(std::fs::read_to_string(diagnostics).unwrap())
    }

    /// Ends it as a power cut would end it, as far as the process goes.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and waits until it did; returns its exit status.
    pub(crate) fn stop(self) -> Option<i32> {
        self.ask_to_stop();
        self.wait()
    }

    /// Asks it to stop.
    pub(crate) fn ask_to_stop(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits until it has ended; returns its exit status.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies a folder with all below it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
    std::fs::set_permissions(to, from.metadata().unwrap().permissions()).unwrap();
}
