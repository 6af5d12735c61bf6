//! The house rules as tests, so that `cargo test` alone finds what the build server would.

use std::collections::BTreeSet;

use xtask::house::{self, Report};

fn check(report: &Report) {
    assert!(report.faults.is_empty(), "{} faults:\n{}", report.faults.len(), report.faults.join("\n"));
}

#[test]
fn every_text_keeps_the_house_rules() {
    check(&house::tidy::check(&xtask::root()).expect("the repository can be read"));
}

#[test]
fn crates_see_only_what_the_design_draws() {
    check(&house::arrows::check(&xtask::root()).expect("the manifests can be read"));
}

#[test]
fn every_dependency_is_used() {
    check(&house::unused::check(&xtask::root()).expect("the manifests can be read"));
}

#[test]
fn the_configuration_page_has_every_key_with_its_default() {
    let read = |path: &str| std::fs::read_to_string(xtask::root().join(path)).expect("the file can be read");
    let program = keys_of_defaults(&read("strongroom/config.default.toml"));
    let page = keys_of_page(&read("docs/reference/configuration.md"));
    let differences: Vec<_> = program.symmetric_difference(&page).collect();
    assert!(differences.is_empty(), "in the program or on the page, not in both: {differences:#?}");
    assert!(program.len() > 40, "only {} keys were found", program.len());
}

/// Section, key and default of each key in the program's own file; a key without default is commented out there.
fn keys_of_defaults(file: &str) -> BTreeSet<(String, String, String)> {
    let mut section = "";
    let mut keys = BTreeSet::new();
    for line in file.lines() {
        let bare = line.strip_prefix('#').unwrap_or(line);
        if line.starts_with('[') || bare.starts_with("[[") {
            section = bare.trim_matches(['[', ']']);
        } else if let Some((key, value)) = bare.split_once(" = ").filter(|_| !bare.starts_with(' ')) {
            let default = if bare == line { value } else { "unset" };
            keys.insert((section.to_owned(), key.to_owned(), default.to_owned()));
        }
    }
    keys
}

/// The same from the page: a heading names the section, the first two cells of a row key and default.
fn keys_of_page(page: &str) -> BTreeSet<(String, String, String)> {
    let mut section = None;
    let mut keys = BTreeSet::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading.strip_prefix("`[").map(|name| name.trim_matches(['[', ']', '`']));
        } else if let (Some(section), Some(row)) = (section, line.strip_prefix("| `")) {
            let (key, rest) = row.split_once("` | ").expect("the first cell is a key");
            let default = rest.split(" |").next().unwrap_or_default().trim_matches('`');
            keys.insert((section.to_owned(), key.to_owned(), default.to_owned()));
        }
    }
    keys
}
