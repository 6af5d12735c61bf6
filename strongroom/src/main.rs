//! `strongroom`: the one program, as a server and as the operator's tool.
//!
//! - [`config`]: defaults, file, environment, flags
//! - [`assemble`]: the only place that knows the adapters
//! - [`commands`]: a file per command
//! - [`folder`], [`keys`]: the data folder and what is secret in it
//!
//! What the program does with requests is the services' and the kernel's business.

mod assemble;
mod backups;
mod commands;
mod config;
mod copy;
mod diagnostics;
mod folder;
mod keys;
mod offline;
mod output;
mod progress;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    folder::close_files_to_others();
    // the one TLS stack of this process; an error says that there is one already
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = commands::Cli::parse();
    let failure = cli.failure_code();
    cli.run().unwrap_or_else(|error| {
        output::fail(&error);
        failure
    })
}
