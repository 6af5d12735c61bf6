//! TLS on a real socket, with a certificate made by `openssl` for the test.

use std::{path::Path, process::Command, sync::Arc};

use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use strongroom_http::{Options, tls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use crate::{Server, router};

/// Makes `certificate.pem` and `key.pem`; false when there is no `openssl` here.
fn make_certificate(folder: &Path) -> bool {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder)
        .output();
    let Ok(output) = made else {
        println!("skipped: no openssl");
        return false;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

#[tokio::test]
async fn requests_come_over_tls_and_plain_ones_are_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    if !make_certificate(folder.path()) {
        return;
    }
    let certificate = folder.path().join("certificate.pem");
    let config = tls::server_config(&certificate, &folder.path().join("key.pem")).unwrap();
    let server = Server::start(router(), Options { tls: Some(config), ..Options::default() }).await;

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream =
        TlsConnector::from(Arc::new(client)).connect(name, server.connect().await).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("fine"), "{answer}");

    let mut plain = server.connect().await;
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut alert = Vec::new();
    let _reset = plain.read_to_end(&mut alert).await;
    assert!(!alert.starts_with(b"HTTP/"));
}

#[test]
fn a_key_that_is_not_the_certificates_is_refused() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    if !folders.iter().all(|folder| make_certificate(folder.path())) {
        return;
    }
    let certificate = folders[0].path().join("certificate.pem");
    let error = tls::server_config(&certificate, &folders[1].path().join("key.pem")).unwrap_err();
    assert!(error.to_string().starts_with("use TLS certificate and key"), "{error}");
    let error = tls::server_config(&certificate, &certificate).unwrap_err();
    assert!(error.to_string().starts_with("read TLS key"), "{error}");
}
