//! Limits of a listener, with the reasons for their defaults.

use std::{sync::Arc, time::Duration};

use rustls::ServerConfig;

/// How a listener treats its connections.
#[derive(Debug, Clone)]
pub struct Options {
    /// Longest wait for a whole request head, which is also how long an idle connection is kept. Default 10 s.
    pub head_timeout: Duration,
    /// Longest wait for the next piece of a request body. Default 30 s.
    pub body_timeout: Duration,
    /// Least bytes per second of a request body while it is waited for, taken over a minute of waiting; 0 asks for
    /// none. Default 1 KiB.
    pub min_body_rate: u64,
    /// Longest wait for a reader that takes nothing. Default 60 s.
    pub write_timeout: Duration,
    /// Most connections at one time; further ones wait unaccepted in the system's queue. Default 10,240.
    pub max_connections: usize,
    /// Most bytes of a request head. Default 96 KiB: a request line of 64 KiB and ordinary headers fit.
    pub max_head_bytes: usize,
    /// Most header lines. Default 100.
    pub max_headers: usize,
    /// How long requests under way may take after the stop was asked for. Default 30 s.
    pub drain: Duration,
    /// TLS, if this listener speaks it.
    pub tls: Option<Arc<ServerConfig>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            min_body_rate: 1 << 10,
            write_timeout: Duration::from_mins(1),
            max_connections: 10_240,
            max_head_bytes: 96 << 10,
            max_headers: 100,
            drain: Duration::from_secs(30),
            tls: None,
        }
    }
}
