//! `POST /bytes/raw`, `GET /bytes/raw/{raw_id}` and its record.

use axum::{body::Body, http::Method};
use futures::stream;

use crate::common::{BOEFJE_META_ID, Meta, Service, UNKNOWN_ID, id, upload};

const LABELS: &[&str] = &["boefje/ssl-version", "text/xml"];

async fn with_job() -> Service {
    let service = Service::start().await;
    service.save_boefje_meta(&Meta::default()).await;
    service
}

#[tokio::test]
async fn files_are_saved_and_read_back_whole() {
    let service = with_job().await;
    let reply =
        service.upload(BOEFJE_META_ID, &[("0", "aGVsbG8gYnl0ZXM=", LABELS), ("1", "", &["empty"])]).await;
    assert_eq!(reply.status, 200, "an upload answers 200, records answer 201 (trap 22)");
    let ids = reply.json();
    let names: Vec<&String> = ids.as_object().unwrap().keys().collect();
    assert_eq!(names, ["0", "1"]);
    let indexed = reply.header("strongroom-receipt").unwrap().contains("index=");
    assert_eq!(indexed, service.platform.is_embedded(), "elsewhere the index is given a moment later");

    let content = service.get(&format!("/bytes/raw/{}", ids["0"].as_str().unwrap())).await;
    assert_eq!(content.to_string(), "200 hello bytes");
    assert_eq!(content.header("content-type"), Some("application/octet-stream"));
    assert_eq!(content.header("content-length"), Some("11"));
    let empty = service.get(&format!("/bytes/raw/{}", ids["1"].as_str().unwrap())).await;
    assert_eq!(empty.to_string(), "200 ");
}

#[tokio::test]
async fn a_record_binds_content_to_the_end_of_its_job_traps_10_and_21() {
    let service = with_job().await;
    let ids = service.save_raw(BOEFJE_META_ID, &[("0", "aGVsbG8gYnl0ZXM=", LABELS)]).await;
    let reply = service.get(&format!("/bytes/raw/{}/meta", ids[0])).await;
    let body = reply.json();
    assert_eq!(
        body["mime_types"],
        serde_json::json!([{"value": "boefje/ssl-version"}, {"value": "text/xml"}])
    );
    let hash = concat!(
        "sha512:2e0a3bf2df247f184a9759e37036ad5bce669c9bab38e6ad8ee8d3b38c38227725c41301a99066272b17c8a2f5d3733d",
        "0cc4239931d0fe59d4a24d546d560e51"
    );
    assert_eq!(body["secure_hash"], hash);
    assert_eq!(body["hash_retrieval_link"], format!("proof of {hash}"));
    assert_eq!(body["signing_provider_url"], serde_json::Value::Null);
    assert!(reply.text().contains(&format!("\"boefje_meta\":{}", Meta::default().json())), "{reply}");
}

#[tokio::test]
async fn a_large_file_in_many_pieces_is_saved_like_a_small_one_trap_19() {
    let service = with_job().await;
    let content: Vec<u8> =
        (0..3_000_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let mut text = String::new();
    let mut encoder = strongroom_bytes::wire::base64::Encoder::new();
    encoder.push(&content, &mut text);
    encoder.finish(&mut text);
    let body = upload(&[("0", &text, LABELS)]).into_bytes();
    let pieces: Vec<_> = body.chunks(10_007).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
    let reply = service
        .post(&format!("/bytes/raw?boefje_meta_id={BOEFJE_META_ID}"), Body::from_stream(stream::iter(pieces)))
        .await;
    let id = reply.json()["0"].as_str().unwrap().to_owned();
    let read = service.get(&format!("/bytes/raw/{id}")).await;
    assert_eq!(read.header("content-length"), Some("3000000"));
    assert!(read.body == content, "the content is what was sent");
}

#[tokio::test]
async fn an_upload_without_files_is_empty_also_for_an_unknown_job_trap_22() {
    let service = Service::start().await;
    assert_eq!(service.upload(UNKNOWN_ID, &[]).await.to_string(), "200 {}");
    let reply = service.post(&format!("/bytes/raw?boefje_meta_id={UNKNOWN_ID}"), "{}").await;
    assert_eq!(reply.to_string(), "200 {}");
}

#[tokio::test]
async fn what_cannot_be_saved_is_a_fault_of_the_request_and_leaves_nothing() {
    let service = with_job().await;
    let path = format!("/bytes/raw?boefje_meta_id={BOEFJE_META_ID}");
    let unknown = service.upload(UNKNOWN_ID, &[("0", "YQ==", LABELS)]).await;
    assert_eq!(unknown.to_string(), r#"404 {"detail":"Boefje meta not found"}"#);
    for body in [
        upload(&[("0", "YQ==", &["a"]), ("1", "YQ", &["b"])]),
        upload(&[("0", "-_8=", LABELS)]),
        r#"{"files":[{"name":"0"}]}"#.to_owned(),
        r#"{"files":null}"#.to_owned(),
        upload(&[("0", "YQ==", LABELS)]).replace(']', ""),
        upload(&[("0", "YQ==", &["a\0b"])]),
        String::new(),
    ] {
        let reply = service.post(&path, body.clone()).await;
        assert_eq!(reply.status, 422, "{body}: {reply}");
        assert!(reply.json()["value"].is_string());
    }
    assert_eq!(service.post("/bytes/raw", upload(&[("0", "YQ==", LABELS)])).await.status, 422);
    assert_eq!(service.get("/bytes/raw?limit=9").await.to_string(), "200 []");
    assert!(service.platform.sink.heard().is_empty());
}

#[tokio::test]
async fn lenient_base64_is_accepted_as_the_original_accepts_it() {
    let service = with_job().await;
    for (number, (content, expected)) in [
        ("YWJj\n", "abc"),
        ("YW Jj", "abc"),
        ("====", ""),
        ("YWI==", "ab"),
        ("YQ==YWJj", "a"),
        ("YW=Jj", "abc"),
    ]
    .into_iter()
    .enumerate()
    {
        let label = number.to_string();
        let ids = service.save_raw(BOEFJE_META_ID, &[("0", content, &[&label])]).await;
        let reply = service.get(&format!("/bytes/raw/{}", ids[0])).await;
        assert_eq!(reply.text(), expected, "{content}");
    }
}

#[tokio::test]
async fn equal_labels_of_a_job_keep_the_first_content_trap_31() {
    let service = with_job().await;
    let first = service.save_raw(BOEFJE_META_ID, &[("0", "YQ==", &["a", "b"]), ("1", "Yg==", &["c"])]).await;
    let again = service
        .save_raw(BOEFJE_META_ID, &[("x", "eA==", &["c"]), ("y", "eQ==", &["b", "a"]), ("z", "eg==", &["d"])])
        .await;
    assert_eq!(
        [&again[0], &again[1]],
        [&first[1], &first[0]],
        "against all earlier files, in any order of labels"
    );
    assert_eq!(service.get(&format!("/bytes/raw/{}", again[0])).await.text(), "b");
    assert_eq!(service.get("/bytes/raw?limit=9").await.json().as_array().unwrap().len(), 3);
    assert_eq!(service.platform.sink.heard().len(), 3);
}

#[tokio::test]
async fn equal_labels_within_a_request_are_400_and_nothing_is_stored() {
    let service = with_job().await;
    let reply = service.upload(BOEFJE_META_ID, &[("0", "YQ==", &["a"]), ("1", "Yg==", &["a", "a"])]).await;
    assert_eq!(
        reply.to_string(),
        r#"400 {"detail":"Content types do not define unique sets of mime types."}"#
    );
    assert_eq!(service.get("/bytes/raw?limit=9").await.to_string(), "200 []");
    assert!(service.platform.sink.heard().is_empty());
}

#[tokio::test]
async fn uploads_of_one_job_at_the_same_time_agree_on_one_file() {
    let service = with_job().await;
    let uploads = (0..16).map(|_| service.save_raw(BOEFJE_META_ID, &[("0", "YQ==", LABELS)]));
    let mut ids = futures::future::join_all(uploads).await.concat();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(service.get("/bytes/raw?limit=9").await.json().as_array().unwrap().len(), 1);
    assert_eq!(service.platform.sink.heard().len(), 1);
}

#[tokio::test]
async fn the_event_is_there_before_the_answer_and_says_what_the_original_says_trap_12() {
    let service = with_job().await;
    let ids = service.save_raw(BOEFJE_META_ID, &[("0", "YQ==", LABELS)]).await;
    let heard = service.platform.sink.heard();
    let expected = format!(
        concat!(
            r#"{{"event_id":"raw_file_received","created_at":"2025-03-04T10:20:42.017305Z","organization":"acme","#,
            r#""raw_data":{{"id":"{}","boefje_meta":{},"mime_types":[{{"value":"boefje/ssl-version"}},"#,
            r#"{{"value":"text/xml"}}],"secure_hash":null,"signing_provider_url":null,"hash_retrieval_link":null}}}}"#
        ),
        ids[0],
        Meta::default().json()
    );
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].key.as_str(), heard[0].payload.as_str()), ("acme", expected.as_str()));
}

#[tokio::test]
async fn a_file_with_an_error_label_is_announced_too_trap_26() {
    let service = with_job().await;
    service.save_raw(BOEFJE_META_ID, &[("0", "YQ==", &["error/boefje"])]).await;
    assert!(service.platform.sink.heard()[0].payload.contains("error/boefje"));
}

#[tokio::test]
async fn an_upload_while_nobody_listens_is_saved_and_announced_later() {
    let service = with_job().await;
    service.platform.sink.set_away(true);
    let ids = service.save_raw(BOEFJE_META_ID, &[("0", "YQ==", LABELS)]).await;
    assert!(service.platform.sink.heard().is_empty());
    let service = service.restart().await;
    let more = service.save_raw(BOEFJE_META_ID, &[("0", "YQ==", &["more"])]).await;
    let heard: Vec<String> = service.platform.sink.heard().into_iter().map(|event| event.payload).collect();
    assert_eq!(heard.len(), 2, "one missed, one new, in order");
    assert!(heard[0].contains(&ids[0]) && heard[1].contains(&more[0]));
}

#[tokio::test]
async fn what_was_saved_is_there_after_a_restart() {
    let service = with_job().await;
    let ids = service.save_raw(BOEFJE_META_ID, &[("0", "YQ==", LABELS)]).await;
    let service = service.restart().await;
    assert_eq!(service.get(&format!("/bytes/raw/{}", ids[0])).await.to_string(), "200 a");
}

#[tokio::test]
async fn of_equal_names_the_last_is_answered_and_all_are_stored() {
    let service = with_job().await;
    let reply = service.upload(BOEFJE_META_ID, &[("n", "YQ==", &["a"]), ("n", "Yg==", &["b"])]).await;
    let id = reply.json()["n"].as_str().unwrap().to_owned();
    assert_eq!(service.get(&format!("/bytes/raw/{id}")).await.text(), "b");
    assert_eq!(service.get("/bytes/raw?limit=9").await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_long_label_is_kept_whole() {
    let service = with_job().await;
    let long = "l".repeat(1_024);
    let ids = service.save_raw(BOEFJE_META_ID, &[("0", "YQ==", &[&long])]).await;
    let reply = service.get(&format!("/bytes/raw/{}/meta", ids[0])).await;
    assert_eq!(reply.json()["mime_types"][0]["value"], long);
    let reply = service.upload(BOEFJE_META_ID, &[("0", "YQ==", &[&"l".repeat(1_025)])]).await;
    assert_eq!(reply.status, 422);
}

#[tokio::test]
async fn unknown_files_are_404_and_what_is_no_id_422() {
    let service = Service::start().await;
    for path in ["", "/meta", "/proof"] {
        let reply = service.get(&format!("/bytes/raw/{UNKNOWN_ID}{path}")).await;
        assert_eq!(reply.to_string(), r#"404 {"detail":"No raw data found"}"#);
        assert_eq!(service.get(&format!("/bytes/raw/no{path}")).await.status, 422);
    }
}

#[tokio::test]
async fn a_read_is_recorded_once_and_personal_values_are_hidden_from_the_ledger() {
    let service = with_job().await;
    let ids = service.save_raw(BOEFJE_META_ID, &[("0", "aGVsbG8gYnl0ZXM=", LABELS)]).await;
    for _ in 0..2 {
        assert_eq!(service.get(&format!("/bytes/raw/{}", ids[0])).await.status, 200);
    }
    let leaves = service.platform.stop_and_read_leaves().await;
    let said: Vec<String> = leaves.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["log_in by kat", "save_boefje_meta by kat", "save_raw by kat", "read_raw by kat"]);
    for leaf in leaves {
        for secret in ["shop.example", "TOP_PORTS", "sha512:", "kat\""] {
            assert!(!leaf.canonical.contains(secret), "{secret} in {}", leaf.canonical);
        }
    }
}

#[tokio::test]
async fn changed_content_is_never_served() {
    let service = with_job().await;
    if !service.platform.is_embedded() {
        // without packs there is nothing to spoil from here
        return;
    }
    let ids = service.save_raw(BOEFJE_META_ID, &[("0", "aGVsbG8gYnl0ZXM=", LABELS)]).await;
    let packs = service.platform.folder().join("packs");
    let pack = std::fs::read_dir(&packs).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&pack).unwrap();
    let place = bytes.windows(11).position(|window| window == b"hello bytes").unwrap();
    let file = std::fs::File::options().write(true).open(&pack).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"HELLO", place as u64).unwrap();
    let reply = service.get(&format!("/bytes/raw/{}", ids[0])).await;
    assert_eq!(reply.to_string(), "500 Internal Server Error");
}

#[tokio::test]
async fn stores_of_many_organisations_stay_apart() {
    let service = Service::start().await;
    for (number, organization) in [(1, ""), (2, "a.b"), (3, "...")] {
        service.save_boefje_meta(&Meta { id: &id(number), organization, ..Meta::default() }).await;
        let ids = service.save_raw(&id(number), &[("0", "YQ==", LABELS)]).await;
        assert_eq!(service.get(&format!("/bytes/raw/{}", ids[0])).await.text(), "a");
    }
    let reply = service.ask(Method::GET, "/bytes/raw?limit=9&organization=", Body::empty()).await;
    assert_eq!(reply.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn many_small_files_of_one_upload_are_one_unit() {
    let service = with_job().await;
    let content = "QUJD".repeat(16 << 10);
    let labels: Vec<String> = (0..200).map(|label| label.to_string()).collect();
    let labels: Vec<[&str; 1]> = labels.iter().map(|label| [label.as_str()]).collect();
    let files: Vec<(&str, &str, &[&str])> =
        labels.iter().map(|label| (label[0], &content[..], &label[..])).collect();
    let ids = service.save_raw(BOEFJE_META_ID, &files).await;
    assert_eq!(ids.len(), 200);
    let last = service.get(&format!("/bytes/raw/{}", ids[199])).await;
    assert_eq!(last.body.len(), 48 << 10);
    let saves = service.leaves().await.into_iter().filter(|leaf| leaf == "save_raw by kat").count();
    assert_eq!(saves, 1);
}

#[tokio::test]
async fn a_file_whose_content_is_gone_is_410() {
    let service = with_job().await;
    if !service.platform.is_embedded() {
        // without packs there is nothing to remove from here
        return;
    }
    let ids = service.save_raw(BOEFJE_META_ID, &[("0", "YQ==", LABELS)]).await;
    std::fs::remove_dir_all(service.platform.folder().join("packs")).unwrap();
    for path in [format!("/bytes/raw/{}", ids[0]), format!("/bytes/raw/{}/proof", ids[0])] {
        let reply = service.get(&path).await;
        assert_eq!(reply.to_string(), r#"410 {"detail":"The content of this raw file is gone"}"#);
    }
    let list = service.get("/bytes/raws").await;
    assert_eq!(list.to_string(), r#"410 {"detail":"The content of a raw file is gone"}"#);
    assert_eq!(service.get(&format!("/bytes/raw/{}/meta", ids[0])).await.status, 200);
}
