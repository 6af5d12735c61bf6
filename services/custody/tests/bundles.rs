//! Evidence taken home, and what becomes of it when something in it is changed.

use strongroom_custody::bundle::{
    BundleError, check,
    zip::{self, Files},
};
use strongroom_kernel::Unit;
use strongroom_ledger::{Signer, Verifier};
use strongroom_model::Digest;
use strongroom_testkit::FakeAnchor;

use crate::{Ledger, about, auditor};

async fn filled() -> Ledger {
    let units: Vec<Unit> = (0..300).map(|n| about("kat", &format!("thing {}", n % 100))).collect();
    let ledger = Ledger::with(units).await;
    let anchor = FakeAnchor::new(Some("https://stamps.example/"));
    ledger.platform.kernel.anchor_checkpoint(&anchor).await.unwrap().unwrap();
    let mut published = ledger.platform.kernel.ledger().watch();
    published.wait_for(|published| published.size > 300).await.unwrap();
    ledger
}

async fn bundle_of(ledger: &Ledger, path: &str) -> Vec<u8> {
    let reply = ledger.get_as(&auditor(), path).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/zip"));
    reply.body.to_vec()
}

fn key(ledger: &Ledger) -> Verifier {
    ledger.platform.kernel.ledger().verifier()
}

/// The zip file of changed files, its sums made to fit.
fn packed(mut files: Files) -> Vec<u8> {
    let mut sums = String::new();
    for (name, content) in files.iter().filter(|(name, _)| *name != "SHA256SUMS") {
        sums.extend([&Digest::of(content).to_string(), "  ", name, "\n"]);
    }
    files.insert("SHA256SUMS".to_owned(), sums.into_bytes());
    zip::write(&files).unwrap()
}

#[tokio::test]
async fn a_bundle_proves_a_life_with_the_key_alone() {
    let ledger = filled().await;
    let bundle = bundle_of(&ledger, "/custody/bundle/subjects/thing%207").await;
    let checked = check(&bundle, &key(&ledger)).unwrap();
    let leaves: Vec<u64> = checked.leaves.iter().map(|seen| seen.index).collect();
    assert_eq!(leaves, [7, 107, 207]);
    assert_eq!((checked.stamped.len(), checked.stamped[0].size), (1, 300));
    let report = zip::read(&bundle).unwrap().remove("report.html").unwrap();
    let report = String::from_utf8(report).unwrap();
    assert!(report.contains("thing 7") && report.contains("<b>kat</b>"));
    // what was taken home is in the ledger by its digest
    let leaves = ledger.platform.stop_and_read_leaves().await;
    let reading = leaves.iter().find(|leaf| leaf.plain["action"] == "read_bundle").unwrap();
    assert_eq!(reading.plain["subjects"][0]["id"], Digest::of(&bundle).to_string());
    assert!(!reading.canonical.contains("thing 7"));
}

#[tokio::test]
async fn the_same_leaves_under_the_same_checkpoint_are_the_same_bundle() {
    let ledger = filled().await;
    let bundle = bundle_of(&ledger, "/custody/bundle/subjects/thing%207").await;
    assert_eq!(packed(zip::read(&bundle).unwrap()), bundle);
}

#[tokio::test]
async fn any_changed_file_is_found_even_when_the_sums_fit() {
    let ledger = filled().await;
    let key = key(&ledger);
    let bundle = bundle_of(&ledger, "/custody/bundle/subjects/thing%207").await;
    let link = check(&bundle, &key).unwrap().stamped.remove(0).link;
    let files = zip::read(&bundle).unwrap();
    assert!(files.len() >= 5 + 3 * 3 + 2, "{:?}", files.keys());
    for name in files.keys().filter(|name| *name != "SHA256SUMS") {
        for place in 0..8 {
            let mut changed = files.clone();
            let content = changed.get_mut(name).unwrap();
            let at = place * (content.len() - 1) / 7;
            content[at] ^= 1;
            let checked = check(&packed(changed), &key);
            // what an outsider gave is held against his certificates, by whoever has them
            if let (Ok(checked), true) = (&checked, name == "anchors/300-1.json") {
                assert_ne!(checked.stamped[0].link, link, "byte {at} of {name}");
                continue;
            }
            assert!(checked.is_err(), "byte {at} of {name}");
        }
        let mut without = files.clone();
        without.remove(name);
        assert!(check(&packed(without), &key).is_err(), "{name} taken away");
    }
    let mut more = files.clone();
    more.insert("notes".to_owned(), Vec::new());
    assert!(matches!(check(&packed(more), &key), Err(BundleError::Foreign(_))));
    // it is named, and not the sums that differ with it
    let mut report = files.clone();
    report.get_mut("report.html").unwrap()[200] ^= 1;
    let error = check(&packed(report), &key).unwrap_err();
    assert!(error.to_string().starts_with("report.html: "), "{error}");
    let mut sums = files;
    sums.get_mut("SHA256SUMS").unwrap()[0] ^= 1;
    check(&zip::write(&sums).unwrap(), &key).unwrap_err();
}

#[tokio::test]
async fn another_key_and_another_ledgers_checkpoint_prove_nothing() {
    let (ledger, other) = (filled().await, filled().await);
    let bundle = bundle_of(&ledger, "/custody/bundle/subjects/thing%207").await;
    let of_name = |name: &str| Signer::from_seed(name.parse().unwrap(), &[9; 32]).verifier();
    assert!(matches!(check(&bundle, &of_name("test.example/strongroom")), Err(BundleError::Checkpoint(_))));
    assert!(matches!(check(&bundle, &of_name("other.example")), Err(BundleError::Checkpoint(_))));
    // a checkpoint of the same key over other leaves: the records of one, the tree of the other
    let mut files = zip::read(&bundle).unwrap();
    for n in 0..5 {
        other.platform.kernel.record(about("jim", &format!("{n}"))).await.unwrap();
    }
    let mut published = other.platform.kernel.ledger().watch();
    let size = published.wait_for(|published| published.size >= 306).await.unwrap().size;
    let mut foreign = zip::read(&bundle_of(&other, "/custody/bundle/callers/jim").await).unwrap();
    assert!(size >= 306);
    files.insert("checkpoint".to_owned(), foreign.remove("checkpoint").unwrap());
    check(&packed(files), &key(&ledger)).unwrap_err();
}

#[tokio::test]
async fn a_record_of_something_else_has_no_place_in_a_bundle() {
    let ledger = filled().await;
    let files = zip::read(&bundle_of(&ledger, "/custody/bundle/subjects/thing%207").await).unwrap();
    let other = zip::read(&bundle_of(&ledger, "/custody/bundle/subjects/thing%208").await).unwrap();
    let mut mixed = other;
    let manifest = String::from_utf8(mixed["manifest.json"].clone()).unwrap();
    mixed.insert("manifest.json".to_owned(), manifest.replace("thing 8", "thing 7").into_bytes());
    let error = check(&packed(mixed), &key(&ledger)).unwrap_err();
    assert!(error.to_string().contains("does not tell of"), "{error}");
    check(&packed(files), &key(&ledger)).unwrap();
}

#[tokio::test]
async fn what_nobody_tells_of_has_no_bundle() {
    let ledger = filled().await;
    assert_eq!(ledger.get_as(&auditor(), "/custody/bundle/callers/nobody").await.status, 404);
    // a tree that is not published yet is refused, not quietly cut
    assert_eq!(ledger.get_as(&auditor(), "/custody/bundle/callers/kat?asOf=100000").await.status, 422);
    assert_eq!(ledger.get_as(&auditor(), "/custody/bundle/callers/kat?limit=3").await.status, 422);
    assert_eq!(ledger.get_as(&auditor(), "/custody/bundle/objects/x").await.status, 422);
}

/// Where version 1 is kept for ever.
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/bundle/v1/bundle.zip");

#[tokio::test]
async fn the_fixture_is_still_read() {
    let key = include_str!("../../../fixtures/bundle/v1/key").trim().parse().unwrap();
    let checked = check(&std::fs::read(FIXTURE).unwrap(), &key).unwrap();
    let leaves: Vec<u64> = checked.leaves.iter().map(|seen| seen.index).collect();
    assert_eq!((checked.about.name.as_str(), leaves), ("thing 7", vec![7, 107, 207]));
}

#[expect(clippy::disallowed_methods, reason = "files of a test need not be durable")]
#[tokio::test]
async fn what_is_made_now_has_the_form_of_the_fixture() {
    let ledger = filled().await;
    let made = bundle_of(&ledger, "/custody/bundle/subjects/thing%207").await;
    let made_at = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("bundle.zip");
    std::fs::write(&made_at, &made).unwrap();
    std::fs::write(made_at.with_extension("key"), format!("{}\n", key(&ledger))).unwrap();
    let names = |zip: &[u8]| zip::read(zip).unwrap().into_keys().collect::<Vec<_>>();
    let fixture = std::fs::read(FIXTURE).unwrap();
    assert_eq!(names(&made), names(&fixture), "{} was made", made_at.display());
    assert_eq!(zip::read(&made).unwrap()["README.md"], zip::read(&fixture).unwrap()["README.md"]);
}

#[test]
fn the_recipe_in_the_documentation_is_that_of_the_bundle() {
    let recipe =
        |text: &str| text[text.find("```sh\nset -eu").unwrap()..].split("\n```").next().unwrap().to_owned();
    let readme = include_str!("../src/bundle/README.v1.md");
    let page = include_str!("../../../docs/operations/check-a-bundle.md");
    assert_eq!(recipe(page), recipe(readme));
}
