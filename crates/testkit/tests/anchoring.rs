//! An attestation that was begun is asked for again before a new one, also after a restart.

use strongroom_kernel::{AnchoredCheckpoint, ports::Reach};
use strongroom_testkit::{FakeAnchor, Mood};

use crate::notebook::{SavePage, room};

#[tokio::test]
async fn what_was_begun_comes_first() {
    let room = room().await;
    let anchor = FakeAnchor::new(Some("https://anchor.example/"));
    anchor.set_mood(Mood::Failing);
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    room.published(1).await;
    room.kernel.anchor_checkpoint(&anchor).await.unwrap_err();
    room.kernel.run(&SavePage::new(2, b"two")).await.unwrap();
    room.published(2).await;

    let room = room.reopen().await.unwrap();
    anchor.set_mood(Mood::Willing);
    let newest = room.kernel.anchor_checkpoint(&anchor).await.unwrap().unwrap();
    assert_eq!(newest.size, 2);
    let snapshot = room.kernel.snapshot().await.unwrap();
    let kept: Vec<AnchoredCheckpoint> = snapshot.select("ORDER BY size", &[], Reach::Point).await.unwrap();
    assert_eq!(kept.iter().map(|row| row.size).collect::<Vec<_>>(), [1, 2]);
    for row in kept {
        let text = row.text(room.kernel.ledger().origin()).unwrap();
        assert_eq!(row.link, format!("proof of {text}"), "the root is that of the tree");
    }
}

#[tokio::test]
async fn nothing_is_asked_while_nothing_was_written() {
    let room = room().await;
    let anchor = FakeAnchor::new(Some("https://anchor.example/"));
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    room.published(1).await;
    assert!(room.kernel.anchor_checkpoint(&anchor).await.unwrap().is_some());
    room.published(2).await;
    assert!(
        room.kernel.anchor_checkpoint(&anchor).await.unwrap().is_none(),
        "only the attestation itself came"
    );
}
