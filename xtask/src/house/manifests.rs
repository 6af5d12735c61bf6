//! Reads the workspace's manifests as far as the house rules need them.
//!
//! Not a general reader: it knows packages, their folders and the names of their dependencies by kind.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

use crate::failure::{Doing, Failure, Outcome};

/// What a dependency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Linked into the crate.
    Normal,
    /// Seen by tests, examples and benches only.
    Dev,
    /// Seen by the build script only.
    Build,
}

/// One dependency of one manifest.
#[derive(Debug)]
pub struct Dependency {
    /// The name the sources use, with dashes as written in the manifest.
    pub name: String,
    /// The package it stands for; differs from `name` when renamed.
    pub package: String,
    /// What it is for.
    pub kind: Kind,
}

/// One package of the workspace.
#[derive(Debug)]
pub struct Manifest {
    /// Folder from the root, for example `crates/model`.
    pub folder: String,
    /// Package name, for example `strongroom-model`.
    pub name: String,
    /// All dependencies, in the manifest's order of sections.
    pub dependencies: Vec<Dependency>,
    /// Whether the lints come from the workspace.
    pub workspace_lints: bool,
}

/// Reads the manifests of all members, sorted by folder.
///
/// # Errors
/// When a manifest cannot be read or is not one.
pub fn read_all(root: &Path) -> Outcome<Vec<Manifest>> {
    let workspace = table(&root.join("Cargo.toml"))?;
    let members =
        workspace.get("workspace").and_then(|value| value.get("members")).and_then(|value| value.as_array());
    let members = members.ok_or_else(|| Failure::new("Cargo.toml names no members"))?;
    let mut folders = Vec::new();
    for member in members {
        let member = member.as_str().ok_or_else(|| Failure::new("a member is not a text"))?;
        folders.extend(expand(root, member)?);
    }
    folders.sort();
    folders.iter().map(|folder| read(root, folder)).collect()
}

/// Names declared in `[workspace.dependencies]` of the root manifest.
///
/// # Errors
/// When the root manifest cannot be read.
pub fn declared(root: &Path) -> Outcome<Vec<String>> {
    let workspace = table(&root.join("Cargo.toml"))?;
    let declared = workspace.get("workspace").and_then(|value| value.get("dependencies"));
    Ok(declared
        .and_then(|value| value.as_table())
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default())
}

fn expand(root: &Path, member: &str) -> Outcome<Vec<PathBuf>> {
    let Some(parent) = member.strip_suffix("/*") else { return Ok(vec![root.join(member)]) };
    let mut folders = Vec::new();
    for entry in fs::read_dir(root.join(parent)).doing(format!("list {parent}"))? {
        let path = entry.doing(format!("list {parent}"))?.path();
        if path.join("Cargo.toml").is_file() {
            folders.push(path);
        }
    }
    Ok(folders)
}

fn read(root: &Path, folder: &Path) -> Outcome<Manifest> {
    let path = folder.join("Cargo.toml");
    let manifest = table(&path)?;
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(|name| name.as_str());
    let name = name.ok_or_else(|| Failure::new(format!("{} has no name", path.display())))?.to_owned();
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
    let mut dependencies = Vec::new();
    collect(&manifest, &mut dependencies);
    if let Some(targets) = manifest.get("target").and_then(|value| value.as_table()) {
        for target in targets.values().filter_map(|value| value.as_table()) {
            collect(target, &mut dependencies);
        }
    }
    let folder = super::files::relative(root, folder);
    Ok(Manifest { folder, name, dependencies, workspace_lints: lints == Some(true) })
}

fn collect(table: &Table, found: &mut Vec<Dependency>) {
    let sections = BTreeMap::from([
        ("dependencies", Kind::Normal),
        ("dev-dependencies", Kind::Dev),
        ("build-dependencies", Kind::Build),
    ]);
    for (section, kind) in sections {
        let Some(entries) = table.get(section).and_then(|value| value.as_table()) else { continue };
        for (name, value) in entries {
            let package = value.get("package").and_then(|value| value.as_str()).unwrap_or(name);
            found.push(Dependency { name: name.clone(), package: package.to_owned(), kind });
        }
    }
}

fn table(path: &Path) -> Outcome<Table> {
    let text = fs::read_to_string(path).doing(format!("read {}", path.display()))?;
    text.parse().doing(format!("read {}", path.display()))
}
