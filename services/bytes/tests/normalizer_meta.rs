//! `/bytes/normalizer_meta`

use crate::{
    common::{Meta, Service, UNKNOWN_ID, id},
    raw_list::with_files,
};

fn body(id: &str, raw_id: &str, started_at: &str) -> String {
    format!(
        concat!(
            r#"{{"id":"{}","started_at":"{}","ended_at":"1000-10-10T10:10:12Z","#,
            r#""raw_data":{{"id":"{}","boefje_meta":{},"mime_types":[{{"value":"ignored"}}],"#,
            r#""secure_hash":"ignored","hash_retrieval_link":"ignored"}},"#,
            r#""normalizer":{{"id":"kat_ssl","version":null,"name":"ignored"}}}}"#
        ),
        id,
        started_at,
        raw_id,
        Meta::default().json()
    )
}

impl Service {
    pub(crate) async fn save_normalizer_meta(&self, id: &str, raw_id: &str) {
        let reply = self.post("/bytes/normalizer_meta", body(id, raw_id, "1000-10-10T10:10:11Z")).await;
        assert_eq!(reply.to_string(), r#"201 {"status":"success"}"#);
    }
}

#[tokio::test]
async fn a_parser_job_is_answered_with_the_stored_record_of_its_file() {
    let (service, ids) = with_files().await;
    service.save_normalizer_meta(&id(7), &ids[2]).await;
    let reply = service.get(&format!("/bytes/normalizer_meta/{}", id(7))).await;
    let stored = service.get(&format!("/bytes/raw/{}/meta", ids[2])).await;
    let expected = format!(
        concat!(
            r#"200 {{"id":"{}","started_at":"1000-10-10T10:10:11Z","ended_at":"1000-10-10T10:10:12Z","#,
            r#""raw_data":{},"normalizer":{{"id":"kat_ssl","version":null}}}}"#
        ),
        id(7),
        stored.text()
    );
    assert_eq!(reply.to_string(), expected);
}

#[tokio::test]
async fn an_unknown_raw_file_and_a_taken_id_are_the_same_400_trap_28() {
    let (service, ids) = with_files().await;
    let integrity = r#"400 {"status":"failed","message":"Integrity error: object might already exist"}"#;
    let post = async |raw_id: &str| {
        service.post("/bytes/normalizer_meta", body(&id(7), raw_id, "1000-10-10T10:10:11Z")).await.to_string()
    };
    assert_eq!(post(UNKNOWN_ID).await, integrity);
    assert_eq!(post(&ids[0]).await, r#"201 {"status":"success"}"#);
    assert_eq!(post(&ids[0]).await, integrity);
}

#[tokio::test]
async fn the_nested_record_must_be_whole_though_only_its_id_counts() {
    let (service, ids) = with_files().await;
    let sent = body(&id(7), &ids[0], "1000-10-10T10:10:11Z").replace(r#""organization":"acme","#, "");
    let reply = service.post("/bytes/normalizer_meta", sent).await;
    assert_eq!(reply.status, 422);
    assert!(reply.text().contains("'raw_data', 'boefje_meta', 'organization'"), "{reply}");
    let long = body(&id(7), &ids[0], "1000-10-10T10:10:11Z").replace("kat_ssl", &"n".repeat(65));
    assert_eq!(service.post("/bytes/normalizer_meta", long).await.status, 422);
}

#[tokio::test]
async fn parser_jobs_are_listed_by_organisation_parser_and_file() {
    let (service, ids) = with_files().await;
    for (number, raw_id, started_at) in [
        (1, &ids[0], "1000-10-10T10:10:11Z"),
        (2, &ids[1], "1000-10-10T10:10:12Z"),
        (3, &ids[0], "1000-10-10T10:10:11Z"),
        (4, &ids[2], "1000-10-10T10:10:13Z"),
    ] {
        let reply = service.post("/bytes/normalizer_meta", body(&id(number), raw_id, started_at)).await;
        assert_eq!(reply.status, 201);
    }
    let found = async |query: &str| {
        let reply = service.get(&format!("/bytes/normalizer_meta?{query}")).await.json();
        let list = reply.as_array().unwrap().iter();
        list.map(|meta| meta["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("organization=acme").await, [id(2)]);
    assert_eq!(found("organization=acme&limit=9").await, [id(2), id(1), id(3)]);
    assert_eq!(found("organization=acme&limit=9&descending=0").await, [id(1), id(3), id(2)]);
    assert_eq!(found(&format!("organization=acme&limit=9&raw_id={}", ids[0])).await, [id(1), id(3)]);
    assert_eq!(found("organization=acme&limit=9&normalizer_id=other").await, Vec::<String>::new());
    assert_eq!(found("organization=other&normalizer_id=kat_ssl").await, [id(4)]);
    assert_eq!(service.get("/bytes/normalizer_meta").await.status, 422);
    let reply = service.get(&format!("/bytes/normalizer_meta/{UNKNOWN_ID}")).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Normalizer meta not found"}"#);
}
