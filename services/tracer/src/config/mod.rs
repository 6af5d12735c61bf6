//! Settings of the service. Section `[tracer]`.

mod fetch;

pub mod aliases;
mod oidc;

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Deserializer, de::Error as _};
use strongroom_inspect::Algorithm;
use strongroom_model::Secret;

pub use oidc::{Audience, OidcConfig, OidcError};

pub use fetch::Fetch;

/// Settings of the service. Section `[tracer]`. Since 0.2.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TracerConfig {
    /// Address of the service's own listener, with the original's paths. Default `127.0.0.1:8090`.
    pub listen: SocketAddr,
    /// Prefix under which the paths are answered too, as a proxy may leave it in front of them. Default
    /// `/tracer-service/tracer`; empty for none.
    pub base_path: String,
    /// Who may call without a credential: `auto` (default), `always` or `never`.
    pub open: Open,
    /// Name of the realm in challenges. Default `CHAIMELEON`.
    pub realm: String,
    /// Whose traces a caller without the role `admin` may read: `all` (default) or `own`.
    pub readers: Readers,
    /// Roles beside `admin` that may read all traces where `readers` is `own`. None by default.
    pub reader_roles: Vec<String>,
    /// Algorithm that hashes contents, names and addresses. Default `SHA3_256`.
    #[serde(deserialize_with = "algorithm")]
    pub hash_algorithm: Algorithm,
    /// What the ledger is called in answers. Default `STRONGROOM`.
    pub ledger_name: String,
    /// Update details accepted beyond those of the platform. None by default.
    pub further_details: Vec<String>,
    /// Traces of an answer unless asked for another number. Default 30.
    pub default_limit: u64,
    /// Most bytes of a posted trace. Default 32 MiB.
    pub max_body_bytes: usize,
    /// The local administrator.
    pub admin: Admin,
    /// Providers whose bearer tokens are taken.
    pub oidc: OidcConfig,
    /// TLS of the service's own listener; it speaks what all listeners speak otherwise.
    pub tls: Tls,
    /// What the service says of itself.
    pub info: Info,
    /// Files of resources that are given by their address.
    pub fetch: Fetch,
}

/// The local administrator, by basic authentication. Section `[tracer.admin]`. Since 0.2.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// Name. Default `admin`.
    pub name: String,
    /// Password; there is no administrator without one.
    pub password: Option<Secret>,
    /// File the password is read from instead; one line end at its end is cut.
    pub password_file: Option<PathBuf>,
    /// Hash of the password instead: bcrypt (`$2a$`, `$2b$`, `$2y$`) or Argon2 (PHC text).
    pub password_hash: Option<Secret>,
}

impl Admin {
    /// Whether there is an administrator.
    pub fn is_configured(&self) -> bool {
        self.password.is_some() || self.password_hash.is_some()
    }
}

/// TLS of the service's own listener. Section `[tracer.tls]`. Since 0.2.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// PEM file with the certificate chain.
    pub certificate: Option<PathBuf>,
    /// PEM file with the private key of the first certificate.
    pub key: Option<PathBuf>,
}

/// What `GET /api/v1` says. Section `[tracer.info]`. Since 0.2.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Info {
    /// Name of the service. Default `Tracer Web Service`.
    pub name: String,
    /// Who runs it. Default `Strongroom`.
    pub entity: String,
    /// First year of it. Default 2021.
    pub year_min: u16,
    /// Latest year of it. Default 2026.
    pub year_max: u16,
}

/// Whether callers without a credential are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Open {
    /// While nothing that could check a credential is configured and every listener is on this machine only.
    #[default]
    Auto,
    /// Whatever is configured, as the first version.
    Always,
    /// Not at all.
    Never,
}

/// Whose traces callers may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Readers {
    /// Everybody's, as in the original.
    #[default]
    All,
    /// Those they are in, as who acted or as who said so.
    Own,
}

impl Default for TracerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8090)),
            base_path: "/tracer-service/tracer".to_owned(),
            open: Open::default(),
            realm: "CHAIMELEON".to_owned(),
            readers: Readers::default(),
            reader_roles: Vec::new(),
            hash_algorithm: Algorithm::Sha3_256,
            ledger_name: "STRONGROOM".to_owned(),
            further_details: Vec::new(),
            default_limit: 30,
            max_body_bytes: 32 << 20,
            admin: Admin::default(),
            oidc: OidcConfig::default(),
            tls: Tls::default(),
            info: Info::default(),
            fetch: Fetch::default(),
        }
    }
}

impl Default for Admin {
    fn default() -> Self {
        Self { name: "admin".to_owned(), password: None, password_file: None, password_hash: None }
    }
}

impl Default for Info {
    fn default() -> Self {
        Self {
            name: "Tracer Web Service".to_owned(),
            entity: "Strongroom".to_owned(),
            year_min: 2021,
            year_max: 2026,
        }
    }
}

fn algorithm<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Algorithm, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|_| {
        let known: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        D::Error::custom(format!("expected one of {}", known.join(", ")))
    })
}
