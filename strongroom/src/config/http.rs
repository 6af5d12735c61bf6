//! The main listener, and what all listeners share. Section `[http]`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::Deserialize;

use super::{ConfigError, units};

/// The main listener, and what all listeners share. Section `[http]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    /// Address of custody, proofs, health and metrics. Default `127.0.0.1:8600`; port 0 takes a free one. Since 0.1.
    pub(crate) listen: SocketAddr,
    /// PEM file with the certificate chain; with `tls_key` the listeners speak TLS only. Since 0.1.
    pub(crate) tls_certificates: Option<PathBuf>,
    /// PEM file with the private key of the first certificate. Since 0.1.
    pub(crate) tls_key: Option<PathBuf>,
    /// Most connections of one listener at one time; further ones wait. Default 10240. Since 0.1.
    pub(crate) max_connections: usize,
    /// Longest wait for a whole request head, also on an idle connection. Default `10s`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) head_timeout: Duration,
    /// Longest wait for the next piece of a request body. Default `30s`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) body_timeout: Duration,
    /// Least bytes per second of a request body while it is waited for, over a minute of waiting; `0B` asks for none.
    /// Default `1KiB`. Since 0.1.
    #[serde(with = "units::size")]
    pub(crate) min_body_rate: u64,
    /// How long requests under way may take once the stop was asked for. Default `30s`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) drain: Duration,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8600)),
            tls_certificates: None,
            tls_key: None,
            max_connections: 10_240,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            min_body_rate: 1 << 10,
            drain: Duration::from_secs(30),
        }
    }
}

impl Http {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.tls_certificates.is_some() != self.tls_key.is_some() {
            return Err(ConfigError::value(
                "http.tls_key",
                "needs http.tls_certificates beside it, and the reverse",
            ));
        }
        if self.max_connections == 0 {
            return Err(ConfigError::value("http.max_connections", "must be at least 1"));
        }
        if self.head_timeout.is_zero() {
            return Err(ConfigError::value("http.head_timeout", "must be longer than zero"));
        }
        if self.body_timeout.is_zero() {
            return Err(ConfigError::value("http.body_timeout", "must be longer than zero"));
        }
        Ok(())
    }
}
