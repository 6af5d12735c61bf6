//! Lists the repository's own text files.
//!
//! By walking folders and not by asking git, so that a source archive can be checked too. Knows which folders are
//! products of a build; it has no opinion about what is inside a file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Doing, Outcome};

/// Folders that hold products of builds and tests, wherever they are.
const PRODUCTS: &[&str] =
    &["target", "node_modules", "corpus", "artifacts", "__pycache__", "strongroom-data"];
/// Folders with a dot that are ours; all others are tools' own.
const DOTTED: &[&str] = &[".ci", ".cargo", ".github"];

/// A text file: its path from the root with `/` between folders, and its text.
#[derive(Debug)]
pub struct Text {
    /// Path from the repository's root, for example `crates/model/src/lib.rs`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Text {
    /// Whether the file's name ends in a dot and `extension`.
    #[must_use]
    pub fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

/// Reads all files below `root` that are valid UTF-8, sorted by path.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn texts(root: &Path) -> Outcome<Vec<Text>> {
    let mut paths = Vec::new();
    walk(root, &mut paths)?;
    paths.sort();
    let mut texts = Vec::with_capacity(paths.len());
    for path in paths {
        let Ok(bytes) = fs::read(&path) else { continue }; // gone since the walk: an editor's temporary file
        if let Ok(text) = String::from_utf8(bytes) {
            texts.push(Text { path: relative(root, &path), text });
        }
    }
    Ok(texts)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Outcome {
    let entries = fs::read_dir(folder).doing(format!("list {}", folder.display()))?;
    for entry in entries {
        let entry = entry.doing("list a folder")?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().doing("look at a file")?;
        if kind.is_dir() {
            let foreign = name.starts_with('.') && !DOTTED.contains(&name.as_str());
            if !foreign && !PRODUCTS.contains(&name.as_str()) {
                walk(&entry.path(), found)?;
            }
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// The path from `root` with `/` between folders.
#[must_use]
pub fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
