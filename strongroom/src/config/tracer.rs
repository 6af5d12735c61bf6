//! What the program checks of section `[tracer]`, whose keys are the service's own.

use strongroom_identity::password::StoredPassword;
use strongroom_tracer::config::TracerConfig;

use super::{ConfigError, secret};

/// Most traces of one answer.
const MOST_TRACES: u64 = 10_000;

/// Reads the secrets that stand in files.
pub(super) fn resolve(tracer: &mut TracerConfig) -> Result<(), ConfigError> {
    let admin = &mut tracer.admin;
    secret::resolve("tracer.admin.password", &mut admin.password, admin.password_file.as_deref())?;
    // compose files and units set variables to nothing: an empty password is none
    admin.password.take_if(|password| password.is_empty());
    admin.password_hash.take_if(|hash| hash.is_empty());
    let oidc = &mut tracer.oidc;
    for address in [&mut oidc.issuer, &mut oidc.discovery_url, &mut oidc.keys_url] {
        address.take_if(|address| address.is_empty());
    }
    Ok(())
}

/// Keys that need each other are there together, and texts are usable where they go.
pub(super) fn validate(tracer: &TracerConfig) -> Result<(), ConfigError> {
    let wrong = |key: &str, text: &str| Err(ConfigError::value(&format!("tracer.{key}"), text));
    if tracer.tls.certificate.is_some() != tracer.tls.key.is_some() {
        return wrong("tls.key", "needs tracer.tls.certificate beside it, and the reverse");
    }
    if !tracer.base_path.is_empty() && !tracer.base_path.starts_with('/') {
        return wrong("base_path", "must be empty or begin with a slash");
    }
    if tracer.default_limit > MOST_TRACES {
        return wrong("default_limit", "must be at most 10000");
    }
    if tracer.admin.name.is_empty() || tracer.admin.name.contains(':') {
        return wrong("admin.name", "must not be empty or hold a colon");
    }
    if tracer.admin.password.is_some() && tracer.admin.password_hash.is_some() {
        return wrong("admin.password_hash", "is given beside a password");
    }
    if let Some(hash) = &tracer.admin.password_hash
        && let Err(error) = StoredPassword::hash(hash.reveal())
    {
        return wrong("admin.password_hash", &error.to_string());
    }
    if let Err(error) = tracer.oidc.settings() {
        return wrong(&format!("oidc.{}", error.key), &error.text);
    }
    if !(1..=100).contains(&tracer.fetch.tries) {
        return wrong("fetch.tries", "must be from 1 to 100");
    }
    if tracer.fetch.pause_ms == 0 {
        return wrong("fetch.pause_ms", "must be at least 1");
    }
    if tracer.realm.chars().any(char::is_control) {
        return wrong("realm", "must not hold control characters");
    }
    if tracer.ledger_name.is_empty() || tracer.ledger_name.contains(',') {
        return wrong("ledger_name", "must not be empty or hold a comma");
    }
    Ok(())
}
