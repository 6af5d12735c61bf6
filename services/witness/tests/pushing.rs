//! Entries pushed to a mirror: whole, in parts, again, from several sides, and wrong ones.

use axum::Router;
use strongroom_ledger::{
    Checkpoint, Note, Tile, TileKind,
    mirror::{EntryPackage, INFO_MEDIA_TYPE, MirrorInfo, UploadHead},
    note::parse_signatures,
    tile::encode_bundle,
};
use strongroom_model::Digest;
use strongroom_testkit::{Reply, TestPlatform};

use crate::{
    log::{ORIGIN, Shelf, Tree, announce, cosigner, entry, get, mirror, push, push_coded},
    racing::NOTHING,
};

async fn start() -> (TestPlatform, Shelf, Router) {
    let platform = TestPlatform::start(NOTHING, "nothing").await;
    let shelf = Shelf::default();
    let router = mirror(&platform, &shelf).await;
    (platform, shelf, router)
}

fn info(reply: &Reply, status: u16) -> (u64, u64) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some(INFO_MEDIA_TYPE));
    let info = MirrorInfo::parse(&reply.body).unwrap();
    (info.size, info.next)
}

fn refused(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.header("accept-encoding"), Some("gzip"));
}

/// The answer is the mirror's cosignature of this tree, and all of it is served.
async fn cosigned(router: &Router, reply: &Reply, tree: &Tree) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let (lines, verifier) = (parse_signatures(&reply.body).unwrap(), cosigner().verifier());
    let (size, root) = (tree.state.size(), tree.state.root());
    let text = Checkpoint::new(ORIGIN, size, root).unwrap().to_string();
    assert_eq!(lines.len(), 1);
    assert!(verifier.made(&lines[0]) && verifier.verify(&text, lines[0].bytes()));
    let hash = Digest::of(ORIGIN.as_bytes());
    let shown = Note::parse(&get(router, &format!("/{hash}/checkpoint")).await.body).unwrap();
    assert_eq!(shown.text(), text);
    shown.verify(&[verifier]).unwrap();
    shown.verify(&[crate::log::signer().verifier()]).unwrap();
    for tile in Tile::all_entries(size) {
        let first = tile.index() * 256;
        let entries: Vec<_> = (first..first + u64::from(tile.width())).map(entry).collect();
        let expected = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
        assert_eq!(get(router, &format!("/{hash}/{tile}")).await.body, expected, "{tile}");
    }
    for partial in tree.state.partial_tiles() {
        assert_eq!(get(router, &format!("/{hash}/{}", partial.tile)).await.body, partial.bytes);
    }
    if let Some(beyond) = Tile::in_tree(TileKind::Entries, size / 256, size + 1) {
        assert_eq!(get(router, &format!("/{hash}/{beyond}")).await.status, 404);
    }
}

#[tokio::test]
async fn a_log_is_pushed_as_it_grows_and_across_a_restart() {
    let (platform, shelf, mut router) = start().await;
    let mut old = 0;
    for size in [0, 1, 2, 255, 256, 257, 300, 511, 512, 1_700] {
        let tree = Tree::of(size);
        announce(&router, &tree.announced(old)).await;
        let reply = push(&router, tree.whole(old)).await;
        cosigned(&router, &reply, &tree).await;
        // once more: nothing is missing, and the cosignature is the same
        let again = push(&router, tree.whole(size)).await;
        assert_eq!((again.status, &again.body), (200, &reply.body));
        old = size;
        if size == 300 {
            router = mirror(&platform, &shelf).await;
        }
    }
}

#[tokio::test]
async fn a_part_is_kept_and_the_rest_follows() {
    let (_platform, _, router) = start().await;
    let tree = Tree::of(1_000);
    announce(&router, &tree.announced(0)).await;
    let (head, packages) = tree.upload(0);
    let two = [head.clone(), packages[0].clone(), packages[1].clone()].concat();
    assert_eq!(info(&push(&router, two.clone()).await, 202), (1_000, 512));
    // broken off within a package: what was whole before it is kept
    let (head, packages) = tree.upload(512);
    let torn = [&head[..], &packages[0], &packages[1][..50]].concat();
    assert_eq!(info(&push(&router, torn).await, 202), (1_000, 768));
    let (head, packages) = tree.upload(768);
    for torn in [head.clone(), [&head[..], &packages[0][..50]].concat(), head[..9].to_vec(), Vec::new()] {
        refused(&push(&router, torn).await, 400);
    }
    // what is there already is taken again within its bundle, and not before
    assert_eq!(info(&push(&router, two).await, 409), (1_000, 768));
    let reply = push_coded(&router, &tree.whole(768), "gzip").await;
    cosigned(&router, &reply, &tree).await;
}

#[tokio::test]
async fn an_upload_that_cannot_begin_is_told_where_it_can() {
    let (_platform, _, router) = start().await;
    let nothing = Tree::of(0);
    assert_eq!(info(&push(&router, nothing.whole(0)).await, 409), (0, 0));
    let tree = Tree::of(600);
    assert_eq!(info(&push(&router, tree.whole(0)).await, 409), (0, 0));
    announce(&router, &tree.announced(0)).await;
    assert_eq!(info(&push(&router, nothing.whole(0)).await, 409), (600, 0));
    assert_eq!(info(&push(&router, tree.whole(1)).await, 409), (600, 0));
    assert_eq!(info(&push(&router, Tree::of(601).whole(0)).await, 409), (600, 0));
    let head = |origin: &str, start, end| {
        let head = UploadHead { origin: origin.to_owned(), start, end, ticket: Vec::new() };
        head.encode().unwrap()
    };
    refused(&push(&router, head("log.example/other", 0, 600)).await, 404);
    refused(&push(&router, head(ORIGIN, 2, 1)).await, 400);
    refused(&push(&router, head(ORIGIN, 0, u64::MAX)).await, 400);
    for coding in ["br", "gzip, gzip"] {
        refused(&push_coded(&router, &tree.whole(0), coding).await, 415);
    }
    cosigned(&router, &push(&router, tree.whole(0)).await, &tree).await;
}

#[tokio::test]
async fn entries_of_another_log_are_not_kept() {
    let (_platform, shelf, router) = start().await;
    let tree = Tree::of(600);
    announce(&router, &tree.announced(0)).await;
    let (head, packages) = tree.upload(0);
    for at in [5, packages[0].len() - 1] {
        let mut spoiled = packages.clone();
        spoiled[0][at] ^= 1;
        refused(&push(&router, [head.clone(), spoiled.concat()].concat()).await, 422);
    }
    let swapped = [&head[..], &packages[1], &packages[0]].concat();
    refused(&push(&router, swapped).await, 422);
    let other = EntryPackage { entries: vec![b"x".to_vec(); 256], proof: Vec::new() };
    refused(&push(&router, [head.clone(), other.encode().unwrap()].concat()).await, 422);
    assert!(shelf.0.lock().unwrap().is_empty());
    // the second package is wrong: the first stays
    let mut spoiled = packages.clone();
    spoiled[1][3] ^= 1;
    refused(&push(&router, [head, spoiled.concat()].concat()).await, 422);
    assert_eq!(info(&push(&router, Tree::of(1).whole(0)).await, 409), (600, 256));
    // a wrong copy of what is there already is found out too
    let mut again = tree.upload(256);
    let halves = tree.upload(300);
    assert_eq!(info(&push(&router, [&again.0[..], &again.1[0]].concat()).await, 202), (600, 512));
    again = tree.upload(512);
    assert_eq!(info(&push(&router, [&halves.0[..], &halves.1[0]].concat()).await, 409), (600, 512));
    cosigned(&router, &push(&router, [again.0, again.1.concat()].concat()).await, &tree).await;
}

/// A checkpoint that is not the newest any more is still worth its entries.
#[tokio::test]
async fn an_upload_goes_on_while_the_log_grows() {
    let (platform, shelf, router) = start().await;
    let (small, large) = (Tree::of(300), Tree::of(900));
    announce(&router, &small.announced(0)).await;
    let (head, packages) = small.upload(0);
    assert_eq!(info(&push(&router, [head, packages[0].clone()].concat()).await, 202), (300, 256));
    announce(&router, &large.announced(300)).await;
    let (head, packages) = large.upload(256);
    // others are ahead of it when it ends
    assert_eq!(info(&push(&router, [head, packages[0].clone()].concat()).await, 202), (900, 512));
    let reply = push(&router, small.whole(300)).await;
    cosigned(&router, &reply, &small).await;
    // taken up after a restart: the shelf begins where the cosigned checkpoint ends
    let router = mirror(&platform, &shelf).await;
    assert_eq!(info(&push(&router, large.whole(512)).await, 409), (900, 300));
    let reply = push(&router, large.whole(300)).await;
    cosigned(&router, &reply, &large).await;
    assert_eq!(info(&push(&router, small.whole(256)).await, 409), (900, 900));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_push_at_the_same_time() {
    let (_platform, _, router) = start().await;
    let tree = std::sync::Arc::new(Tree::of(3_000));
    announce(&router, &tree.announced(0)).await;
    let pushers = (0..8_usize).map(|pusher| {
        let (router, tree) = (router.clone(), std::sync::Arc::clone(&tree));
        tokio::spawn(async move {
            let mut next = 0;
            // eight who bring twelve packages can be sent back a few times, and not for ever
            for _ in 0..1_000 {
                // each brings another number of packages at a time
                let (head, packages) = tree.upload(next);
                let some: Vec<u8> = packages.into_iter().take(1 + pusher).flatten().collect();
                let reply = push(&router, head.into_iter().chain(some).collect()).await;
                match reply.status {
                    200 => return reply,
                    202 | 409 => next = MirrorInfo::parse(&reply.body).unwrap().next,
                    other => panic!("{other}: {}", reply.text()),
                }
            }
            panic!("the mirror does not get on: {next}");
        })
    });
    for pusher in pushers.collect::<Vec<_>>() {
        cosigned(&router, &pusher.await.unwrap(), &tree).await;
    }
}
