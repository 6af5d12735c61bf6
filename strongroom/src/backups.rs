//! The backups that were made of a data folder: who erases must know where copies are.
//!
//! One line of JSON each, in a file beside what is backed up.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use strongroom_durable::{self as durable, Access};
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
    // Anew each time: behind what a crash left of a line, another one would be no line either.
    let mut text = Vec::new();
    match File::open(list(data)) {
        Ok(file) => {
            file.take(MOST_BYTES).read_to_end(&mut text)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if text.last().is_some_and(|last| *last != b'\n') {
        text.push(b'\n');
    }
    text.extend_from_slice(serde_json::to_string(&line)?.as_bytes());
    text.push(b'\n');
    durable::write(&list(data), &text, Access::Private)
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
    use std::{fs::OpenOptions, io::Write as _};

    use super::*;

    #[test]
    fn backups_are_listed_in_order_and_foreign_lines_passed_over() {
        let data = tempfile::tempdir().unwrap();
        let (one, two) = (data.path().join("one"), data.path().join("two"));
        std::fs::create_dir(&one).unwrap();
        std::fs::create_dir(&two).unwrap();
        assert_eq!(known(data.path()), [] as [String; 0]);
        note(data.path(), &one, Timestamp::UNIX_EPOCH).unwrap();
        OpenOptions::new().append(true).open(list(data.path())).unwrap().write_all(b"what is this").unwrap();
        note(data.path(), &two, Timestamp::UNIX_EPOCH).unwrap();
        std::fs::remove_dir(&two).unwrap();
        let known = known(data.path());
        assert_eq!(known.len(), 2);
        assert!(known[0].ends_with("one of 1970-01-01T00:00:00.000000Z"), "{known:?}");
        assert!(known[1].ends_with("two of 1970-01-01T00:00:00.000000Z, not there now"), "{known:?}");
    }

    #[test]
    fn a_power_loss_takes_no_backup_that_was_noted() {
        let data = tempfile::tempdir().unwrap();
        let target = tempfile::tempdir().unwrap();
        let watch = strongroom_durable::watch::Watch::begin(data.path()).unwrap();
        let mut noted = Vec::new();
        for _ in 0..4 {
            note(data.path(), target.path(), Timestamp::UNIX_EPOCH).unwrap();
            noted.push(watch.now());
        }
        for crash in watch.history().crashes(15) {
            let after = tempfile::tempdir().unwrap();
            crash.leave(after.path()).unwrap();
            let least = noted.iter().filter(|moment| crash.is_after(**moment)).count();
            assert!(known(after.path()).len() >= least, "{crash}: {:?}", known(after.path()));
            if least % 2 == 1 {
                note(after.path(), target.path(), Timestamp::UNIX_EPOCH).unwrap();
                assert!(known(after.path()).len() > least, "{crash}");
            }
        }
    }
}
