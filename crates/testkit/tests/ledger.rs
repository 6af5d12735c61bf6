//! The ledger at run time: checkpoints, tiles, proofs.

use strongroom_kernel::{Unit, verify::Verdict};
use strongroom_ledger::{Checkpoint, Tile, TileKind, leaf_hash, verify_consistency};
use strongroom_testkit::Room;

use crate::notebook::{Plain, READ, SavePage, anna, room};

async fn grow(room: &Room, leaves: usize) {
    let commands: Vec<Plain> = (0..leaves).map(|_| Plain(Unit::new(&anna(), READ))).collect();
    for result in room.kernel.run_all(&commands).await {
        result.unwrap();
    }
}

#[tokio::test]
async fn every_leaf_has_a_proof_under_the_published_checkpoint() {
    let room = room().await;
    grow(&room, 600).await;
    let published = room.published(600).await;
    let ledger = room.kernel.ledger();
    let records = room.stored_records().await;
    for index in [0, 1, 254, 255, 256, 257, 511, 512, 599] {
        let proof = ledger.inclusion_proof(index).await.unwrap();
        let leaf = leaf_hash(&records[usize::try_from(index).unwrap()].leaf);
        let checkpoint = proof.verify(leaf, ledger.origin(), &[ledger.verifier()]).unwrap();
        assert_eq!(checkpoint.root(), published.root);
    }
    assert!(ledger.inclusion_proof(600).await.is_err());
}

#[tokio::test]
async fn a_later_checkpoint_is_consistent_with_an_earlier_one() {
    let room = room().await;
    grow(&room, 300).await;
    let old = room.published(300).await;
    grow(&room, 400).await;
    let new = room.published(700).await;
    let proof = room.kernel.ledger().consistency_proof(old.size, new.size).await.unwrap();
    verify_consistency(old.size, new.size, old.root, new.root, &proof).unwrap();
}

#[tokio::test]
async fn tiles_are_served_up_to_the_published_size_and_no_further() {
    let room = room().await;
    grow(&room, 300).await;
    room.published(300).await;
    let ledger = room.kernel.ledger();
    let hashes = TileKind::Hashes { level: 0 };
    let full = ledger.tile(Tile::full(hashes, 0).unwrap()).await.unwrap().unwrap();
    let records = room.stored_records().await;
    assert_eq!(full[..32], leaf_hash(&records[0].leaf).to_bytes());
    assert_eq!(full.len(), 256 * 32);
    let partial = Tile::in_tree(hashes, 1, 300).unwrap();
    assert_eq!(ledger.tile(partial).await.unwrap().unwrap().len(), 44 * 32);
    let earlier = partial.with_width(7).unwrap();
    assert_eq!(ledger.tile(earlier).await.unwrap().unwrap().len(), 7 * 32);
    assert_eq!(ledger.tile(partial.with_width(45).unwrap()).await.unwrap(), None);
    let entries = ledger.tile(Tile::in_tree(TileKind::Entries, 1, 300).unwrap()).await.unwrap().unwrap();
    let decoded = strongroom_ledger::tile::decode_bundle(&entries, 44).unwrap();
    assert_eq!(decoded[43], records[299].leaf);
    assert_eq!(ledger.tile(Tile::full(hashes, 1).unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn a_restart_signs_the_same_root_and_makes_lost_tiles_again() {
    let room = room().await;
    grow(&room, 530).await;
    let before = room.published(530).await;
    let room = room
        .reopen_after(|folder| std::fs::remove_dir_all(folder.join("ledger/tile")).unwrap())
        .await
        .unwrap();
    let after = room.published(530).await;
    assert_eq!((before.size, before.root), (after.size, after.root));
    let proof = room.kernel.ledger().inclusion_proof(300).await.unwrap();
    let leaf = leaf_hash(&room.stored_records().await[300].leaf);
    proof.verify(leaf, room.kernel.ledger().origin(), &[room.kernel.ledger().verifier()]).unwrap();
    assert_eq!(room.verify().await.verdict(), Verdict::Clean);
}

#[tokio::test]
async fn lying_tiles_are_replaced_at_start() {
    let room = room().await;
    grow(&room, 530).await;
    room.published(530).await;
    let room = room
        .reopen_after(|folder| {
            let path = folder.join("ledger/tile/0/000");
            let mut tile = std::fs::read(&path).unwrap();
            tile[40] ^= 1;
            #[expect(clippy::disallowed_methods, reason = "the test spoils a file")]
            std::fs::write(&path, tile).unwrap();
        })
        .await
        .unwrap();
    assert_eq!(room.verify().await.verdict(), Verdict::Clean);
}

#[tokio::test]
async fn the_checkpoint_file_is_the_published_one() {
    let room = room().await;
    room.kernel.run(&SavePage::new(1, b"one")).await.unwrap();
    let published = room.published(1).await;
    let ledger = room.kernel.ledger();
    for place in ["ledger", "outside"] {
        let text = std::fs::read(room.folder().join(place).join("checkpoint")).unwrap();
        let (checkpoint, _) = Checkpoint::open(&text, ledger.origin(), &[ledger.verifier()]).unwrap();
        assert_eq!((checkpoint.size(), checkpoint.root()), (1, published.root), "{place}");
    }
}
