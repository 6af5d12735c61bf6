//! What callers are told when a part of the machine fails.

use strongroom_bytes::{
    SCHEMA,
    wire::{base64::Encoder, event::RAW_FILE_RECEIVED},
};
use strongroom_testkit::TestPlatform;

use crate::common::{BOEFJE_META_ID, Meta, Service, upload};

#[tokio::test]
async fn a_full_disk_is_507_for_content_and_nothing_is_half_done() {
    let service = Service::on(TestPlatform::start_on_full_disk(SCHEMA, RAW_FILE_RECEIVED).await).await;
    if !service.platform.is_embedded() {
        // small content is then in the database, whose disk is not ours
        return;
    }
    service.save_boefje_meta(&Meta::default()).await;
    let path = format!("/bytes/raw?boefje_meta_id={BOEFJE_META_ID}");
    for content in ["YQ==".to_owned(), "QUJD".repeat(100_000)] {
        let reply = service.post(&path, upload(&[("0", &content, &["a"])])).await;
        assert_eq!(reply.to_string(), r#"507 {"detail":"no space is left"}"#);
        assert!(reply.header("retry-after").is_some());
    }
    assert_eq!(service.get("/bytes/raw?limit=9").await.to_string(), "200 []");
    assert_eq!(service.get(&format!("/bytes/boefje_meta/{BOEFJE_META_ID}")).await.status, 200);
    assert!(service.platform.sink.heard().is_empty());
    assert_eq!(service.leaves().await, ["log_in by kat", "save_boefje_meta by kat"]);
}

#[tokio::test]
async fn a_stopping_service_turns_writes_away_and_says_when_to_come_back() {
    let service = Service::start().await;
    service.platform.kernel.stop().await;
    let reply = service.post("/bytes/boefje_meta", Meta::default().json()).await;
    assert_eq!(reply.status, 503);
    assert!(reply.header("retry-after").is_some());
}

#[tokio::test]
async fn an_answer_that_fails_midway_cannot_be_taken_for_whole() {
    let service = Service::start().await;
    if !service.platform.is_embedded() {
        // without packs there is nothing to spoil from here
        return;
    }
    service.save_boefje_meta(&Meta::default()).await;
    let labels: Vec<String> = (0..20).map(|label| label.to_string()).collect();
    let labels: Vec<[&str; 1]> = labels.iter().map(|label| [label.as_str()]).collect();
    let contents: Vec<String> = (0..20).map(|file| base64(&format!("content of file {file}"))).collect();
    let files: Vec<(&str, &str, &[&str])> =
        labels.iter().zip(&contents).map(|(label, content)| (label[0], &content[..], &label[..])).collect();
    service.save_raw(BOEFJE_META_ID, &files).await;
    spoil_last_content(&service);
    let request = axum::extract::Request::get("/bytes/raws?limit=20")
        .header("authorization", format!("bearer {}", service.token))
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = tower::ServiceExt::oneshot(service.router.clone(), request).await.unwrap();
    assert_eq!(answer.status(), 200, "the first sixteen are whole");
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
    assert!(body.is_err(), "the seventeenth to twentieth are not: the answer breaks off");
}

fn base64(content: &str) -> String {
    let mut text = String::new();
    let mut encoder = Encoder::new();
    encoder.push(content.as_bytes(), &mut text);
    encoder.finish(&mut text);
    text
}

/// Changes a byte of the last file's content in its pack.
fn spoil_last_content(service: &Service) {
    let packs = service.platform.folder().join("packs");
    let pack = std::fs::read_dir(packs).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&pack).unwrap();
    let content = b"content of file 19";
    let place = bytes.windows(content.len()).rposition(|window| window == content).unwrap();
    let file = std::fs::File::options().write(true).open(&pack).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"!", place as u64).unwrap();
}
