//! The command line of the chores; each arm calls the module that does the work.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::failure::{Failure, Outcome};
use xtask::services::{self, Durability};
use xtask::{house, root, run, say, standin};

/// Chores of the Strongroom repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Runs all tests against the real services, which are started before and stopped after.
    Test {
        /// Starts nothing; tests that need a service say "skipped".
        #[arg(long)]
        no_services: bool,
        /// Leaves fsync on in the database.
        #[arg(long)]
        sync: bool,
        /// Arguments for `cargo test` instead of the whole workspace.
        #[arg(last = true)]
        cargo: Vec<String>,
    },
    /// Starts, stops or shows the real services, for tests run by hand.
    Services {
        #[command(subcommand)]
        step: Step,
    },
    /// Checks the house rules: prose, words, changelog, frozen migrations.
    Tidy,
    /// Checks the arrows between crates and what each crate forbids.
    Arrows,
    /// Checks that every dependency of every manifest is used.
    Unused,
    /// Records the digests of all migrations; done once per release, after which they never change.
    FreezeMigrations,
    /// One of our own stand-ins, in the foreground.
    #[command(hide = true)]
    Standin {
        kind: standin::Kind,
        #[arg(long)]
        port: u16,
        #[arg(long)]
        folder: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Starts them in the background and prints their environment.
    Up {
        /// Leaves fsync on in the database.
        #[arg(long)]
        sync: bool,
    },
    /// Stops them and removes their files.
    Down,
    /// Prints `export NAME='value'` lines for a shell.
    Env,
    /// Starts Keycloak, prints its variable, and keeps it until interrupted.
    Keycloak,
}

fn main() -> ExitCode {
    match perform(Arguments::parse().chore) {
        Ok(code) => code,
        Err(failure) => {
            say::progress(format!("error: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(chore: Chore) -> Outcome<ExitCode> {
    let root = root();
    match chore {
        Chore::Test { no_services, sync, cargo } => {
            return run::test(&root, (!no_services).then(|| durability(sync)), &cargo);
        }
        Chore::Services { step: Step::Up { sync } } => {
            services::up(&root, durability(sync))?;
            services::print_environment(&root)?;
        }
        Chore::Services { step: Step::Down } => services::down(&root)?,
        Chore::Services { step: Step::Env } => services::print_environment(&root)?,
        Chore::Services { step: Step::Keycloak } => services::oidc::keycloak()?,
        Chore::Tidy => verdict(&house::tidy::check(&root)?)?,
        Chore::Arrows => verdict(&house::arrows::check(&root)?)?,
        Chore::Unused => verdict(&house::unused::check(&root)?)?,
        Chore::FreezeMigrations => house::migrations::freeze(&root)?,
        Chore::Standin { kind, port, folder } => standin::serve(kind, port, &folder)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn durability(sync: bool) -> Durability {
    if sync { Durability::Synced } else { Durability::Unsynced }
}

fn verdict(report: &house::Report) -> Outcome {
    for remark in &report.remarks {
        say::progress(format!("remark: {remark}"));
    }
    for fault in &report.faults {
        say::result(fault);
    }
    if report.faults.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("{} faults", report.faults.len())))
    }
}
