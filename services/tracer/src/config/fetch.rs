//! Files of resources that are given by their address. Section `[tracer.fetch]`.

use std::time::Duration;

use serde::Deserialize;
use strongroom_kernel::ports::FetchLimits;

/// Whom to ask for files of resources that are given by their address: nobody unless named. Section
/// `[tracer.fetch]`. Since 0.2.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fetch {
    /// Hosts with public addresses that may be asked: `*` for all, `*.example.org` for those below, or one host.
    /// None by default.
    pub hosts: Vec<String>,
    /// Hosts of the own network that may be asked too, each with its port: `files.hospital.example:8443`. None by
    /// default. Link-local addresses, where clouds keep their secrets, are never asked.
    pub internal_hosts: Vec<String>,
    /// `https` (default), `http`.
    pub schemes: Vec<String>,
    /// Ports of `hosts` that may be asked. Default 443.
    pub ports: Vec<u16>,
    /// Redirects that are followed, each checked as the address was. Default 5.
    pub redirects: usize,
    /// Most bytes of a file. Default 1 GiB.
    pub max_bytes: u64,
    /// How long one try of a file may take, in milliseconds; no client waits for it. Default 60000.
    pub timeout_ms: u64,
    /// How long may pass without a byte, in milliseconds. Default 10000.
    pub idle_timeout_ms: u64,
    /// Tries after which a file that could not be had is given up, 1 to 100. Default 8. What can never be had, such
    /// as one its server does not know, is given up at once.
    pub tries: u32,
    /// Pause after the first try that failed, in milliseconds, at least 1; each further one is twice as long, up to an
    /// hour. Default 5000.
    pub pause_ms: u64,
}

impl Default for Fetch {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            internal_hosts: Vec::new(),
            schemes: vec!["https".to_owned()],
            ports: vec![443],
            redirects: 5,
            max_bytes: 1 << 30,
            timeout_ms: 60_000,
            idle_timeout_ms: 10_000,
            tries: 8,
            pause_ms: 5_000,
        }
    }
}

impl Fetch {
    /// Whether anybody may be asked.
    pub fn is_on(&self) -> bool {
        !self.hosts.is_empty() || !self.internal_hosts.is_empty()
    }

    /// Pause after the first try that failed.
    pub fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms)
    }

    /// What one try of a file may cost.
    pub fn limits(&self) -> FetchLimits {
        FetchLimits {
            max_bytes: self.max_bytes,
            total: Duration::from_millis(self.timeout_ms),
            idle: Duration::from_millis(self.idle_timeout_ms),
        }
    }
}
