//! Installs the Debian packages whose programs are missing, when we may.
//!
//! No daemon is started by an installation: a guard is put in place for its time where there is none. Programs from
//! elsewhere (the S3 server) are installed by the module that needs them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::write_file;
use crate::failure::{Doing, Failure, Outcome};
use crate::say;

const GUARD: &str = "/usr/sbin/policy-rc.d";

/// A program that must be there, and the package that brings it.
#[derive(Debug)]
pub struct Need {
    /// The Debian package.
    pub package: &'static str,
    /// Whether the program is there.
    pub found: bool,
}

/// Installs what is missing.
///
/// # Errors
/// When something is missing and we are not root, there is no `apt-get`, or it fails.
pub fn install_missing(needs: &[Need]) -> Outcome {
    let missing: Vec<&str> = needs.iter().filter(|need| !need.found).map(|need| need.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !is_root() || find("apt-get").is_none() {
        let advice = "install them, or run `cargo xtask test --no-services`";
        return Err(Failure::new(format!("these packages are missing: {names}; {advice}")));
    }
    say::progress(format!("installing {names}"));
    let _guard = Guard::set()?;
    apt_get(&["update"])?;
    apt_get(&[&["install", "-y", "--no-install-recommends"], &missing[..]].concat())
}

fn apt_get(arguments: &[&str]) -> Outcome {
    let mut command = Command::new("apt-get");
    command.arg("-q").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    // Its chatter is progress; standard output is for results.
    command.stdout(std::io::stderr());
    let status = command.status().doing("run apt-get")?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("apt-get {} failed ({status})", arguments.join(" "))))
    }
}

/// Forbids installations to start daemons, for as long as it lives; does nothing where that is forbidden already.
#[derive(Debug)]
struct Guard {
    ours: bool,
}

impl Guard {
    fn set() -> Outcome<Self> {
        let path = Path::new(GUARD);
        if path.try_exists().doing("look for the guard")? {
            return Ok(Self { ours: false });
        }
        write_file(path, b"#!/bin/sh\nexit 101\n")?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).doing("arm the guard")?;
        Ok(Self { ours: true })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.ours {
            let _ = fs::remove_file(GUARD);
        }
    }
}

/// Whether we may do everything on this machine.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Where a program is on the `PATH`.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
