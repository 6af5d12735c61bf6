//! The original's environment variables as aliases of our settings, deprecated names included.
//!
//! Names are case-insensitive; a variable `X` may be given as `X_FILE`, naming a file with the value. What belongs to
//! other sections (database, content, announcements, diagnostics) is handed to whoever reads those.

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, time::Duration};

use super::{Authority, BytesConfig, Secret, from_minutes, secret_from_file};
use crate::wire::hash::Algorithm;

/// What the original's environment variables say; `None` where a variable is not set.
#[derive(Debug, Clone, Default)]
pub struct Aliases {
    /// `BYTES_SECRET`
    pub secret: Option<Secret>,
    /// `BYTES_USERNAME`
    pub username: Option<String>,
    /// `BYTES_PASSWORD`
    pub password: Option<Secret>,
    /// `BYTES_LISTEN`: ours, since the original leaves its address to its server.
    pub listen: Option<SocketAddr>,
    /// `BYTES_ACCESS_TOKEN_EXPIRE_MINUTES`
    pub token_lifetime: Option<Duration>,
    /// `BYTES_HASHING_ALGORITHM`, in any case.
    pub hashing: Option<Algorithm>,
    /// `BYTES_EXT_HASH_REPOSITORY`, in any case.
    pub authority: Option<Authority>,
    /// `BYTES_PASTEBIN_API_DEV_KEY`
    pub pastebin_key: Option<Secret>,
    /// `BYTES_RFC3161_PROVIDER`
    pub rfc3161_url: Option<String>,
    /// `BYTES_RFC3161_CERT_FILE`
    pub rfc3161_certificates: Option<PathBuf>,
    /// `QUEUE_URI`: where events go, section `[announcements]`. Secret: it holds a password.
    pub queue_uri: Option<Secret>,
    /// `BYTES_DB_URI`: section `[database]`. Secret: it holds a password.
    pub database_url: Option<Secret>,
    /// `BYTES_DATA_DIR`: where the original keeps its files; only an import reads it.
    pub data_dir: Option<PathBuf>,
    /// `BYTES_ENCRYPTION_MIDDLEWARE` is `NACL_SEALBOX`.
    pub sealed: Option<bool>,
    /// `BYTES_PRIVATE_KEY_B64`
    pub private_key: Option<Secret>,
    /// `BYTES_PUBLIC_KEY_B64`
    pub public_key: Option<String>,
    /// `BYTES_LOGGING_FORMAT` is `json`.
    pub json_diagnostics: Option<bool>,
    /// `SPAN_EXPORT_GRPC_ENDPOINT`
    pub spans_endpoint: Option<String>,
    /// `S3_BUCKET`, `S3_BUCKET_PREFIX` and `BUCKET_PER_ORG`: only an import reads the original's layout.
    pub s3: S3Aliases,
    /// What the operator should know: deprecated names, variables without effect.
    pub warnings: Vec<String>,
}

/// Where the original keeps its files in S3.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct S3Aliases {
    /// `S3_BUCKET`
    pub bucket: Option<String>,
    /// `S3_BUCKET_PREFIX`
    pub bucket_prefix: Option<String>,
    /// `BUCKET_PER_ORG`
    pub bucket_per_organization: Option<bool>,
}

/// A variable cannot be used. Names the variable, never its value.
#[derive(Debug, thiserror::Error)]
pub enum AliasError {
    /// Its value is not one of those it takes.
    #[error("{name}: expected {expected}")]
    Value {
        /// The variable.
        name: String,
        /// What it takes.
        expected: &'static str,
    },
    /// The file it names cannot be read.
    #[error("{name}: the file cannot be read")]
    File {
        /// The variable.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Variables that had an effect in the original and have none here.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("BYTES_LOG_CFG", "diagnostics are set in section [diagnostics]"),
    ("LOG_CFG", "diagnostics are set in section [diagnostics]"),
    ("BYTES_LOG_FILE", "diagnostics go to standard error"),
    ("BYTES_FOLDER_PERMISSION", "content is no longer laid out in folders per organisation"),
    ("BYTES_FILE_PERMISSION", "content is no longer laid out in files per raw file"),
    ("BYTES_METRICS_TTL_SECONDS", "metrics are never cached"),
    ("BYTES_METRICS_CACHE_SIZE", "metrics are never cached"),
    ("BYTES_DB_CONNECTION_POOL_SIZE", "the pool is set in section [database]"),
    ("DATABASE_MIGRATION", "migrations run at every start"),
];

impl Aliases {
    /// Reads the aliases among `variables`.
    ///
    /// # Errors
    /// [`AliasError`] for the first variable that cannot be used.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, AliasError> {
        let variables: HashMap<String, String> =
            variables.into_iter().map(|(name, value)| (name.to_ascii_uppercase(), value)).collect();
        let mut reader = Reader { variables, warnings: Vec::new() };
        let mut aliases = Self {
            secret: reader.secret("BYTES_SECRET", &["SECRET"])?,
            username: reader.text("BYTES_USERNAME", &[])?,
            password: reader.secret("BYTES_PASSWORD", &[])?,
            listen: reader.parsed("BYTES_LISTEN", &[], "an address and port", |text| text.parse().ok())?,
            token_lifetime: reader.parsed(
                "BYTES_ACCESS_TOKEN_EXPIRE_MINUTES",
                &["ACCESS_TOKEN_EXPIRE_MINUTES"],
                "a number of minutes above zero",
                |text| text.trim().parse().ok().and_then(from_minutes),
            )?,
            hashing: reader.parsed(
                "BYTES_HASHING_ALGORITHM",
                &["HASHING_ALGORITHM"],
                "`sha512` or `sha224`",
                Algorithm::from_name,
            )?,
            authority: reader.parsed(
                "BYTES_EXT_HASH_REPOSITORY",
                &["EXT_HASH_SERVICE", "EXT_HASH_REPOSITORY"],
                "`IN_MEMORY`, `PASTEBIN` or `RFC3161`",
                Authority::from_name,
            )?,
            pastebin_key: reader.secret("BYTES_PASTEBIN_API_DEV_KEY", &["PASTEBIN_API_DEV_KEY"])?,
            rfc3161_url: reader.filled("BYTES_RFC3161_PROVIDER", "RFC3161_PROVIDER", "a URL")?,
            rfc3161_certificates: reader
                .filled("BYTES_RFC3161_CERT_FILE", "RFC3161_CERT_FILE", "an existing file")?
                .map(PathBuf::from),
            queue_uri: reader.secret("QUEUE_URI", &[])?,
            database_url: reader.secret("BYTES_DB_URI", &[])?,
            data_dir: reader.text("BYTES_DATA_DIR", &[])?.map(PathBuf::from),
            sealed: reader.parsed(
                "BYTES_ENCRYPTION_MIDDLEWARE",
                &["ENCRYPTION_MIDDLEWARE"],
                "`IDENTITY` or `NACL_SEALBOX`",
                |text| match text.to_ascii_uppercase().as_str() {
                    "IDENTITY" => Some(false),
                    "NACL_SEALBOX" => Some(true),
                    _ => None,
                },
            )?,
            private_key: reader.secret("BYTES_PRIVATE_KEY_B64", &["KAT_PRIVATE_KEY_B64"])?,
            public_key: reader.text("BYTES_PUBLIC_KEY_B64", &["VWS_PUBLIC_KEY_B64"])?,
            json_diagnostics: reader.parsed("BYTES_LOGGING_FORMAT", &[], "`text` or `json`", |text| {
                match text.to_ascii_lowercase().as_str() {
                    "text" => Some(false),
                    "json" => Some(true),
                    _ => None,
                }
            })?,
            spans_endpoint: reader.parsed("SPAN_EXPORT_GRPC_ENDPOINT", &[], "a URL", not_empty)?,
            s3: S3Aliases {
                bucket: reader.text("S3_BUCKET", &[])?,
                bucket_prefix: reader.text("S3_BUCKET_PREFIX", &[])?,
                bucket_per_organization: reader.parsed(
                    "BUCKET_PER_ORG",
                    &[],
                    "a truth value",
                    crate::wire::scalar::parse_boolean,
                )?,
            },
            warnings: Vec::new(),
        };
        aliases.warnings = reader.finish();
        Ok(aliases)
    }

    /// Lets what is set win over `config`.
    pub fn apply(&self, config: &mut BytesConfig) {
        fn set<T: Clone>(target: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                target.clone_from(value);
            }
        }
        fn set_optional<T: Clone>(target: &mut Option<T>, value: Option<&T>) {
            if value.is_some() {
                *target = value.cloned();
            }
        }
        set_optional(&mut config.secret, self.secret.as_ref());
        set(&mut config.username, self.username.as_ref());
        set_optional(&mut config.password, self.password.as_ref());
        set(&mut config.listen, self.listen.as_ref());
        set(&mut config.token_lifetime, self.token_lifetime.as_ref());
        set(&mut config.hashing, self.hashing.as_ref());
        set(&mut config.proofs.authority, self.authority.as_ref());
        set_optional(&mut config.proofs.pastebin_key, self.pastebin_key.as_ref());
        set_optional(&mut config.proofs.rfc3161_url, self.rfc3161_url.as_ref());
        set_optional(&mut config.proofs.rfc3161_certificates, self.rfc3161_certificates.as_ref());
    }
}

/// Looks variables up and gathers warnings.
struct Reader {
    variables: HashMap<String, String>,
    warnings: Vec<String>,
}

impl Reader {
    /// The value of `name` or, with a warning, of the first of `deprecated` that is set; and the name it came from.
    fn find(&mut self, name: &str, deprecated: &[&str]) -> Result<Option<(String, String)>, AliasError> {
        if let Some(value) = self.value_or_file(name)? {
            return Ok(Some((name.to_owned(), value)));
        }
        for old in deprecated {
            if let Some(value) = self.value_or_file(old)? {
                self.warnings.push(format!("{old} is deprecated, use {name}"));
                return Ok(Some(((*old).to_owned(), value)));
            }
        }
        Ok(None)
    }

    fn value_or_file(&self, name: &str) -> Result<Option<String>, AliasError> {
        if let Some(value) = self.variables.get(name) {
            return Ok(Some(value.clone()));
        }
        let file = format!("{name}_FILE");
        let Some(path) = self.variables.get(&file) else { return Ok(None) };
        match secret_from_file(path.as_ref()) {
            Ok(secret) => Ok(Some(secret.reveal().to_owned())),
            Err(source) => Err(AliasError::File { name: file, source }),
        }
    }

    fn text(&mut self, name: &str, deprecated: &[&str]) -> Result<Option<String>, AliasError> {
        Ok(self.find(name, deprecated)?.map(|(_, value)| value))
    }

    fn secret(&mut self, name: &str, deprecated: &[&str]) -> Result<Option<Secret>, AliasError> {
        Ok(self.text(name, deprecated)?.map(Secret::new))
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        deprecated: &[&str],
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, AliasError> {
        let Some((name, value)) = self.find(name, deprecated)? else { return Ok(None) };
        parse(&value).map(Some).ok_or(AliasError::Value { name, expected })
    }

    /// A text that must not be empty, except under its old name, where empty means unset.
    fn filled(
        &mut self,
        name: &str,
        old: &str,
        expected: &'static str,
    ) -> Result<Option<String>, AliasError> {
        match self.find(name, &[old])? {
            Some((from, value)) if value.is_empty() && from == name => {
                Err(AliasError::Value { name: from, expected })
            }
            found => Ok(found.map(|(_, value)| value).filter(|value| !value.is_empty())),
        }
    }

    fn finish(mut self) -> Vec<String> {
        for (name, why) in WITHOUT_EFFECT {
            if self.variables.contains_key(*name) {
                self.warnings.push(format!("{name} has no effect: {why}"));
            }
        }
        self.warnings
    }
}

fn not_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Aliases, AliasError> {
        Aliases::read(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn names_and_enumerations_are_case_insensitive() {
        let aliases = read(&[
            ("bytes_hashing_algorithm", "SHA512"),
            ("Bytes_Ext_Hash_Repository", "rfc3161"),
            ("BYTES_ENCRYPTION_MIDDLEWARE", "nacl_sealbox"),
            ("BYTES_ACCESS_TOKEN_EXPIRE_MINUTES", "0.5"),
        ])
        .unwrap();
        assert_eq!(aliases.hashing, Some(Algorithm::Sha512));
        assert_eq!(aliases.authority, Some(Authority::Rfc3161));
        assert_eq!(aliases.sealed, Some(true));
        assert_eq!(aliases.token_lifetime, Some(Duration::from_secs(30)));
        assert!(aliases.warnings.is_empty());
    }

    #[test]
    fn a_deprecated_name_counts_only_without_the_new_one_and_is_told() {
        let aliases = read(&[("SECRET", "old")]).unwrap();
        assert_eq!(aliases.secret, Some(Secret::new("old")));
        assert_eq!(aliases.warnings, ["SECRET is deprecated, use BYTES_SECRET"]);
        let aliases = read(&[("SECRET", "old"), ("BYTES_SECRET", "")]).unwrap();
        assert_eq!(aliases.secret, Some(Secret::new("")));
        assert!(aliases.warnings.is_empty());
        let both = [("EXT_HASH_REPOSITORY", "PASTEBIN"), ("EXT_HASH_SERVICE", "IN_MEMORY")];
        assert_eq!(read(&both).unwrap().authority, Some(Authority::InMemory));
    }

    #[test]
    fn an_empty_authority_is_an_error_only_under_its_new_name() {
        assert_eq!(read(&[("RFC3161_PROVIDER", "")]).unwrap().rfc3161_url, None);
        let error = read(&[("BYTES_RFC3161_PROVIDER", "")]).unwrap_err();
        assert_eq!(error.to_string(), "BYTES_RFC3161_PROVIDER: expected a URL");
    }

    #[test]
    fn an_error_names_the_variable_and_never_its_value() {
        let error = read(&[("BYTES_HASHING_ALGORITHM", "md5-and-a-secret")]).unwrap_err();
        assert_eq!(error.to_string(), "BYTES_HASHING_ALGORITHM: expected `sha512` or `sha224`");
        let aliases = read(&[("BYTES_PASSWORD", "hush"), ("QUEUE_URI", "amqp://u:hush@mq")]).unwrap();
        assert!(!format!("{aliases:?}").contains("hush"));
    }

    #[test]
    fn a_secret_may_be_in_a_file() {
        let missing = read(&[("BYTES_PASSWORD_FILE", "/nowhere/at/all")]).unwrap_err();
        assert_eq!(missing.to_string(), "BYTES_PASSWORD_FILE: the file cannot be read");
    }

    #[test]
    fn what_is_set_wins_over_the_configuration() {
        let mut config = BytesConfig::default();
        read(&[("BYTES_USERNAME", "kat"), ("BYTES_RFC3161_CERT_FILE", "/a/b.pem")])
            .unwrap()
            .apply(&mut config);
        assert_eq!(config.username, "kat");
        assert_eq!(config.proofs.rfc3161_certificates, Some(PathBuf::from("/a/b.pem")));
        assert_eq!(config.listen, BytesConfig::default().listen);
    }
}
