//! Migrations that were released never change.
//!
//! `xtask/applied-migrations.txt` holds the SHA-256 of every migration that is in a release, one `digest path` per
//! line. A migration that is not listed yet may still be edited. What a migration may say is the database crate's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Report;
use super::files::{self, Text};
use crate::failure::{Doing, Outcome};
use crate::services::write_file;

const LIST: &str = "xtask/applied-migrations.txt";
const HEAD: &str =
    "# SHA-256 and path of every released migration: `cargo xtask freeze-migrations`, once per release.\n";

/// Adds a fault for each listed migration that changed or went.
///
/// # Errors
/// When the list cannot be read as lines of digest and path.
pub fn check(_root: &Path, texts: &[Text], report: &mut Report) -> Outcome {
    let Some(list) = texts.iter().find(|text| text.path == LIST) else { return Ok(()) };
    let present: BTreeMap<&str, &Text> = texts.iter().map(|text| (text.path.as_str(), text)).collect();
    for line in list.text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some((digest, path)) = line.split_once(' ') else {
            report.faults.push(format!("{LIST}: not `digest path`: {line}"));
            continue;
        };
        match present.get(path) {
            None => report.faults.push(format!("{path}: a released migration is gone")),
            Some(text) if digest_of(text) != digest => {
                report.faults.push(format!("{path}: a released migration changed; add a new one instead"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Writes the list anew from all migrations present.
///
/// # Errors
/// When a listed one changed or went, or the list cannot be written.
pub fn freeze(root: &Path) -> Outcome {
    let texts = files::texts(root)?;
    let mut report = Report::default();
    check(root, &texts, &mut report)?;
    if let Some(fault) = report.faults.first() {
        return Err(crate::failure::Failure::new(fault.clone()));
    }
    let mut list = HEAD.to_owned();
    for text in texts.iter().filter(|text| is_migration(&text.path)) {
        writeln!(list, "{} {}", digest_of(text), text.path).doing("write a line")?;
    }
    write_file(&root.join(LIST), list.as_bytes())
}

fn is_migration(path: &str) -> bool {
    path.contains("/migrations/") && !path.ends_with("README.md")
}

fn digest_of(text: &Text) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str, text: &str) -> Text {
        Text { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_released_migration_may_neither_change_nor_go() {
        let first = text("services/x/migrations/1.sql", "create table x;\n");
        let list = format!("{HEAD}{} {}\n{} gone.sql\n", digest_of(&first), first.path, digest_of(&first));
        let mut report = Report::default();
        check(Path::new("."), &[text(LIST, &list), first], &mut report).expect("the list is well formed");
        assert_eq!(report.faults, ["gone.sql: a released migration is gone"]);

        let edited = text("services/x/migrations/1.sql", "create table y;\n");
        let mut report = Report::default();
        check(Path::new("."), &[text(LIST, &list), edited], &mut report).expect("the list is well formed");
        assert!(report.faults[0].contains("changed"), "{:?}", report.faults);
    }
}
