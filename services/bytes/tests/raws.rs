//! `GET /bytes/raws`

use axum::http::Method;

use crate::{
    common::{Meta, Service, id},
    raw_list::with_files,
};

#[tokio::test]
async fn contents_come_as_base64_with_their_real_labels() {
    let (service, ids) = with_files().await;
    let reply = service.get("/bytes/raws?limit=2").await;
    let expected = format!(
        concat!(
            r#"200 {{"status":"COMPLETED","files":[{{"name":"{}","content":"YQ==","tags":["boefje/ssl","text/xml"]}},"#,
            r#"{{"name":"{}","content":"Yg==","tags":["boefje/ssl","a\"b"]}}]}}"#
        ),
        ids[0], ids[1]
    );
    assert_eq!(reply.to_string(), expected);
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn without_a_limit_there_is_one_and_without_files_none() {
    let (service, _) = with_files().await;
    assert_eq!(service.get("/bytes/raws").await.json()["files"].as_array().unwrap().len(), 1);
    assert_eq!(
        service.get("/bytes/raws?limit=0").await.to_string(),
        r#"200 {"status":"COMPLETED","files":[]}"#
    );
    let none = service.get("/bytes/raws?limit=9&mime_types=nothing").await;
    assert_eq!(none.to_string(), r#"200 {"status":"COMPLETED","files":[]}"#);
}

#[tokio::test]
async fn organisations_are_query_keys_here_and_a_body_is_not_looked_at() {
    let (service, ids) = with_files().await;
    let reply = service.ask(Method::GET, "/bytes/raws?limit=9&organization=other&organization=x", "[").await;
    let names: Vec<String> = reply.json()["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ids[2..]);
}

#[tokio::test]
async fn the_output_of_a_failed_job_says_so_and_can_be_posted_again() {
    let service = Service::start().await;
    for number in [1, 2] {
        service.save_boefje_meta(&Meta { id: &id(number), ..Meta::default() }).await;
    }
    service.save_raw(&id(1), &[("0", "YQ==", &["error/boefje"])]).await;
    let copy = service.get(&format!("/bytes/raws?boefje_meta_id={}", id(1))).await;
    assert_eq!(copy.json()["status"], "FAILED");
    let reply = service.post(&format!("/bytes/raw?boefje_meta_id={}", id(2)), copy.body.clone()).await;
    assert_eq!(reply.status, 200);
    let labels = service.get(&format!("/bytes/raw?boefje_meta_id={}", id(2))).await.json();
    assert_eq!(labels[0]["mime_types"][0]["value"], "error/boefje");
}

#[tokio::test]
async fn many_contents_are_whole_and_recorded() {
    let service = Service::start().await;
    service.save_boefje_meta(&Meta::default()).await;
    let labels: Vec<String> = (0..100).map(|label| label.to_string()).collect();
    let labels: Vec<[&str; 1]> = labels.iter().map(|label| [label.as_str()]).collect();
    let files: Vec<(&str, &str, &[&str])> =
        labels.iter().map(|label| (label[0], "YWJj", &label[..])).collect();
    let saved = service.save_raw(crate::common::BOEFJE_META_ID, &files).await;
    let reply = service.get("/bytes/raws?limit=99").await.json();
    let read = reply["files"].as_array().unwrap();
    assert_eq!(read.len(), 99);
    for (file, id) in read.iter().zip(&saved) {
        assert_eq!(
            (file["name"].as_str().unwrap(), file["content"].as_str().unwrap()),
            (id.as_str(), "YWJj")
        );
    }
    let leaves = service.platform.stop_and_read_leaves().await;
    let reads = leaves.iter().filter(|leaf| leaf.plain["action"] == "read_raw");
    let objects: usize = reads.map(|leaf| leaf.plain["subjects"].as_array().unwrap().len()).sum();
    assert_eq!(objects, 99);
}
