//! Finds dependencies that no source names.
//!
//! A dependency is used when its name stands somewhere in the sources its section is for; a mention in a comment
//! counts, which is cheap and has been good enough. Exceptions, for crates that only switch on features of others,
//! are in `xtask/unused-allowed.txt`, a list that may only shrink.

use std::fs;
use std::path::Path;

use super::Report;
use super::files;
use super::manifests::{self, Dependency, Kind, Manifest};
use crate::failure::Outcome;

const EXCEPTIONS: &str = "xtask/unused-allowed.txt";
/// Packages whose library has another name.
const LIBRARIES: &[(&str, &str)] = &[("rustls-webpki", "webpki"), ("md-5", "md5")];

/// Checks every manifest of the workspace at `root` against its sources.
///
/// # Errors
/// When manifests or sources cannot be read.
pub fn check(root: &Path) -> Outcome<Report> {
    let exceptions = fs::read_to_string(root.join(EXCEPTIONS)).unwrap_or_default();
    let manifests = manifests::read_all(root)?;
    let mut report = Report::default();
    for manifest in &manifests {
        let sources = Sources::read(root, manifest)?;
        for dependency in &manifest.dependencies {
            let line = format!("{} {}", manifest.folder, dependency.name);
            if !sources.name(dependency) && !exceptions.lines().any(|exception| exception == line) {
                report
                    .faults
                    .push(format!("{}/Cargo.toml: {} is used nowhere", manifest.folder, dependency.name));
            }
        }
    }
    let taken = |name: &String| {
        manifests.iter().flat_map(|manifest| &manifest.dependencies).any(|used| used.name == *name)
    };
    let idle: Vec<String> = manifests::declared(root)?.into_iter().filter(|name| !taken(name)).collect();
    if !idle.is_empty() {
        report.remarks.push(format!("Cargo.toml: no member takes {}", idle.join(", ")));
    }
    Ok(report)
}

/// The texts of one package, by who sees them.
#[derive(Debug, Default)]
struct Sources {
    product: String,
    tests: String,
    build: String,
}

impl Sources {
    fn read(root: &Path, manifest: &Manifest) -> Outcome<Self> {
        let mut sources = Self::default();
        for text in files::texts(&root.join(&manifest.folder))? {
            if !text.is("rs") {
                continue;
            }
            let place = match text.path.split('/').next() {
                Some("src") => &mut sources.product,
                Some("build.rs") => &mut sources.build,
                _ => &mut sources.tests,
            };
            place.push_str(&text.text);
        }
        Ok(sources)
    }

    fn name(&self, dependency: &Dependency) -> bool {
        let library = LIBRARIES.iter().find(|(package, _)| *package == dependency.name);
        let name = library.map_or(dependency.name.as_str(), |(_, library)| library).replace('-', "_");
        match dependency.kind {
            Kind::Normal => has_word(&self.product, &name),
            Kind::Dev => has_word(&self.product, &name) || has_word(&self.tests, &name),
            Kind::Build => has_word(&self.build, &name),
        }
    }
}

/// Whether `word` stands in `text` with no letter, digit or underscore on either side.
fn has_word(text: &str, word: &str) -> bool {
    let joins = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_not_found_inside_another() {
        assert!(has_word("use sha2::Digest;", "sha2"));
        assert!(!has_word("use mysha2::Digest;", "sha2"));
        assert!(!has_word("use sha2_extra;", "sha2"));
    }

    #[test]
    fn a_dependency_of_the_tests_does_not_count_for_the_product() {
        let sources = Sources { tests: "use proptest::prelude;".to_owned(), ..Sources::default() };
        let mut dependency =
            Dependency { name: "proptest".into(), package: "proptest".into(), kind: Kind::Dev };
        assert!(sources.name(&dependency));
        dependency.kind = Kind::Normal;
        assert!(!sources.name(&dependency));
    }
}
