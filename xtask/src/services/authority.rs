//! Starts our stand-ins: a time-stamp authority with keys made for this start, and a Pastebin.
//!
//! Certificates are root, intermediate and two time-stamping ones (RSA-2048 and ECDSA P-256), and an unrelated root
//! that must verify nothing. What the stand-ins answer is in `crate::standin`.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::packages::{self, Need};
use super::process::{self, Farewell, Starting};
use super::{Environment, write_file};
use crate::failure::{Doing, Outcome};

const EXTENSIONS: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = replaced by -subj
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[stamping]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
";
const RSA: &[&str] = &["-newkey", "rsa:2048"];
const ECDSA: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// Whether the program that signs is there.
#[must_use]
pub fn need() -> Need {
    Need { package: "openssl", found: packages::find("openssl").is_some() }
}

/// Makes keys and certificates and starts the authority.
///
/// # Errors
/// When a key cannot be made or the authority not started.
pub fn start(folder: &Path, port: u16, environment: &mut Environment) -> Outcome<Starting> {
    let home = folder.join("tsa");
    fs::create_dir(&home).doing(format!("create {}", home.display()))?;
    make_certificates(&home)?;
    write_file(&home.join("tsa.cnf"), configuration(&home).as_bytes())?;
    write_file(&home.join("serial"), b"01\n")?;
    let file = |name: &str| home.join(name).display().to_string();
    for (name, value) in [
        ("URL", format!("http://127.0.0.1:{port}")),
        ("ROOT", file("root.pem")),
        ("CHAIN", file("chain.pem")),
        ("OTHER_ROOT", file("other-root.pem")),
    ] {
        environment.insert(format!("STRONGROOM_TEST_TSA_{name}"), value);
    }
    stand_in("tsa", "the time-stamp authority", &home, port, &folder.join("tsa.log"))
}

/// Starts the Pastebin.
///
/// # Errors
/// When it cannot be started.
pub fn start_pastebin(folder: &Path, port: u16, environment: &mut Environment) -> Outcome<Starting> {
    environment.insert("STRONGROOM_TEST_PASTEBIN_URL".to_owned(), format!("http://127.0.0.1:{port}"));
    stand_in("pastebin", "Pastebin", folder, port, &folder.join("pastebin.log"))
}

fn stand_in(kind: &str, name: &str, folder: &Path, port: u16, log: &Path) -> Outcome<Starting> {
    // By this name and not by its path: compiling the tests replaces the file while we run.
    let mut command = Command::new("/proc/self/exe");
    command.args(["standin", kind, "--port", &port.to_string(), "--folder"]).arg(folder);
    command.current_dir(folder);
    Starting::new(name, command, log, Farewell::Kill, move || process::listens(port))
}

fn make_certificates(home: &Path) -> Outcome {
    write_file(&home.join("ca.cnf"), EXTENSIONS.as_bytes())?;
    self_signed(home, "root", "Strongroom Test Root")?;
    self_signed(home, "other-root", "Unrelated Test Root")?;
    signed(home, "intermediate", RSA, "Strongroom Test Intermediate", "intermediate", "root")?;
    signed(home, "rsa", RSA, "Strongroom Test Stamps RSA", "stamping", "intermediate")?;
    signed(home, "ecdsa", ECDSA, "Strongroom Test Stamps ECDSA", "stamping", "intermediate")?;
    let mut chain = Vec::new();
    for name in ["rsa.pem", "ecdsa.pem", "intermediate.pem"] {
        chain.extend(fs::read(home.join(name)).doing(format!("read {name}"))?);
    }
    write_file(&home.join("chain.pem"), &chain)
}

fn self_signed(home: &Path, name: &str, subject: &str) -> Outcome {
    let mut command = openssl(home);
    command.args([
        "req",
        "-x509",
        "-nodes",
        "-sha256",
        "-days",
        "3650",
        "-config",
        "ca.cnf",
        "-extensions",
        "root",
    ]);
    command.args(RSA).arg("-subj").arg(format!("/CN={subject}"));
    command.arg("-keyout").arg(format!("{name}.key")).arg("-out").arg(format!("{name}.pem"));
    process::run(&mut command).map(drop)
}

fn signed(home: &Path, name: &str, key: &[&str], subject: &str, extensions: &str, by: &str) -> Outcome {
    let request = format!("{name}.csr");
    let mut command = openssl(home);
    command.args(["req", "-new", "-nodes", "-sha256", "-config", "ca.cnf"]).args(key);
    command.arg("-subj").arg(format!("/CN={subject}"));
    command.arg("-keyout").arg(format!("{name}.key")).arg("-out").arg(&request);
    process::run(&mut command)?;
    let mut command = openssl(home);
    command.args([
        "x509",
        "-req",
        "-sha256",
        "-days",
        "1825",
        "-extfile",
        "ca.cnf",
        "-extensions",
        extensions,
    ]);
    command.arg("-in").arg(&request).arg("-CAcreateserial");
    command.arg("-CA").arg(format!("{by}.pem")).arg("-CAkey").arg(format!("{by}.key"));
    command.arg("-out").arg(format!("{name}.pem"));
    process::run(&mut command).map(drop)
}

fn openssl(home: &Path) -> Command {
    let mut command = Command::new("openssl");
    command.current_dir(home).env_remove("OPENSSL_CONF");
    command
}

/// One section per behaviour: each key, and one that accepts no digest anybody would send.
fn configuration(home: &Path) -> String {
    let section = |name: &str, key: &str, digests: &str| {
        let home = home.display();
        format!(
            "[{name}]\n\
             serial = {home}/serial\n\
             signer_cert = {home}/{key}.pem\n\
             signer_key = {home}/{key}.key\n\
             certs = {home}/intermediate.pem\n\
             signer_digest = sha256\n\
             default_policy = 1.2.3.4.1\n\
             digests = {digests}\n\
             accuracy = secs:1, millisecs:500\n\
             clock_precision_digits = 6\n\
             ordering = yes\n\
             tsa_name = yes\n\
             ess_cert_id_chain = no\n\
             ess_cert_id_alg = sha256\n"
        )
    };
    let usual = "sha1, sha256, sha384, sha512";
    [section("rsa", "rsa", usual), section("ecdsa", "ecdsa", usual), section("reject", "rsa", "md5")].concat()
}
