//! Start after a crash or a rollback.

use std::{fs, path::Path};

use strongroom_durable::watch::Watch;
use strongroom_kernel::{Unit, verify::Verdict};

use crate::notebook::{READ, SavePage, anna, find, room};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn replace(folder: &Path, with: &Path, keep: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == keep {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        } else {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    for entry in fs::read_dir(with).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == keep {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &folder.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
}

#[tokio::test]
async fn a_database_rolled_back_behind_its_checkpoint_is_refused() {
    let room = room().await;
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    let kept = tempfile::tempdir().unwrap();
    let target = kept.path().to_owned();
    let room = room.reopen_after(|folder| copy(folder, &target)).await.unwrap();
    room.kernel.run(&SavePage::new(2, b"two")).await.unwrap();
    room.published(2).await;
    let refused = room.reopen_after(|folder| replace(folder, &target, "ledger")).await.unwrap_err();
    assert!(refused.diagnosis().contains("rolled back"), "{refused:?}");
}

#[tokio::test]
async fn a_refused_database_leaves_the_packs_as_they_are() {
    let room = room().await;
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    let kept = tempfile::tempdir().unwrap();
    let target = kept.path().to_owned();
    let room = room.reopen_after(|folder| copy(folder, &target)).await.unwrap();
    room.kernel.run(&SavePage::new(2, b"content that only the newer database knows")).await.unwrap();
    room.published(2).await;
    let outside = tempfile::tempdir().unwrap();
    let packs = outside.path().join("packs");
    let rolled_back = |folder: &Path| {
        fs::copy(target.join("strongroom.db"), folder.join("strongroom.db")).unwrap();
        copy(&folder.join("packs"), &packs);
        fs::remove_dir_all(folder.join("packs")).unwrap();
        std::os::unix::fs::symlink(&packs, folder.join("packs")).unwrap();
    };
    let refused = room.reopen_after(rolled_back).await.unwrap_err();
    assert!(refused.diagnosis().contains("rolled back"), "{refused:?}");
    assert!(crate::tampering::found_in_files(&packs, b"content that only the newer database knows"));
}

#[tokio::test]
async fn everything_rolled_back_is_found_by_the_copy_outside() {
    let room = room().await;
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    let kept = tempfile::tempdir().unwrap();
    let target = kept.path().to_owned();
    let room = room.reopen_after(|folder| copy(folder, &target)).await.unwrap();
    room.kernel.run(&SavePage::new(2, b"two")).await.unwrap();
    let later = room.published(2).await;
    let refused = room.reopen_after(|folder| replace(folder, &target, "outside")).await.unwrap_err();
    assert!(refused.diagnosis().contains("outside copy"), "{refused:?}");
    assert_eq!(later.size, 2);
}

#[tokio::test]
async fn a_rewritten_history_does_not_agree_with_a_checkpoint_kept_elsewhere() {
    let one = room().await;
    one.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    let signed = one.published(1).await.text.clone().into_bytes();
    let other = room().await;
    other.kernel.record(Unit::new(&anna(), READ)).await.unwrap();
    other.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    other.published(2).await;
    let report = other.verify_since(Some(signed)).await;
    assert_eq!(report.verdict(), Verdict::Tampered);
    assert!(report.findings[0].text.contains("the checkpoint given has another root"), "{report:?}");
}

#[tokio::test]
async fn a_torn_tail_of_the_packs_never_happened() {
    let room = room().await;
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    let room = room
        .reopen_after(|folder| {
            use std::io::Write as _;
            let pack = fs::read_dir(folder.join("packs")).unwrap().next().unwrap().unwrap().path();
            let mut file = fs::OpenOptions::new().append(true).open(pack).unwrap();
            file.write_all(&[0xa5; 1_000]).unwrap();
        })
        .await
        .unwrap();
    room.kernel.run(&SavePage::new(2, b"two")).await.unwrap();
    assert!(find(&room, 1).await.is_some() && find(&room, 2).await.is_some());
    assert_eq!(room.verify().await.verdict(), Verdict::Clean);
}

/// Of our own ledger nothing is synced: a power loss may leave any of its files torn, its checkpoints too.
#[tokio::test]
async fn tiles_and_checkpoints_that_a_power_loss_tore_are_made_again() {
    let mut room = room().await;
    let watch = Watch::begin(room.folder()).unwrap();
    for id in 0..270 {
        room.kernel.run(&SavePage::new(id, b"x")).await.unwrap();
    }
    let published = room.published(270).await;
    let history = watch.history();
    drop(watch);
    for (number, crash) in history.some_crashes(6, 40).enumerate() {
        let left = tempfile::tempdir().unwrap();
        crash.leave(left.path()).unwrap();
        let tear = |folder: &Path| {
            for part in ["ledger", "outside"] {
                fs::remove_dir_all(folder.join(part)).unwrap();
                if left.path().join(part).is_dir() {
                    copy(&left.path().join(part), &folder.join(part));
                }
            }
        };
        room = room.reopen_after(tear).await.unwrap_or_else(|error| panic!("{crash}: {error:?}"));
        let again = room.published(270).await;
        assert_eq!((again.size, again.root), (published.size, published.root), "{crash}");
        if number % 8 == 0 {
            assert_eq!(room.verify().await.verdict(), Verdict::Clean, "{crash}");
        }
    }
}
