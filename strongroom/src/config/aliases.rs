//! The originals' environment variables, laid between the file and `STRONGROOM_…`.

use strongroom_bytes::config::{Algorithm, Aliases, Authority, Secret};
use toml::{Table, Value};

use super::{Config, ConfigError, Format, content::Encryption};

/// Lets the originals' variables win over `config`, except where `stronger` has the key.
/// Returns what an operator should know, and what was set, with texts in place of secrets.
pub(super) fn apply(
    config: &mut Config,
    variables: &[(String, String)],
    stronger: &Table,
) -> Result<(Vec<String>, Table), ConfigError> {
    let wrong = |error: strongroom_bytes::config::AliasError| ConfigError::Alias(error.to_string());
    let mut aliases = Aliases::read(variables.iter().cloned()).map_err(wrong)?;
    let mut warnings = std::mem::take(&mut aliases.warnings);
    forget_weaker(&mut aliases, stronger);
    let mut told = told(&aliases);
    aliases.apply(&mut config.bytes);
    set(&mut config.announcements.amqp_url, aliases.queue_uri);
    set(&mut config.database.url, aliases.database_url.map(|url| plain_scheme(&url)));
    set(&mut config.content.private_key, aliases.private_key);
    set(&mut config.content.public_key, aliases.public_key);
    if let Some(sealed) = aliases.sealed {
        config.content.encryption = if sealed { Encryption::NaclBox } else { Encryption::None };
    }
    if let Some(json) = aliases.json_diagnostics {
        config.diagnostics.format = if json { Format::Json } else { Format::Text };
    }
    if aliases.spans_endpoint.is_some() {
        let told = "spans go by HTTP, set telemetry.otlp_endpoint";
        warnings.push(format!("SPAN_EXPORT_GRPC_ENDPOINT has no effect: {told}"));
    }
    warnings.extend(apply_keycloak(config, variables, stronger));
    if let Some(variable) = variables.iter().find(|(name, _)| name == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        && !has(stronger, "telemetry", "otlp_endpoint")
    {
        config.telemetry.otlp_endpoint = Some(variable.1.clone());
        tell(&mut told, &["telemetry", "otlp_endpoint"], Some(variable.1.as_str()));
    }
    Ok((warnings, told))
}

/// What the aliases set, as a layer of the configuration.
fn told(aliases: &Aliases) -> Table {
    let hidden = |secret: &Option<Secret>| secret.as_ref().map(|_| "…");
    let mut told = Table::new();
    tell(&mut told, &["bytes", "secret"], hidden(&aliases.secret));
    tell(&mut told, &["bytes", "username"], aliases.username.as_deref());
    tell(&mut told, &["bytes", "password"], hidden(&aliases.password));
    tell(&mut told, &["bytes", "listen"], aliases.listen.map(|address| address.to_string()));
    let minutes = aliases.token_lifetime.map(|lifetime| lifetime.as_secs_f64() / 60.0);
    tell(&mut told, &["bytes", "token_minutes"], minutes);
    tell(&mut told, &["bytes", "hashing"], aliases.hashing.map(Algorithm::name));
    let authority = aliases.authority.map(|authority| match authority {
        Authority::InMemory => "in_memory",
        Authority::Pastebin => "pastebin",
        Authority::Rfc3161 => "rfc3161",
    });
    tell(&mut told, &["bytes", "proofs", "authority"], authority);
    tell(&mut told, &["bytes", "proofs", "pastebin_key"], hidden(&aliases.pastebin_key));
    tell(&mut told, &["bytes", "proofs", "rfc3161_url"], aliases.rfc3161_url.as_deref());
    let certificates = aliases.rfc3161_certificates.as_ref().map(|path| path.to_string_lossy().into_owned());
    tell(&mut told, &["bytes", "proofs", "rfc3161_certificates"], certificates);
    tell(&mut told, &["announcements", "amqp_url"], hidden(&aliases.queue_uri));
    tell(&mut told, &["database", "url"], hidden(&aliases.database_url));
    tell(&mut told, &["content", "private_key"], hidden(&aliases.private_key));
    tell(&mut told, &["content", "public_key"], aliases.public_key.as_deref());
    let encryption = aliases.sealed.map(|sealed| if sealed { "nacl_box" } else { "none" });
    tell(&mut told, &["content", "encryption"], encryption);
    let format = aliases.json_diagnostics.map(|json| if json { "json" } else { "text" });
    tell(&mut told, &["diagnostics", "format"], format);
    told
}

fn tell(told: &mut Table, path: &[&str], value: Option<impl Into<Value>>) {
    let Some(value) = value else { return };
    let value: Value = value.into();
    let nested = path
        .iter()
        .rev()
        .fold(value, |value, key| Value::Table(Table::from_iter([((*key).to_owned(), value)])));
    if let Value::Table(nested) = nested {
        super::merge(told, nested);
    }
}

/// The original `tracer`'s Keycloak, except where `stronger` has the key.
fn apply_keycloak(config: &mut Config, variables: &[(String, String)], stronger: &Table) -> Option<String> {
    let oidc = &mut config.tracer.oidc;
    let mut aliased = oidc.clone();
    let warning = strongroom_tracer::config::aliases::apply(&mut aliased, variables);
    let ours = stronger.get("tracer").and_then(|tracer| tracer.get("oidc"));
    let ours = |key| ours.and_then(|oidc| oidc.get(key)).is_some();
    if !ours("issuer") {
        oidc.issuer = aliased.issuer;
    }
    if !ours("client_id") {
        oidc.client_id = aliased.client_id;
    }
    warning
}

fn set<T>(target: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *target = value;
    }
}

fn has(table: &Table, section: &str, key: &str) -> bool {
    table.get(section).and_then(|section| section.get(key)).is_some()
}

/// What `STRONGROOM_…` sets is no longer asked of the aliases.
fn forget_weaker(aliases: &mut Aliases, stronger: &Table) {
    fn forget<T>(value: &mut Option<T>, stronger: bool) {
        if stronger {
            *value = None;
        }
    }
    let bytes = |key| has(stronger, "bytes", key) || has(stronger, "bytes", &format!("{key}_file"));
    forget(&mut aliases.secret, bytes("secret"));
    forget(&mut aliases.username, bytes("username"));
    forget(&mut aliases.password, bytes("password"));
    forget(&mut aliases.listen, bytes("listen"));
    forget(&mut aliases.token_lifetime, bytes("token_minutes"));
    forget(&mut aliases.hashing, bytes("hashing"));
    let proofs = stronger.get("bytes").and_then(|bytes| bytes.get("proofs"));
    let proofs = |key| proofs.and_then(|proofs| proofs.get(key)).is_some();
    forget(&mut aliases.authority, proofs("authority"));
    forget(&mut aliases.pastebin_key, proofs("pastebin_key") || proofs("pastebin_key_file"));
    forget(&mut aliases.rfc3161_url, proofs("rfc3161_url"));
    forget(&mut aliases.rfc3161_certificates, proofs("rfc3161_certificates"));
    let queue = has(stronger, "announcements", "amqp_url") || has(stronger, "announcements", "amqp_url_file");
    forget(&mut aliases.queue_uri, queue);
    let database = has(stronger, "database", "url") || has(stronger, "database", "url_file");
    forget(&mut aliases.database_url, database);
    forget(&mut aliases.sealed, has(stronger, "content", "encryption"));
    let private = has(stronger, "content", "private_key") || has(stronger, "content", "private_key_file");
    forget(&mut aliases.private_key, private);
    forget(&mut aliases.public_key, has(stronger, "content", "public_key"));
    forget(&mut aliases.json_diagnostics, has(stronger, "diagnostics", "format"));
}

/// The original names its driver in the scheme: `postgresql+psycopg2://`.
fn plain_scheme(url: &Secret) -> Secret {
    match url.reveal().split_once("://") {
        Some((scheme, rest)) if scheme.starts_with("postgresql+") => {
            Secret::new(format!("postgresql://{rest}"))
        }
        _ => url.clone(),
    }
}
