//! Load generator: drives a server that is already running, and probes the disk in the same run.
//!
//! Prints the probe, the bound that follows from it, the figure, the ratio, the latencies, what the server
//! wrote per request and the processor time of both sides (`docs/reference/performance.md` says how to read
//! them). Never part of the tests.

mod client;
mod probe;
mod process;
mod report;
mod scenario;

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use scenario::Scenario;

/// Drives a running Strongroom, or Bytes, and reports figures beside the bound of the disk.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// What to do.
    #[arg(value_enum)]
    scenario: Scenario,
    /// Address of the `bytes` listener.
    #[arg(long, default_value = "127.0.0.1:8002")]
    address: String,
    /// Account for `/token`.
    #[arg(long, env = "BYTES_USERNAME", default_value = "bytes")]
    username: String,
    /// Its password.
    #[arg(long, env = "BYTES_PASSWORD", default_value = "bytes")]
    password: String,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 128)]
    clients: u32,
    /// Seconds to measure, after a warm-up of a tenth of them.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Length of a raw file in bytes.
    #[arg(long, default_value_t = 10 * 1024)]
    size: usize,
    /// Jobs that are made before raw files are posted to them.
    #[arg(long, default_value_t = 50_000)]
    jobs: usize,
    /// Process id of the server, for its processor time, memory and bytes written.
    #[arg(long)]
    pid: Option<u32>,
    /// Folder on the disk that the server writes to; probed before the run.
    #[arg(long)]
    probe: Option<PathBuf>,
    /// Requests per second over all clients; as fast as they are answered when absent.
    #[arg(long)]
    rate: Option<f64>,
    /// Address of the main listener, for `proof`.
    #[arg(long, default_value = "127.0.0.1:8600")]
    main_address: String,
    /// What `get` asks for; `{}` stands for a number below `--targets`.
    #[arg(long, default_value = "/")]
    target: String,
    /// Bearer token of `get`, such as an auditor's; the other scenarios log in.
    #[arg(long, default_value = "")]
    token: String,
    /// How many different targets there are.
    #[arg(long, default_value_t = 1)]
    targets: u64,
}

impl Options {
    fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let probe = options.probe.as_deref().map(probe::probe).transpose()?;
    let figures = scenario::run(&options).await?;
    report::print(&options, probe, &figures);
    Ok(())
}
