//! Where the server is and how it is reached.
//!
//! Without `sslmode=require` (or `verify-full`) the connection is plain; with it the server's certificate is
//! checked against the machine's roots, or against those in the file that `sslrootcert` names.

use std::{path::Path, sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use strongroom_kernel::ports::PortError;
use tokio_postgres::{Client, Config, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{failed, port_error};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long sent bytes may stay without an answer from the other machine.
const SILENCE: Duration = Duration::from_secs(10);

/// A server, a database on it, and how to get there.
#[derive(Clone)]
pub(super) struct Target {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the configuration keeps its password to itself
        formatter.debug_struct("Target").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Target {
    /// The target that `url` names: `postgres://user@host:port/database?sslmode=require`, or libpq's
    /// `key=value` form.
    ///
    /// # Errors
    /// `Refused` when it cannot be read; the message never repeats it, since it may hold a password.
    pub(super) fn parse(url: &str) -> Result<Self, PortError> {
        let (url, roots) = without_roots(url);
        let mut config: Config = url.parse().map_err(|_| {
            PortError::refused("the database's URL is malformed or has an option that is not known")
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        config.application_name("strongroom");
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(tls(roots.as_deref())?),
            _ => None,
        };
        Ok(Self { config, tls })
    }

    /// A connection of one's own.
    pub(super) async fn connect(&self) -> Result<Client, PortError> {
        let failed = failed("connect to PostgreSQL");
        match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
                tokio::spawn(watch(connection));
                Ok(client)
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await.map_err(failed)?;
                tokio::spawn(watch(connection));
                Ok(client)
            }
        }
    }

    /// What makes connections for a pool.
    pub(super) fn manager(&self) -> Manager {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        match &self.tls {
            None => Manager::from_config(self.config.clone(), NoTls, config),
            Some(tls) => Manager::from_config(self.config.clone(), tls.clone(), config),
        }
    }
}

async fn watch(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        let error = port_error("keep the connection to PostgreSQL", error);
        tracing::warn!(error = %error, source = ?error.source, "connection lost");
    }
}

/// Takes `sslrootcert` out of a URL's parameters and spells the modes that verify as the driver knows them.
fn without_roots(url: &str) -> (String, Option<String>) {
    let Some((base, parameters)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut roots = None;
    let mut kept = Vec::new();
    for parameter in parameters.split('&') {
        match parameter.split_once('=') {
            Some(("sslrootcert", path)) => roots = Some(path.replace("%2F", "/")),
            Some(("sslmode", "verify-full" | "verify-ca")) => kept.push("sslmode=require"),
            _ => kept.push(parameter),
        }
    }
    let question = if kept.is_empty() { "" } else { "?" };
    (format!("{base}{question}{}", kept.join("&")), roots)
}

fn tls(roots: Option<&str>) -> Result<MakeRustlsConnect, PortError> {
    let refused = |what: &str| PortError::refused(format!("TLS to PostgreSQL: {what}"));
    let mut store = RootCertStore::empty();
    match roots {
        Some(path) => {
            let certificates = CertificateDer::pem_file_iter(Path::new(path))
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| refused("read the file of sslrootcert").with_source(error))?;
            store.add_parsable_certificates(certificates);
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if store.is_empty() {
        return Err(refused("no root certificate was found"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| refused("choose protocol versions").with_source(error))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_taken_out_of_the_url() {
        let check = |url: &str, kept: &str, roots: Option<&str>| {
            assert_eq!(without_roots(url), (kept.to_owned(), roots.map(str::to_owned)));
        };
        check("postgres://u@h/d", "postgres://u@h/d", None);
        check("postgres://h/d?sslrootcert=%2Fca.pem", "postgres://h/d", Some("/ca.pem"));
        check(
            "postgres://h/d?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=3",
            "postgres://h/d?sslmode=require&connect_timeout=3",
            Some("/ca.pem"),
        );
    }

    #[test]
    fn a_malformed_url_is_refused_without_being_repeated() {
        let error = Target::parse("postgres://u:secret@h/d?nonsense=1").unwrap_err();
        assert!(!format!("{error:?}").contains("secret"));
        assert!(!format!("{:?}", Target::parse("postgres://u:secret@h/d").unwrap()).contains("secret"));
    }
}
