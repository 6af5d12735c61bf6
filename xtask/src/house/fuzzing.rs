//! Fuzz targets: each is built, and each has seeds to begin with.
//!
//! The folder `fuzz/` is no member of the workspace, so nothing else would tell that a target is never compiled.

use super::Report;
use super::files::Text;

const TARGETS: &str = "fuzz/fuzz_targets/";
const MANIFEST: &str = "fuzz/Cargo.toml";

/// Holds targets, manifest and seeds together; seeds need not be text, so their folders are asked for.
pub fn check(texts: &[Text], has_seeds: impl Fn(&str) -> bool, report: &mut Report) {
    let manifest = texts.iter().find(|text| text.path == MANIFEST).map_or("", |text| text.text.as_str());
    for text in texts {
        let Some(name) = text.path.strip_prefix(TARGETS).and_then(|file| file.strip_suffix(".rs")) else {
            continue;
        };
        if !manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")) {
            report.faults.push(format!("{}: not in {MANIFEST}", text.path));
        }
        if !has_seeds(name) {
            report.faults.push(format!("{}: no seeds in fuzz/seeds/{name}", text.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_never_built_or_has_no_seeds_is_a_fault() {
        let text = |path: &str, text: &str| Text { path: path.to_owned(), text: text.to_owned() };
        let texts = [
            text(MANIFEST, "path = \"fuzz_targets/parse_a.rs\"\npath = \"fuzz_targets/parse_b.rs\"\n"),
            text("fuzz/fuzz_targets/parse_a.rs", ""),
            text("fuzz/fuzz_targets/parse_b.rs", ""),
            text("fuzz/fuzz_targets/parse_c.rs", ""),
        ];
        let mut report = Report::default();
        check(&texts, |name| name != "parse_b", &mut report);
        assert_eq!(
            report.faults,
            [
                "fuzz/fuzz_targets/parse_b.rs: no seeds in fuzz/seeds/parse_b",
                "fuzz/fuzz_targets/parse_c.rs: not in fuzz/Cargo.toml",
            ]
        );
    }
}
