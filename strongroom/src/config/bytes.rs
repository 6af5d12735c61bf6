//! What the program checks of section `[bytes]`, whose keys are the service's own.

use strongroom_bytes::config::{Authority, BytesConfig};

use super::{ConfigError, secret};

/// A hundred years.
const MOST_DAYS: u32 = 36_500;
const MOST_DAYS_TEXT: &str = "must be at most 36500 days";

/// Reads the secrets that stand in files.
pub(super) fn resolve(bytes: &mut BytesConfig) -> Result<(), ConfigError> {
    secret::resolve("bytes.secret", &mut bytes.secret, bytes.secret_file.as_deref())?;
    secret::resolve("bytes.password", &mut bytes.password, bytes.password_file.as_deref())?;
    let proofs = &mut bytes.proofs;
    secret::resolve(
        "bytes.proofs.pastebin_key",
        &mut proofs.pastebin_key,
        proofs.pastebin_key_file.as_deref(),
    )
}

/// The chosen authority has what it needs.
pub(super) fn validate(bytes: &BytesConfig) -> Result<(), ConfigError> {
    let needed = |key: &str, there: bool, authority: &str| {
        let text = || format!("is needed for the authority {authority}");
        if there { Ok(()) } else { Err(ConfigError::value(&format!("bytes.proofs.{key}"), text())) }
    };
    if bytes.retention.days > MOST_DAYS {
        return Err(ConfigError::value("bytes.retention.days", MOST_DAYS_TEXT));
    }
    if bytes.retention.organizations.values().any(|days| *days > MOST_DAYS) {
        return Err(ConfigError::value("bytes.retention.organizations", MOST_DAYS_TEXT));
    }
    match bytes.proofs.authority {
        Authority::InMemory => Ok(()),
        Authority::Pastebin => needed("pastebin_key", bytes.proofs.pastebin_key.is_some(), "pastebin"),
        Authority::Rfc3161 => {
            needed("rfc3161_url", bytes.proofs.rfc3161_url.is_some(), "rfc3161")?;
            needed("rfc3161_certificates", bytes.proofs.rfc3161_certificates.is_some(), "rfc3161")
        }
    }
}
