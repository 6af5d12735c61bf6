//! Settings of the service. Section `[bytes]`; the original's environment variables are in [`aliases`].

pub mod aliases;
mod secret;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use serde::Deserialize;

pub use aliases::{AliasError, Aliases};
pub use secret::{Secret, secret_from_file};

pub use crate::wire::hash::Algorithm;

/// Settings of the service. Section `[bytes]`. Since 0.1.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BytesConfig {
    /// Address of the service's own listener, with the original's paths. Default `127.0.0.1:8002`.
    pub listen: SocketAddr,
    /// Key that signs and checks the tokens of `POST /token`. Drawn at the first start when it is not set.
    pub secret: Option<Secret>,
    /// File the key is read from instead; one line end at its end is cut.
    pub secret_file: Option<PathBuf>,
    /// Name of the first account. Default `bytes`.
    pub username: String,
    /// Its password. Drawn at the first start when it is not set.
    pub password: Option<Secret>,
    /// File the password is read from instead; one line end at its end is cut.
    pub password_file: Option<PathBuf>,
    /// Further accounts: names and their passwords. None by default.
    pub accounts: BTreeMap<String, Secret>,
    /// Refuse tokens that never end; the original lets them hold for ever. Default false.
    pub require_token_end: bool,
    /// How long a token holds. Default 15 minutes.
    #[serde(with = "minutes", rename = "token_minutes")]
    pub token_lifetime: Duration,
    /// Algorithm of `secure_hash`: `sha512` (default) or `sha224`.
    #[serde(with = "algorithm")]
    pub hashing: Algorithm,
    /// Who proves that hashes existed.
    pub proofs: Proofs,
    /// How long an upload waits for its proofs, in milliseconds; later ones are made beside. Default 2000.
    #[serde(with = "millis", rename = "proof_budget_ms")]
    pub proof_budget: Duration,
    /// Names of environment entries whose values answers show as `***`; a `*` at the beginning or the end of a name
    /// stands for anything. None by default. Events keep the values: the parsers work with them.
    pub masked_environment: Vec<String>,
    /// Most bytes of a posted record; files are not limited. Default 1 MiB.
    pub max_metadata_bytes: usize,
    /// How long scan jobs are kept.
    pub retention: Retention,
}

/// How long scan jobs are kept, with their raw files and parser jobs. Section `[bytes.retention]`. Since 0.1.
#[derive(Debug, Clone, Deserialize, Default, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days from the end of a job, at most 36500; 0 (default) keeps all for ever.
    pub days: u32,
    /// The same for organisations of which something else holds: their codes and days. None by default.
    pub organizations: BTreeMap<String, u32>,
}

impl Retention {
    /// How long jobs of `organization` are kept; `None` is for ever.
    pub fn of(&self, organization: &str) -> Option<Duration> {
        let days = *self.organizations.get(organization).unwrap_or(&self.days);
        (days > 0).then(|| Duration::from_hours(24 * u64::from(days)))
    }

    /// Whether nothing ever goes.
    pub fn keeps_everything(&self) -> bool {
        self.days == 0 && self.organizations.values().all(|days| *days == 0)
    }
}

/// Who proves that hashes existed. Section `[bytes.proofs]`. Since 0.1.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Proofs {
    /// `in_memory` (default: nobody), `pastebin` or `rfc3161`.
    pub authority: Authority,
    /// Key for Pastebin's interface.
    pub pastebin_key: Option<Secret>,
    /// File that key is read from instead.
    pub pastebin_key_file: Option<PathBuf>,
    /// Address of the time-stamp authority.
    pub rfc3161_url: Option<String>,
    /// Certificates the authority's tokens are checked with, PEM or DER.
    pub rfc3161_certificates: Option<PathBuf>,
}

/// A kind of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Authority {
    /// Nobody: the link is a random id.
    #[default]
    InMemory,
    /// A paste at pastebin.com.
    Pastebin,
    /// A time-stamp authority (RFC 3161).
    Rfc3161,
}

impl Authority {
    /// The authority of that name, in any case, with or without underscore.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().replace(['_', '-'], "").as_str() {
            "inmemory" => Some(Self::InMemory),
            "pastebin" => Some(Self::Pastebin),
            "rfc3161" => Some(Self::Rfc3161),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Authority {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name)
            .ok_or_else(|| serde::de::Error::custom("expected `in_memory`, `pastebin` or `rfc3161`"))
    }
}

impl Default for BytesConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8002)),
            secret: None,
            secret_file: None,
            username: "bytes".to_owned(),
            password: None,
            password_file: None,
            accounts: BTreeMap::new(),
            require_token_end: false,
            token_lifetime: Duration::from_mins(15),
            hashing: Algorithm::default(),
            proofs: Proofs::default(),
            proof_budget: Duration::from_secs(2),
            masked_environment: Vec::new(),
            max_metadata_bytes: 1 << 20,
            retention: Retention::default(),
        }
    }
}

mod minutes {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, de::Error as _};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        super::from_minutes(f64::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("expected a number of minutes above zero"))
    }
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

mod algorithm {
    use serde::{Deserialize as _, Deserializer, de::Error as _};

    use crate::wire::hash::Algorithm;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Algorithm, D::Error> {
        let name = String::deserialize(deserializer)?;
        Algorithm::from_name(&name).ok_or_else(|| D::Error::custom("expected `sha512` or `sha224`"))
    }
}

/// A lifetime of that many minutes; fractions count.
fn from_minutes(minutes: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(minutes * 60.0).ok().filter(|lifetime| !lifetime.is_zero())
}
