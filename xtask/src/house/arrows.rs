//! Which crate may see which, and what each crate forbids.
//!
//! The rules are the crate map of ARCHITECTURE.md as data: `model, ledger ← kernel ← {identity, http, inspect} ←
//! services` and `kernel ← {database, content, hub, anchor, mail, scan, tlog, fetch}`. Only `strongroom`, which chooses
//! the backends, and `testkit` see those adapters; services never see each other. Who keeps files sees `durable`, the
//! kernel and services do not. Whether a dependency is used at all is the question of `unused`.

use std::path::Path;

use super::Report;
use super::manifests::{self, Dependency, Kind, Manifest};
use crate::failure::Outcome;

/// The crates behind the kernel's ports.
const ADAPTERS: &[&str] = &["database", "content", "hub", "anchor", "mail", "scan", "tlog", "fetch"];
/// What a service may see.
const UNDER_SERVICES: &[&str] = &["model", "ledger", "kernel", "identity", "http", "inspect"];
/// What only tests may see.
const FOR_TESTS: &[&str] = &["contract", "testkit"];

/// Outside crates that a crate forbids, with the word of the crate map for them. Tests may use them.
const FORBIDDEN: &[(&str, &str, &[&str])] = &[
    (
        "model",
        "async and I/O",
        &["tokio", "futures", "async-trait", "rustix", "tempfile", "hyper", "axum", "reqwest"],
    ),
    (
        "ledger",
        "storage, clock and HTTP",
        &["tokio", "jiff", "rusqlite", "object_store", "axum", "hyper", "rand_core"],
    ),
    (
        "kernel",
        "SQL dialects, S3 and HTTP",
        &["rusqlite", "tokio-postgres", "object_store", "axum", "hyper", "http"],
    ),
    ("inspect", "I/O", &["tokio", "rustix", "reqwest", "tempfile"]),
];
/// Backends' own crates, which no service may reach for past the ports.
const BACKENDS: &[&str] =
    &["rusqlite", "tokio-postgres", "deadpool-postgres", "object_store", "lapin", "rdkafka", "redis"];

/// Clients for the network beyond our own services, and the packages that may have them. `content` names it only
/// to give the client inside `object_store` its TLS.
const OUTBOUND: (&[&str], &[&str]) = (&["reqwest"], &["crates/fetch", "crates/content", "load"]);

/// Checks every manifest of the workspace at `root`.
///
/// # Errors
/// When a manifest cannot be read.
pub fn check(root: &Path) -> Outcome<Report> {
    Ok(check_manifests(&manifests::read_all(root)?))
}

fn check_manifests(manifests: &[Manifest]) -> Report {
    let mut report = Report::default();
    for manifest in manifests {
        check_manifest(manifest, manifests, &mut report);
    }
    report
}

fn check_manifest(manifest: &Manifest, all: &[Manifest], report: &mut Report) {
    let mut fault = |what: String| report.faults.push(format!("{}/Cargo.toml: {what}", manifest.folder));
    let place = place(&manifest.folder);
    if !manifest.workspace_lints {
        fault("does not take the workspace's lints".to_owned());
    }
    let expected = match place {
        Place::Binary | Place::Chores => manifest.folder.clone(),
        Place::Load => "strongroom-load".to_owned(),
        _ => format!("strongroom-{}", last(&manifest.folder)),
    };
    if manifest.name != expected {
        fault(format!("is called {} and not {expected}", manifest.name));
    }
    if place == Place::Unknown {
        fault(
            "is on no crate map: say in ARCHITECTURE.md what it forbids, then draw its arrows here"
                .to_owned(),
        );
        return;
    }
    for dependency in &manifest.dependencies {
        match all.iter().find(|other| other.name == dependency.package) {
            Some(other) if !allowed(manifest, dependency, other) => {
                fault(format!("the design draws no arrow to {}", other.folder));
            }
            Some(_) => {}
            None => check_outside(manifest, dependency, &mut fault),
        }
    }
}

fn check_outside(manifest: &Manifest, dependency: &Dependency, fault: &mut impl FnMut(String)) {
    if dependency.kind != Kind::Normal {
        return;
    }
    let crate_name = last(&manifest.folder);
    for (forbidding, what, names) in FORBIDDEN {
        if *forbidding == crate_name && names.contains(&dependency.package.as_str()) {
            fault(format!("{crate_name} forbids {what}: {}", dependency.package));
        }
    }
    let reaches = BACKENDS.contains(&dependency.package.as_str());
    if OUTBOUND.0.contains(&dependency.package.as_str()) && !OUTBOUND.1.contains(&manifest.folder.as_str()) {
        fault(format!("crates/fetch is the only outbound client: {}", dependency.package));
    }
    if reaches && place(&manifest.folder) == Place::Service {
        fault(format!("a service goes through the ports, not to {}", dependency.package));
    }
}

/// Where a package sits on the crate map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `model` and `ledger`: they see nothing of ours.
    Foundation,
    /// `durable`: it sees nothing of ours either, and is for those who keep files.
    Files,
    Kernel,
    /// `identity`, `http`, `inspect`.
    Shared,
    Adapter,
    /// `contract`: the suites of the ports.
    Suites,
    /// `testkit`: a whole Strongroom in-process.
    Kit,
    Service,
    Binary,
    Load,
    Chores,
    Unknown,
}

fn place(folder: &str) -> Place {
    match folder.split_once('/') {
        Some(("services", _)) => Place::Service,
        Some(("crates", "model" | "ledger")) => Place::Foundation,
        Some(("crates", "durable")) => Place::Files,
        Some(("crates", "kernel")) => Place::Kernel,
        Some(("crates", "identity" | "http" | "inspect")) => Place::Shared,
        Some(("crates", "contract")) => Place::Suites,
        Some(("crates", "testkit")) => Place::Kit,
        Some(("crates", name)) if ADAPTERS.contains(&name) => Place::Adapter,
        None if folder == "strongroom" => Place::Binary,
        None if folder == "load" => Place::Load,
        None if folder == "xtask" => Place::Chores,
        _ => Place::Unknown,
    }
}

fn allowed(from: &Manifest, dependency: &Dependency, to: &Manifest) -> bool {
    let (from_place, to_place, to_name) = (place(&from.folder), place(&to.folder), last(&to.folder));
    if dependency.kind != Kind::Normal && FOR_TESTS.contains(&to_name) {
        return from_place != Place::Chores;
    }
    match from_place {
        Place::Foundation | Place::Files | Place::Chores | Place::Unknown => false,
        Place::Kernel => to_place == Place::Foundation,
        Place::Shared | Place::Suites => {
            matches!(to_place, Place::Foundation | Place::Kernel)
                || (last(&from.folder) == "identity" && to_place == Place::Files)
        }
        // The only outbound HTTP client is `fetch`, so anchors and other logs are asked through it.
        Place::Adapter => {
            matches!(to_place, Place::Foundation | Place::Files | Place::Kernel)
                || (matches!(last(&from.folder), "anchor" | "tlog") && to_name == "fetch")
        }
        Place::Service => to_place != Place::Service && UNDER_SERVICES.contains(&to_name),
        Place::Binary => !FOR_TESTS.contains(&to_name) && !matches!(to_place, Place::Load | Place::Chores),
        Place::Kit => !matches!(to_place, Place::Load | Place::Chores | Place::Suites),
        Place::Load => !FOR_TESTS.contains(&to_name) && to_place != Place::Chores,
    }
}

fn last(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(folder: &str, dependencies: &[(&str, Kind)]) -> Manifest {
        let name =
            if folder == "strongroom" { folder.to_owned() } else { format!("strongroom-{}", last(folder)) };
        let dependencies = dependencies.iter().map(|(name, kind)| Dependency {
            name: (*name).to_owned(),
            package: (*name).to_owned(),
            kind: *kind,
        });
        Manifest {
            folder: folder.to_owned(),
            name,
            dependencies: dependencies.collect(),
            workspace_lints: true,
        }
    }

    fn faults(folder: &str, dependency: &str, kind: Kind) -> usize {
        let folders = ["crates/model", "crates/ledger", "crates/kernel", "crates/http", "crates/database"];
        let more = [
            "crates/anchor",
            "crates/durable",
            "crates/fetch",
            "crates/testkit",
            "services/bytes",
            "services/tracer",
            "strongroom",
        ];
        let all = folders.iter().chain(&more).filter(|other| **other != folder);
        let mut manifests: Vec<_> = all.map(|folder| manifest(folder, &[])).collect();
        manifests.push(manifest(folder, &[(dependency, kind)]));
        check_manifests(&manifests).faults.len()
    }

    #[test]
    fn drawn_arrows_pass() {
        for (from, to) in [
            ("crates/kernel", "strongroom-model"),
            ("crates/http", "strongroom-kernel"),
            ("crates/database", "strongroom-kernel"),
            ("crates/anchor", "strongroom-fetch"),
            ("crates/database", "strongroom-durable"),
            ("services/bytes", "strongroom-http"),
            ("strongroom", "strongroom-database"),
            ("crates/testkit", "strongroom-database"),
        ] {
            assert_eq!(faults(from, to, Kind::Normal), 0, "{from} -> {to}");
        }
        assert_eq!(faults("services/bytes", "strongroom-testkit", Kind::Dev), 0);
    }

    #[test]
    fn other_arrows_are_faults() {
        for (from, to) in [
            ("crates/model", "strongroom-ledger"),
            ("crates/kernel", "strongroom-database"),
            ("crates/database", "strongroom-fetch"),
            ("crates/http", "strongroom-durable"),
            ("crates/kernel", "strongroom-durable"),
            ("crates/http", "strongroom-bytes"),
            ("services/bytes", "strongroom-tracer"),
            ("services/bytes", "strongroom-database"),
            ("services/bytes", "strongroom-testkit"),
            ("strongroom", "strongroom-testkit"),
        ] {
            assert_eq!(faults(from, to, Kind::Normal), 1, "{from} -> {to}");
        }
        assert_eq!(faults("services/bytes", "strongroom-database", Kind::Dev), 1);
    }

    #[test]
    fn what_a_crate_forbids_is_a_fault_outside_its_tests() {
        assert_eq!(faults("crates/model", "tokio", Kind::Normal), 1);
        assert_eq!(faults("crates/model", "tokio", Kind::Dev), 0);
        assert_eq!(faults("services/bytes", "rusqlite", Kind::Normal), 1);
        assert_eq!(faults("crates/anchor", "reqwest", Kind::Normal), 1);
        assert_eq!(faults("crates/fetch", "reqwest", Kind::Normal), 0);
    }

    #[test]
    fn a_crate_on_no_map_is_a_fault() {
        assert_eq!(check_manifests(&[manifest("crates/helpers", &[])]).faults.len(), 1);
    }
}
