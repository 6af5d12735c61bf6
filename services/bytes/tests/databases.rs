//! The same requests on SQLite and on PostgreSQL: the answers are the same.

use axum::http::Method;
use strongroom_bytes::{SCHEMA, wire::event::RAW_FILE_RECEIVED};
use strongroom_testkit::TestPlatform;

use crate::common::{Meta, Service, UNKNOWN_ID, id};

#[tokio::test]
async fn both_databases_answer_alike() {
    let Some(server) = TestPlatform::start_on_server(SCHEMA, RAW_FILE_RECEIVED).await else {
        println!("skipped: STRONGROOM_TEST_POSTGRES_URL is not set");
        return;
    };
    let on_server = answers(&Service::on(server).await).await;
    let embedded = answers(&Service::start().await).await;
    for (there, here) in on_server.iter().zip(&embedded) {
        assert_eq!(there, here);
    }
    assert_eq!(on_server.len(), embedded.len());
}

/// Writes a little of everything, then asks for it in all ways; ids that the server drew stand as their order.
async fn answers(service: &Service) -> Vec<String> {
    let mut said = Vec::new();
    for (number, organization, input) in
        [(1, "acme", Some("ä|1")), (2, "acme", None), (3, "ot%_'her", Some("")), (4, "", Some("ä|1"))]
    {
        let meta = Meta { id: &id(number), organization, input, ..Meta::default() };
        for _ in 0..2 {
            said.push(service.post("/bytes/boefje_meta", meta.json()).await.to_string());
        }
    }
    let files: [(&str, &str, &[&str]); 3] =
        [("0", "YQ==", &["text/xml", "a"]), ("1", "Yg==", &["a\"b\\", "ü,", "a"]), ("2", "", &[])];
    let mut ids = Vec::new();
    for number in [1, 3, 4, 1] {
        ids.extend(service.save_raw(&id(number), &files).await);
    }
    said.push(service.upload(UNKNOWN_ID, &files).await.to_string());
    for (number, raw) in [(11, &ids[1]), (12, &ids[4]), (13, &ids[1])] {
        service.save_normalizer_meta(&id(number), raw).await;
    }
    let raw_ids = format!("raw_ids={}&raw_ids={}", ids[4], ids[0]);
    for path in [
        "/bytes/boefje_meta?organization=acme&input_ooi=*&limit=9",
        "/bytes/boefje_meta?organization=acme&limit=9",
        "/bytes/boefje_meta?organization=ot%25_%27her&input_ooi=&limit=9",
        "/bytes/boefje_meta?organization=&boefje_id=ssl-version&input_ooi=%C3%A4%7C1",
        "/bytes/boefje_meta?organization=acme&input_ooi=*&limit=9&offset=1&descending=no",
        "/bytes/boefje_meta?organization=acme&limit=9223372036854775807&offset=9223372036854775807",
        "/bytes/normalizer_meta?organization=acme&limit=9",
        "/bytes/normalizer_meta?organization=ot%25_%27her&normalizer_id=kat_ssl",
        "/bytes/raw?limit=99",
        "/bytes/raw?limit=99&normalized=true",
        "/bytes/raw?limit=99&normalized=false&organization=acme&organization=",
        "/bytes/raw?limit=99&mime_types=a&mime_types=%C3%BC,",
        "/bytes/raw?limit=99&mime_types=a%22b%5C",
        "/bytes/raws?limit=99",
        "/bytes/mime_types",
        "/bytes/mime_types?normalized=1&organization=acme",
        "/metrics",
        &format!("/bytes/raw?limit=9&{raw_ids}"),
        &format!("/bytes/raw?limit=2&after={}", ids[2]),
        &format!("/bytes/raw/{}", ids[0]),
        &format!("/bytes/raw/{}/meta", ids[5]),
        &format!("/bytes/raw/{}/proof", ids[1]),
        &format!("/bytes/normalizer_meta/{}", id(12)),
        &format!("/bytes/boefje_meta/{}", id(4)),
        &format!("/bytes/raw/{UNKNOWN_ID}"),
    ] {
        said.push(format!("{path}: {}", service.ask(Method::GET, path, "").await));
    }
    for (place, drawn) in ids.iter().enumerate().take(9) {
        for said in &mut said {
            *said = said.replace(drawn, &format!("<raw {place}>"));
        }
    }
    said
}
