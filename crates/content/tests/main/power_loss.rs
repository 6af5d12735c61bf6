//! Power loss, simulated on copies: of what was written after the last completed sync anything may be on the disk,
//! whole, torn, as zeros or not at all. What was committed must read back after recovery.
//!
//! "Synced" is what the file held when the sync of a batch had ended; later bytes are then replaced at will. That
//! the syncs themselves are made is seen in the second test, which fails them.

use std::fs;

use proptest::prelude::*;
use strongroom_content::PackSettings;
use strongroom_kernel::ports::{PackPosition, Packs};
use tempfile::TempDir;

use crate::packs::open;

const SECTOR: usize = 512;

/// What becomes of each sector behind the synced end.
#[derive(Debug, Clone)]
enum Sector {
    Written,
    Zeros,
    Rubbish(u8),
}

#[derive(Debug, Clone)]
struct Loss {
    /// Batches: lengths of their contents.
    batches: Vec<Vec<usize>>,
    /// How many of them were synced and committed.
    committed: usize,
    sectors: Vec<Sector>,
    /// Where the file ends: its length may have reached the disk without its content, or not.
    length: f64,
}

fn loss() -> impl Strategy<Value = Loss> {
    let batches = prop::collection::vec(prop::collection::vec(0..3000_usize, 0..5), 1..8);
    let sector =
        prop_oneof![Just(Sector::Written), Just(Sector::Zeros), any::<u8>().prop_map(Sector::Rubbish)];
    (batches, prop::collection::vec(sector, 64), 0.0..1.5_f64, any::<prop::sample::Index>()).prop_map(
        |(batches, sectors, length, committed)| {
            let committed = committed.index(batches.len() + 1);
            Loss { batches, committed, sectors, length }
        },
    )
}

fn content(batch: usize, place: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 31 + batch * 7 + place * 3 + 1) % 251).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_committed_survives_and_appending_goes_on(loss in loss()) {
        let folder = TempDir::new().unwrap();
        let settings = PackSettings { max_bytes: 8000, ..PackSettings::default() };
        let packs = open(folder.path(), settings);
        packs.recover(None).unwrap();
        let mut committed: Vec<(PackPosition, Vec<u8>)> = Vec::new();
        // Name and bytes of each file when the last committed batch was synced.
        let mut synced = files(&folder);
        for (batch, lengths) in loss.batches.iter().enumerate() {
            let contents: Vec<Vec<u8>> =
                lengths.iter().enumerate().map(|(place, length)| content(batch, place, *length)).collect();
            let slices: Vec<&[u8]> = contents.iter().map(AsRef::as_ref).collect();
            let (positions, sync) = packs.append(&slices).unwrap();
            sync.wait().unwrap();
            if batch < loss.committed {
                committed.extend(positions.into_iter().zip(contents));
                synced = files(&folder);
            }
        }
        drop(packs);
        lose(&folder, &synced, &loss);

        let packs = open(folder.path(), settings);
        packs.recover(committed.iter().map(|(position, _)| *position).max()).unwrap();
        for (position, content) in &committed {
            prop_assert_eq!(&packs.read(*position).unwrap(), content);
        }
        let (again, sync) = packs.append(&[b"afterwards"]).unwrap();
        sync.wait().unwrap();
        prop_assert_eq!(packs.read(again[0]).unwrap(), "afterwards");
        for (position, content) in &committed {
            prop_assert_eq!(&packs.read(*position).unwrap(), content);
        }
    }
}

fn files(folder: &TempDir) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test that damages files")]
fn lose(folder: &TempDir, synced: &[(std::path::PathBuf, Vec<u8>)], loss: &Loss) {
    for (number, (path, written)) in files(folder).into_iter().enumerate() {
        let safe = synced.iter().find(|(known, _)| *known == path).map_or(0, |(_, bytes)| bytes.len());
        let mut left = written.clone();
        for (sector, fate) in left[safe..].chunks_mut(SECTOR).zip(loss.sectors.iter().skip(number)) {
            match fate {
                Sector::Written => {}
                Sector::Zeros => sector.fill(0),
                Sector::Rubbish(byte) => sector.fill(*byte),
            }
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "small"
        )]
        let behind = ((written.len() - safe) as f64 * loss.length) as usize;
        left.resize(safe + behind, 0);
        fs::write(path, left).unwrap();
    }
}
