//! TLS of a listener from certificate and key files.

use std::{path::Path, sync::Arc};

use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

/// Certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub struct TlsError {
    what: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Server side of TLS 1.2 and 1.3 with the certificate chain and the private key of two PEM files.
///
/// # Errors
/// [`TlsError`] when a file cannot be read, holds no PEM, or key and certificate do not belong together.
pub fn server_config(certificates: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect)
        .map_err(|error| fail("read TLS certificates", error))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| fail("read TLS key", error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| fail("use TLS certificate and key", error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn fail(what: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> TlsError {
    TlsError { what, source: Box::new(error) }
}
