//! Where content is kept, and whether it is encrypted there. Section `[content]`.

use std::{fmt, path::PathBuf, time::Duration};

use serde::Deserialize;
use strongroom_bytes::config::Secret;

use super::{ConfigError, secret, units};

/// Where content is kept. Section `[content]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Content {
    /// `s3://bucket/prefix` for large content, with the usual `AWS_*` variables, or `file:` and the path of
    /// another folder; unset: a folder in the data folder. Since 0.1.
    pub(crate) url: Option<String>,
    /// `none` or `nacl_box`: NaCl's `crypto_box` between two fixed keys. Never change it on a data folder that
    /// has content. Default `none`; `BYTES_ENCRYPTION_MIDDLEWARE` is an alias. Since 0.1.
    pub(crate) encryption: Encryption,
    /// Private key of the one pair, base64 of 32 bytes. `BYTES_PRIVATE_KEY_B64` is an alias. Since 0.1.
    pub(crate) private_key: Option<Secret>,
    /// A file with what would stand in `private_key`. Since 0.1.
    pub(crate) private_key_file: Option<PathBuf>,
    /// Public key of the other pair, base64 of 32 bytes. `BYTES_PUBLIC_KEY_B64` is an alias. Since 0.1.
    pub(crate) public_key: Option<String>,
    /// With PostgreSQL: so much small content is moved from the database to one object beside the large content.
    /// Default `16MiB`. Since 0.1.
    #[serde(with = "units::size")]
    pub(crate) pack_bytes: u64,
    /// With PostgreSQL: small content that waits longer is moved though it does not fill an object.
    /// Default `1h`. Since 0.1.
    #[serde(with = "units::duration")]
    pub(crate) pack_after: Duration,
    /// The `AWS_*` variables of the environment.
    #[serde(skip)]
    pub(crate) aws: AwsVariables,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            url: None,
            encryption: Encryption::default(),
            private_key: None,
            private_key_file: None,
            public_key: None,
            pack_bytes: 16 << 20,
            pack_after: Duration::from_hours(1),
            aws: AwsVariables::default(),
        }
    }
}

/// The `AWS_*` variables of the environment. Keys are among them: `Debug` shows their names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct AwsVariables(Vec<(String, String)>);

impl AwsVariables {
    /// Those among `variables`.
    pub(super) fn of(variables: &[(String, String)]) -> Self {
        Self(variables.iter().filter(|(name, _)| name.starts_with("AWS_")).cloned().collect())
    }

    /// Names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }
}

impl fmt::Debug for AwsVariables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// How content is encrypted where it is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Encryption {
    /// Not at all.
    #[default]
    None,
    /// With NaCl's `crypto_box`.
    NaclBox,
}

impl Content {
    /// Reads `private_key_file`, if that is given.
    pub(super) fn resolve(&mut self) -> Result<(), ConfigError> {
        secret::resolve("content.private_key", &mut self.private_key, self.private_key_file.as_deref())
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let known = |url: &String| ["s3://", "file:"].iter().any(|scheme| url.starts_with(scheme));
        if self.url.as_ref().is_some_and(|url| !known(url)) {
            let text = "must begin with s3:// or file:; leave it out for the data folder";
            return Err(ConfigError::value("content.url", text));
        }
        if !(64 << 10..=64 << 20).contains(&self.pack_bytes) {
            return Err(ConfigError::value("content.pack_bytes", "must be 64KiB to 64MiB"));
        }
        if !(Duration::from_millis(100)..=Duration::from_hours(24)).contains(&self.pack_after) {
            return Err(ConfigError::value("content.pack_after", "must be 100ms to 1d"));
        }
        if self.encryption == Encryption::NaclBox {
            if self.private_key.is_none() {
                return Err(ConfigError::value("content.private_key", "is needed for nacl_box"));
            }
            if self.public_key.is_none() {
                return Err(ConfigError::value("content.public_key", "is needed for nacl_box"));
            }
        }
        Ok(())
    }
}
