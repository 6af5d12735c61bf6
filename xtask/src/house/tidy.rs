//! Rules about text: each source says what it is, no leftovers, a changelog, frozen migrations, fuzz targets.
//!
//! Arrows between crates are in `arrows`, unused dependencies in `unused`. What the compiler, Clippy and rustfmt
//! already see is not repeated here.

use std::path::Path;

use super::files::{self, Text};
use super::{Report, fuzzing, migrations};
use crate::failure::Outcome;

/// Lines above which a source file outside the tests earns a remark.
const LONG: usize = 600;
/// Texts that are data from elsewhere and keep their own spacing.
const FOREIGN: &[&str] =
    &["fixtures/", "fuzz/seeds/", "crates/ledger/tests/go-reader/go.sum", "Cargo.lock", "LICENSE-APACHE"];
/// Words that belong to one machine and not to the project. Written in two halves so that this file has none.
const MACHINE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/tmp/", "brief"),
    concat!("bash", "_jobs"),
    concat!("proxy.", "golang.org"),
    concat!("registry.", "npmjs.org"),
    concat!("files.", "pythonhosted.org"),
];

/// Checks all texts of the repository at `root`.
///
/// # Errors
/// When the repository cannot be read.
pub fn check(root: &Path) -> Outcome<Report> {
    let texts = files::texts(root)?;
    let mut report = Report::default();
    for text in &texts {
        check_text(text, &mut report);
    }
    check_changelog(&texts, &mut report);
    let seeded = |name: &str| {
        let folder = root.join("fuzz/seeds").join(name);
        std::fs::read_dir(folder).is_ok_and(|mut seeds| seeds.next().is_some())
    };
    fuzzing::check(&texts, seeded, &mut report);
    migrations::check(root, &texts, &mut report)?;
    Ok(report)
}

fn check_text(text: &Text, report: &mut Report) {
    if FOREIGN.iter().any(|prefix| text.path.starts_with(prefix)) {
        return;
    }
    for (index, line) in text.text.lines().enumerate() {
        check_line(text, index + 1, line, report);
    }
    if text.is("rs") {
        check_source(text, report);
    }
    if !text.text.is_empty() && !text.text.ends_with('\n') {
        report.faults.push(format!("{}: does not end with a line break", text.path));
    }
}

fn check_line(text: &Text, number: usize, line: &str, report: &mut Report) {
    let mut fault = |what: &str| report.faults.push(format!("{}:{number}: {what}", text.path));
    if line.ends_with([' ', '\t']) && !text.is("snap") {
        fault("trailing whitespace");
    }
    if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
        fault("conflict marker");
    }
    if text.is("rs") && line.contains(concat!("to", "do!(")) {
        fault("unwritten code");
    }
    if text.is("rs") && line.contains(concat!("#[al", "low(")) {
        fault("use #[expect(…, reason = \"…\")]");
    }
    for word in MACHINE {
        if line.contains(word) {
            fault(&format!("`{word}` belongs to a machine, not to the project"));
        }
    }
}

fn check_source(text: &Text, report: &mut Report) {
    if !text.text.starts_with("//!") && !text.text.starts_with("#![no_main]\n") {
        report.faults.push(format!("{}: does not open with //!", text.path));
    }
    let lines = text.text.lines().count();
    if lines > LONG && !text.path.contains("/tests/") {
        report.remarks.push(format!("{}: {lines} lines; which second thing lives here?", text.path));
    }
}

fn check_changelog(texts: &[Text], report: &mut Report) {
    let Some(changelog) = texts.iter().find(|text| text.path == "CHANGELOG.md") else {
        report.faults.push("CHANGELOG.md: missing".to_owned());
        return;
    };
    let first = changelog.text.lines().find(|line| line.starts_with("## "));
    if first.is_none_or(|line| !line.contains("Unreleased")) {
        report.faults.push("CHANGELOG.md: the first section is not Unreleased".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        let mut report = Report::default();
        check_text(&Text { path: path.to_owned(), text: text.to_owned() }, &mut report);
        report.faults
    }

    #[test]
    fn a_source_without_an_opening_is_a_fault() {
        assert_eq!(faults("a.rs", "fn main() {}\n"), ["a.rs: does not open with //!"]);
        assert_eq!(faults("a.rs", "//! Does a thing.\n"), [""; 0]);
    }

    #[test]
    fn leftovers_are_faults_with_their_line() {
        assert_eq!(faults("a.md", "good\nbad \n"), ["a.md:2: trailing whitespace"]);
        assert_eq!(faults("a.md", "good"), ["a.md: does not end with a line break"]);
        assert_eq!(faults("a.rs", concat!("//! A.\nto", "do!()\n")), ["a.rs:2: unwritten code"]);
        assert_eq!(faults("a.toml", concat!("x = '/wo", "rk/y'\n")).len(), 1);
        assert_eq!(faults("fixtures/a.txt", "as it came ").len(), 0);
    }

    #[test]
    fn a_changelog_opens_with_unreleased() {
        let mut report = Report::default();
        let text = "# Changelog\n\n## 0.1.0\n\n## Unreleased\n".to_owned();
        check_changelog(&[Text { path: "CHANGELOG.md".to_owned(), text }], &mut report);
        assert_eq!(report.faults, ["CHANGELOG.md: the first section is not Unreleased"]);
    }
}
