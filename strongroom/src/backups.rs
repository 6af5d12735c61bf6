//! The backups that were made of a data folder: who erases must know where copies are.
//!
//! One line of JSON each, in a file beside what is backed up; a line is only ever added.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use strongroom_model::Timestamp;

/// What is read of the file, at most.
const MOST_BYTES: u64 = 4 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    time: String,
    folder: PathBuf,
}

fn list(data: &Path) -> PathBuf {
    data.join("backups.jsonl")
}

/// Notes that `target` is a backup of `data`, made at `time`. Durable when it returns.
///
/// # Errors
/// When the list cannot be written.
pub(crate) fn note(data: &Path, target: &Path, time: Timestamp) -> io::Result<()> {
    let line = Line { time: time.to_string(), folder: target.canonicalize()? };
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(list(data))?;
    file.write_all(format!("{}\n", serde_json::to_string(&line)?).as_bytes())?;
    file.sync_all()?;
    File::open(data)?.sync_all()
}

/// The backups of `data` that are known: where, since when, and whether they are still seen from here.
///
/// Lines that are not ours are passed over: the list is a help for people.
pub(crate) fn known(data: &Path) -> Vec<String> {
    let Ok(file) = File::open(list(data)) else { return Vec::new() };
    let lines = BufReader::new(file.take(MOST_BYTES)).lines().map_while(Result::ok);
    let parsed = lines.filter_map(|line| serde_json::from_str::<Line>(&line).ok());
    parsed
        .map(|Line { time, folder }| {
            let seen = if folder.is_dir() { "" } else { ", not there now" };
            format!("{} of {time}{seen}", folder.display())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_are_listed_in_order_and_foreign_lines_passed_over() {
        let data = tempfile::tempdir().unwrap();
        let (one, two) = (data.path().join("one"), data.path().join("two"));
        std::fs::create_dir(&one).unwrap();
        std::fs::create_dir(&two).unwrap();
        assert_eq!(known(data.path()), [] as [String; 0]);
        note(data.path(), &one, Timestamp::UNIX_EPOCH).unwrap();
        OpenOptions::new()
            .append(true)
            .open(list(data.path()))
            .unwrap()
            .write_all(b"what is this\n")
            .unwrap();
        note(data.path(), &two, Timestamp::UNIX_EPOCH).unwrap();
        std::fs::remove_dir(&two).unwrap();
        let known = known(data.path());
        assert_eq!(known.len(), 2);
        assert!(known[0].ends_with("one of 1970-01-01T00:00:00.000000Z"), "{known:?}");
        assert!(known[1].ends_with("two of 1970-01-01T00:00:00.000000Z, not there now"), "{known:?}");
    }
}
