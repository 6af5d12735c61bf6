//! An S3 server on a folder: versitygw, which checks signatures, ranges and conditional requests as S3 does.
//!
//! It is a Go program, built once per version into a cache outside the repository. Without Go there is no S3, and
//! the tests that want it say "skipped".

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Environment;
use super::packages;
use super::process::{self, Farewell, Starting};
use crate::failure::{Doing, Outcome};
use crate::say;
use crate::standin::http;

const MODULE: &str = "github.com/versity/versitygw/cmd/versitygw";
const VERSION: &str = "v1.8.0";
const ACCESS_KEY: &str = "strongroom-test";
const SECRET_KEY: &str = "strongroom-test-secret";
const BUCKET: &str = "strongroom-test";

/// Finds the server, or builds it.
///
/// # Errors
/// The reason why there is none, as a text for people.
pub fn server() -> Result<PathBuf, String> {
    let folder = cache().join(format!("versitygw-{VERSION}"));
    let server = folder.join("versitygw");
    if server.is_file() {
        return Ok(server);
    }
    let go = packages::find("go").ok_or("there is no Go to build versitygw with")?;
    say::progress(format!("building versitygw {VERSION}, once, in {} (a minute or two)", folder.display()));
    let mut install = Command::new(go);
    install.arg("install").arg(format!("{MODULE}@{VERSION}"));
    install.env("GOBIN", &folder).env("GOFLAGS", "-buildvcs=false");
    process::run(&mut install).map_err(|failure| failure.to_string())?;
    Ok(server)
}

/// Starts the server on a fresh folder with one empty bucket.
///
/// # Errors
/// When it cannot be started.
pub fn start(server: &Path, folder: &Path, port: u16, environment: &mut Environment) -> Outcome<Starting> {
    let (data, versions) = (folder.join("s3/data"), folder.join("s3/versions"));
    for part in [&data.join(BUCKET), &versions] {
        fs::create_dir_all(part).doing("create the bucket's folder")?;
    }
    let address = format!("127.0.0.1:{port}");
    let mut command = Command::new(server);
    command.args(["--quiet", "--access", ACCESS_KEY, "--secret", SECRET_KEY, "--port", &address]);
    command.args(["--region", "us-east-1", "posix", "--versioning-dir"]).arg(&versions).arg(&data);
    for (name, value) in [
        ("ENDPOINT", format!("http://{address}").as_str()),
        ("REGION", "us-east-1"),
        ("BUCKET", BUCKET),
        ("ACCESS_KEY", ACCESS_KEY),
        ("SECRET_KEY", SECRET_KEY),
        // everything it keeps, for tests that look whether something is left
        ("FOLDER", &folder.join("s3").display().to_string()),
    ] {
        environment.insert(format!("STRONGROOM_TEST_S3_{name}"), value.to_owned());
    }
    // Refusing a stranger is an answer too.
    let probe = move || http::get(port, "/", &[]).is_ok();
    Starting::new("versitygw", command, &folder.join("s3.log"), Farewell::Kill, probe)
}

/// A folder that outlives clones: `$XDG_CACHE_HOME` or `~/.cache`.
pub fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    base.unwrap_or_else(std::env::temp_dir).join("strongroom-test/bin")
}
