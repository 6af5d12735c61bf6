//! `/bytes/boefje_meta`

use axum::http::Method;
use strongroom_bytes::{SCHEMA, config::BytesConfig, wire::event::RAW_FILE_RECEIVED};
use strongroom_kernel::{Kind, ports::Reach};

use strongroom_testkit::TestPlatform;

use crate::common::{BOEFJE_META_ID, Meta, Service, UNKNOWN_ID, config, id};

#[tokio::test]
async fn a_job_without_content_type_is_saved_and_read_back_trap_1() {
    let service = Service::start().await;
    let meta = Meta { ended_at: "1000-10-10T10:10:11.5Z", ..Meta::default() };
    service.save_boefje_meta(&meta).await;
    let reply = service.get(&format!("/bytes/boefje_meta/{BOEFJE_META_ID}")).await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let expected = meta.json().replace(":11.5Z", ":11.500000Z");
    assert_eq!(reply.to_string(), format!("200 {expected}"));
}

#[tokio::test]
async fn other_json_types_are_read_and_others_are_not() {
    let service = Service::start().await;
    let token = format!("bearer {}", service.token);
    let mut number = 0;
    for (content_type, status) in [
        ("application/json", 201),
        ("application/ld+json", 201),
        ("text/plain", 422),
        ("application/octet-stream", 422),
    ] {
        number += 1;
        let headers = [("authorization", token.as_str()), ("content-type", content_type)];
        let meta = Meta { id: &id(number), ..Meta::default() }.json();
        let reply = service.ask_as(Method::POST, "/bytes/boefje_meta", &headers, meta).await;
        assert_eq!(reply.status, status, "{content_type}");
    }
}

#[tokio::test]
async fn the_same_job_twice_is_400_trap_14() {
    let service = Service::start().await;
    service.save_boefje_meta(&Meta::default()).await;
    let reply = service.post("/bytes/boefje_meta", Meta::default().json()).await;
    let expected = r#"400 {"status":"failed","message":"Integrity error: object might already exist"}"#;
    assert_eq!(reply.to_string(), expected);
    let leaves = service.leaves().await;
    assert_eq!(leaves, ["log_in by kat", "save_boefje_meta by kat", "save_boefje_meta by kat: id_taken"]);
}

#[tokio::test]
async fn unknown_keys_are_ignored_and_arguments_keep_order_and_numbers_traps_23_and_25() {
    let service = Service::start().await;
    let arguments = r#"{"z":1.0,"a":[1e+100,-0.0,12345678901234567890123],"ä":"\u0000"}"#;
    let sent = Meta::default().json().replace(r#"{"input":{"name":"shop.example"}}"#, arguments);
    let sent = sent
        .replacen('{', r#"{"oci_image":"x","extra":[{}],"#, 1)
        .replace(r#""version""#, r#""name":"n","version""#);
    assert_eq!(service.post("/bytes/boefje_meta", sent).await.status, 201);
    let reply = service.get(&format!("/bytes/boefje_meta/{BOEFJE_META_ID}")).await;
    assert!(reply.text().contains(&format!(r#""arguments":{arguments},"#)), "{reply}");
    assert!(!reply.text().contains("oci_image"), "{reply}");
}

#[tokio::test]
async fn a_null_environment_stays_null_trap_24() {
    let service = Service::start().await;
    let sent = Meta::default().json().replace(r#"{"TOP_PORTS":"250"}"#, "null");
    assert_eq!(service.post("/bytes/boefje_meta", sent.clone()).await.status, 201);
    let reply = service.get(&format!("/bytes/boefje_meta/{BOEFJE_META_ID}")).await;
    assert_eq!(reply.to_string(), format!("200 {sent}"));
}

#[tokio::test]
async fn times_are_truncated_and_end_in_z_traps_8_and_9() {
    let service = Service::start().await;
    let meta = Meta {
        started_at: "2024-02-03T06:05:06.1234569+02:00",
        ended_at: "2024-02-03T04:05:07.25Z",
        ..Meta::default()
    };
    service.save_boefje_meta(&meta).await;
    let reply = service.get(&format!("/bytes/boefje_meta/{BOEFJE_META_ID}")).await.json();
    assert_eq!(reply["started_at"], "2024-02-03T04:05:06.123456Z");
    assert_eq!(reply["ended_at"], "2024-02-03T04:05:07.250000Z");
}

#[tokio::test]
async fn what_the_original_fails_on_is_422_and_an_unknown_job_404() {
    let service = Service::start().await;
    let meta = |organization: &str| Meta { organization, ..Meta::default() }.json();
    for body in [
        meta(&"o".repeat(33)),
        meta("a\\u0000"),
        meta("../x"),
        Meta { boefje: &"b".repeat(65), ..Meta::default() }.json(),
        Meta::default().json().replace("shop.example", "\\ud800"),
        Meta::default().json().replace(r#""name":"shop.example""#, r#""name":NaN"#),
        Meta { started_at: "2024-02-03T04:05:06", ..Meta::default() }.json(),
    ] {
        let reply = service.post("/bytes/boefje_meta", body.clone()).await;
        assert_eq!(reply.status, 422, "{body}");
        assert!(reply.json()["value"].is_string());
    }
    let reply = service.get(&format!("/bytes/boefje_meta/{UNKNOWN_ID}")).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"Boefje meta not found"}"#);
    assert_eq!(service.get("/bytes/boefje_meta/no-uuid").await.status, 422);
    let braces = service.get(&format!("/bytes/boefje_meta/%7B{UNKNOWN_ID}%7D")).await;
    assert_eq!(braces.status, 404);
}

#[tokio::test]
async fn a_record_over_its_limit_is_413() {
    let service = Service::start().await;
    let body = Meta::default().json().replace("shop.example", &"x".repeat(1 << 20));
    assert_eq!(service.post("/bytes/boefje_meta", body).await.status, 413);
}

#[tokio::test]
async fn an_absent_input_is_a_filter_and_a_star_is_any_trap_5() {
    let service = Service::start().await;
    let with = Meta { id: &id(1), ..Meta::default() };
    let without = Meta { id: &id(2), input: None, ..Meta::default() };
    service.save_boefje_meta(&with).await;
    service.save_boefje_meta(&without).await;
    let found = async |query: &str| {
        let reply =
            service.get(&format!("/bytes/boefje_meta?organization=acme&limit=10&{query}")).await.json();
        let list = reply.as_array().unwrap().iter();
        list.map(|meta| meta["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, [id(2)]);
    assert_eq!(found("input_ooi=*").await, [id(1), id(2)]);
    assert_eq!(found("input_ooi=").await, Vec::<String>::new());
    assert_eq!(found("input_ooi=Hostname%7Cinternet%7Cshop.example").await, [id(1)]);
    assert_eq!(found("input_ooi=*&boefje_id=other").await, Vec::<String>::new());
    assert_eq!(found("input_ooi=*&boefje_id=").await, Vec::<String>::new());
}

#[tokio::test]
async fn long_inputs_are_told_apart_to_their_last_character() {
    let service = Service::start().await;
    let input = |end: &str| format!("{}{end}", "ä".repeat(1_000));
    for (number, end) in [(1, "x"), (2, "y")] {
        service
            .save_boefje_meta(&Meta { id: &id(number), input: Some(&input(end)), ..Meta::default() })
            .await;
    }
    let query = |end: &str| {
        format!("/bytes/boefje_meta?organization=acme&limit=9&input_ooi={}{end}", "%C3%A4".repeat(1_000))
    };
    for (end, expected) in [("x", vec![id(1)]), ("y", vec![id(2)]), ("", vec![])] {
        let found = service.get(&query(end)).await.json();
        let ids: Vec<&str> =
            found.as_array().unwrap().iter().map(|meta| meta["id"].as_str().unwrap()).collect();
        assert_eq!(ids, expected, "{end}");
    }
}

#[tokio::test]
async fn the_schedulers_question_is_answered_from_its_index() {
    let service = Service::start().await;
    if !service.platform.is_embedded() {
        // PostgreSQL looks through an empty table whatever its indexes
        return;
    }
    let snapshot = service.platform.kernel.snapshot().await.unwrap();
    for input in ["IS NULL", "= 'x' AND substr(input_ooi, 201) = ''"] {
        let question = format!(
            "EXPLAIN QUERY PLAN SELECT * FROM bytes_boefje_meta WHERE organization = 'a' AND boefje_id = 'b' AND \
             substr(input_ooi, 1, 200) {input} ORDER BY started_at DESC, row_order LIMIT 1"
        );
        let kinds = [Kind::Int, Kind::Int, Kind::Int, Kind::Text];
        let plan = snapshot.query(&question, &[], &kinds, Reach::Point).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| format!("{:?}", row[3])).collect();
        assert!(plan.len() == 1 && plan[0].contains("<expr>=?"), "one search, no sorting: {plan:?}");
    }
}

#[tokio::test]
async fn jobs_of_equal_starts_come_in_the_order_of_insertion_trap_15() {
    let service = Service::start().await;
    for number in [3, 1, 2] {
        service.save_boefje_meta(&Meta { id: &id(number), ..Meta::default() }).await;
    }
    let later = Meta { id: &id(9), started_at: "1000-10-10T10:10:10.5Z", ..Meta::default() };
    service.save_boefje_meta(&later).await;
    let found = async |query: &str| {
        let path = format!("/bytes/boefje_meta?organization=acme&input_ooi=*&{query}");
        let reply = service.get(&path).await.json();
        let list = reply.as_array().unwrap().iter();
        list.map(|meta| meta["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("limit=9").await, [id(9), id(3), id(1), id(2)]);
    assert_eq!(found("limit=9&descending=false").await, [id(3), id(1), id(2), id(9)]);
    assert_eq!(found("limit=2&offset=1").await, [id(3), id(1)]);
}

#[tokio::test]
async fn lists_hold_one_entry_unless_asked_for_more_trap_6() {
    let service = Service::start().await;
    for number in 1..=3 {
        service.save_boefje_meta(&Meta { id: &id(number), ..Meta::default() }).await;
    }
    let length = async |query: &str| {
        let path = format!("/bytes/boefje_meta?organization=acme&input_ooi=*{query}");
        let reply = service.get(&path).await;
        (reply.status, reply.json().as_array().map_or(0, Vec::len))
    };
    assert_eq!(length("").await, (200, 1));
    assert_eq!(length("&limit=0").await, (200, 0));
    assert_eq!(length("&limit=%2B02").await, (200, 2));
    assert_eq!(length("&limit=9223372036854775807").await, (200, 3));
    assert_eq!(length("&limit=-1").await, (422, 0));
    assert_eq!(length("&offset=99999999999999999999").await, (422, 0));
    assert_eq!(service.get("/bytes/boefje_meta").await.status, 422);
}

#[tokio::test]
async fn a_list_of_many_pages_is_whole() {
    let service = Service::start().await;
    let saves = (0..1_203).map(|number| {
        let service = &service;
        async move { service.save_boefje_meta(&Meta { id: &id(number), ..Meta::default() }).await }
    });
    futures::future::join_all(saves).await;
    let reply = service.get("/bytes/boefje_meta?organization=acme&input_ooi=*&limit=5000").await.json();
    let mut ids: Vec<&str> =
        reply.as_array().unwrap().iter().map(|meta| meta["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1_203);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1_203);
}

#[tokio::test]
async fn secrets_named_in_the_configuration_are_hidden_in_answers_and_kept_in_events() {
    let platform = TestPlatform::start(SCHEMA, RAW_FILE_RECEIVED).await;
    let config = BytesConfig { masked_environment: vec!["TOP_*".to_owned()], ..config() };
    let service = Service::with(platform, config).await;
    service.save_boefje_meta(&Meta::default()).await;
    let raw = service.save_raw(BOEFJE_META_ID, &[("0", "YQ==", &["a"])]).await.remove(0);
    service.save_normalizer_meta(&id(7), &raw).await;
    for path in [
        format!("/bytes/boefje_meta/{BOEFJE_META_ID}"),
        "/bytes/boefje_meta?organization=acme&input_ooi=*".to_owned(),
        format!("/bytes/raw/{raw}/meta"),
        "/bytes/raw".to_owned(),
        format!("/bytes/normalizer_meta/{}", id(7)),
        "/bytes/normalizer_meta?organization=acme".to_owned(),
    ] {
        let reply = service.get(&path).await;
        assert!(reply.text().contains(r#""environment":{"TOP_PORTS":"***"}"#), "{path}: {reply}");
    }
    assert!(service.platform.sink.heard()[0].payload.contains(r#""TOP_PORTS":"250""#));
}
