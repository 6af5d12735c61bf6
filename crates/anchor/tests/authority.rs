//! A time-stamp authority with its own certificates: `openssl ts` behind HTTP, one section of its configuration
//! per path.
//!
//! root → intermediate → `deep`; root → `rsa`, `p256`, `p384`, `p521`, `expired`; `other` is another root.
//! `old` has SHA-1 everywhere, as the original's authorities had; `picky` takes no SHA-256.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use strongroom_anchor::{
    Rfc3161,
    rfc3161::{Certificates, HashAlgorithm, Rfc3161Settings, Trust},
};
use strongroom_fetch::{AddressPolicy, Fetcher, Limits};
use strongroom_kernel::ports::SystemRng;
use tempfile::TempDir;

use strongroom_contract::http::{Reply, Request, serve};

pub(crate) const TEXT: &str = "sha512:0123456789abcdef";

pub(crate) struct Authority {
    folder: TempDir,
    url: String,
}

static SHARED: LazyLock<Option<Authority>> = LazyLock::new(Authority::start);

/// The one authority of all tests; `None` and a word on the terminal without `openssl`.
pub(crate) fn authority() -> Option<&'static Authority> {
    if SHARED.is_none() {
        println!("skipped: openssl is not installed");
    }
    SHARED.as_ref()
}

impl Authority {
    fn start() -> Option<Self> {
        Command::new("openssl").arg("version").output().ok()?;
        let folder = tempfile::tempdir().expect("a folder");
        make_certificates(folder.path());
        write(&folder.path().join("tsa.cnf"), configuration());
        write(&folder.path().join("serial"), "01\n");
        let (at, turn, last) = (folder.path().to_owned(), Mutex::new(()), Mutex::new(None));
        let url = serve(move |request| reply(&at, &turn, &last, &request));
        Some(Self { folder, url })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.url)
    }

    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect(name)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn trust(&self, names: &[&str]) -> Trust {
        let pem: Vec<u8> = names.iter().flat_map(|name| self.file(&format!("{name}.pem"))).collect();
        Trust::read(&pem).expect("certificates")
    }

    /// Settings for the section `path` that trust `trusted`.
    pub(crate) fn settings(&self, path: &str, trusted: &[&str]) -> Rfc3161Settings {
        Rfc3161Settings {
            url: self.url(path),
            imprint: HashAlgorithm::Sha256,
            certificates: Certificates::Include,
            trust: self.trust(trusted),
        }
    }

    /// An anchor at the section `path` that trusts `trusted`.
    pub(crate) fn anchor(&self, path: &str, trusted: &[&str]) -> Rfc3161 {
        anchor(self.settings(path, trusted))
    }

    /// Runs `openssl` in the folder of the certificates and returns what it wrote to its output.
    pub(crate) fn openssl(&self, arguments: &str) -> Vec<u8> {
        openssl(self.folder.path(), arguments)
    }
}

pub(crate) fn anchor(settings: Rfc3161Settings) -> Rfc3161 {
    anchor_within(settings, Limits::default())
}

pub(crate) fn anchor_within(settings: Rfc3161Settings, limits: Limits) -> Rfc3161 {
    let fetcher = Fetcher::new(limits, AddressPolicy::Any).expect("a client");
    Rfc3161::new(settings, fetcher, Arc::new(SystemRng)).expect("an anchor")
}

/// Limits with a time that a silent server reaches soon.
pub(crate) fn impatient() -> Limits {
    Limits { total_timeout: Duration::from_millis(300), ..Limits::default() }
}

fn reply(folder: &Path, turn: &Mutex<()>, last: &Mutex<Option<Vec<u8>>>, request: &Request) -> Reply {
    let right = request.method == "POST" && request.content_type == "application/timestamp-query";
    match request.path.trim_start_matches('/') {
        "silence" => Reply::Silence,
        "endless" => Reply::Endless,
        "500" => Reply::Answer(500, "", b"oops".to_vec()),
        "404" => Reply::Answer(404, "", b"oops".to_vec()),
        "empty" => Reply::ok(""),
        "html" => Reply::ok("<html>welcome</html>"),
        "moved" => Reply::Answer(307, "location: /rsa\r\n", Vec::new()),
        "replay" => {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            Reply::ok(last.get_or_insert_with(|| stamp(folder, turn, "rsa", &request.body)).clone())
        }
        section if right => Reply::ok(stamp(folder, turn, section, &request.body)),
        _ => Reply::Answer(400, "", b"not a query".to_vec()),
    }
}

fn stamp(folder: &Path, turn: &Mutex<()>, section: &str, query: &[u8]) -> Vec<u8> {
    // The serial number is a file.
    let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
    write(&folder.join("query"), query);
    openssl(folder, &format!("ts -reply -config tsa.cnf -section {section} -queryfile query -out reply"));
    fs::read(folder.join("reply")).expect("a reply")
}

fn openssl(folder: &Path, arguments: &str) -> Vec<u8> {
    let output =
        Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output().expect("openssl");
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[expect(clippy::disallowed_methods, reason = "files of a test need not be durable")]
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).expect("write a file");
}

fn make_certificates(folder: &Path) {
    write(
        &folder.join("extensions.cnf"),
        "[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
         [tsa]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
         extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\n\
         [both]\nextendedKeyUsage=critical,timeStamping,codeSigning\n\
         [soft]\nextendedKeyUsage=timeStamping\n\
         [none]\nbasicConstraints=critical,CA:FALSE\n\
         [unusable]\nkeyUsage=critical,keyEncipherment\nextendedKeyUsage=critical,timeStamping\n",
    );
    let rsa = "-newkey rsa:2048";
    for root in ["root", "other"] {
        openssl(
            folder,
            &format!(
                "req -x509 {rsa} -nodes -keyout {root}.key -out {root}.pem -subj /CN={root} -days 3650 \
                 -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign"
            ),
        );
    }
    let curve = |name: &str| format!("-newkey ec -pkeyopt ec_paramgen_curve:{name}");
    issue(folder, "intermediate", &curve("P-384"), "root", "ca", 3_650, "-sha384");
    issue(folder, "deep", &curve("P-256"), "intermediate", "tsa", 3_650, "-sha512");
    issue(folder, "rsa", rsa, "root", "tsa", 3_650, "-sha256");
    issue(folder, "p256", &curve("P-256"), "root", "tsa", 3_650, "-sha256");
    issue(folder, "p384", &curve("P-384"), "root", "tsa", 3_650, "-sha256");
    issue(folder, "p521", &curve("P-521"), "root", "tsa", 3_650, "-sha256");
    issue(folder, "expired", rsa, "root", "tsa", -1, "-sha256");
    for purpose in ["both", "soft", "none", "unusable"] {
        issue(folder, purpose, rsa, "root", purpose, 3_650, "-sha256");
    }
}

fn issue(folder: &Path, name: &str, key: &str, issuer: &str, extensions: &str, days: i32, digest: &str) {
    openssl(
        folder,
        &format!("req -new {key} -nodes -keyout {name}.key -out {name}.csr -subj /O=Strongroom/CN={name}"),
    );
    openssl(
        folder,
        &format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -days {days} {digest} \
             -extfile extensions.cnf -extensions {extensions} -out {name}.pem"
        ),
    );
}

fn configuration() -> String {
    let all = "sha1, sha256, sha384, sha512";
    let mut text = String::new();
    for (section, signer, chain, digest, identifier, digests) in [
        ("rsa", "rsa", "root", "sha256", "sha256", all),
        ("p256", "p256", "root", "sha256", "sha512", all),
        ("p384", "p384", "root", "sha384", "sha256", all),
        ("p384-512", "p384", "root", "sha512", "sha256", all),
        ("p521", "p521", "root", "sha512", "sha384", all),
        ("deep", "deep", "intermediate", "sha256", "sha256", all),
        ("expired", "expired", "root", "sha256", "sha256", all),
        ("old", "rsa", "root", "sha1", "sha1", all),
        ("picky", "rsa", "root", "sha256", "sha256", "sha384, sha512"),
    ] {
        writeln!(
            text,
            "[{section}]\nserial = serial\ncrypto_device = builtin\nsigner_cert = {signer}.pem\n\
             certs = {chain}.pem\nsigner_key = {signer}.key\nsigner_digest = {digest}\n\
             default_policy = 1.2.3.4.1\ndigests = {digests}\naccuracy = secs:1, millisecs:500\n\
             clock_precision_digits = 3\nordering = yes\ntsa_name = yes\ness_cert_id_chain = no\n\
             ess_cert_id_alg = {identifier}\n"
        )
        .expect("a string takes everything");
    }
    text
}
