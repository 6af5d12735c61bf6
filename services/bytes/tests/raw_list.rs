//! `GET /bytes/raw`

use axum::http::Method;
use strongroom_kernel::{Kind, ports::Reach};

use crate::common::{BOEFJE_META_ID, Meta, Service, UNKNOWN_ID, id};

/// Two jobs of two organisations with two files each; the ids of the files in the order they were saved.
pub(crate) async fn with_files() -> (Service, Vec<String>) {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for (number, organization) in [(1, "acme"), (2, "other")] {
        service.save_boefje_meta(&Meta { id: &id(number), organization, ..Meta::default() }).await;
        let files: [(&str, &str, &[&str]); 2] =
            [("0", "YQ==", &["boefje/ssl", "text/xml"]), ("1", "Yg==", &["boefje/ssl", "a\"b"])];
        ids.extend(service.save_raw(&id(number), &files).await);
    }
    (service, ids)
}

async fn found(service: &Service, query: &str, body: &str) -> Vec<String> {
    let reply = loop {
        let reply = service.ask(Method::GET, &format!("/bytes/raw?{query}"), body.to_owned()).await;
        // asked again where a slow machine has more to do than it can
        if reply.status != 503 {
            break reply;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(reply.status, 200, "{reply}");
    let list = reply.json();
    list.as_array().unwrap().iter().map(|raw| raw["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn files_come_in_the_order_they_were_saved_and_one_at_a_time_traps_6_and_15() {
    let (service, ids) = with_files().await;
    assert_eq!(found(&service, "", "").await, ids[..1]);
    assert_eq!(found(&service, "limit=9", "").await, ids);
    assert_eq!(found(&service, "limit=9&offset=2", "").await, ids, "unknown keys are ignored");
    let backwards = format!("limit=9&raw_ids={}&raw_ids={}", ids[3], ids[0]);
    assert_eq!(found(&service, &backwards, "").await, [ids[0].clone(), ids[3].clone()]);
}

#[tokio::test]
async fn organisations_come_in_the_body_or_the_query_trap_7() {
    let (service, ids) = with_files().await;
    assert_eq!(found(&service, "limit=9", r#"["other"]"#).await, ids[2..]);
    assert_eq!(found(&service, "limit=9&organization=acme", "").await, ids[..2]);
    assert_eq!(found(&service, "limit=9&organization=acme", r#"["other"]"#).await, ids);
    assert_eq!(found(&service, "limit=9", "[]").await, ids);
    assert_eq!(found(&service, "limit=9", "null").await, ids);
    for body in [r#"{"organization":"acme"}"#, "[1]", "["] {
        assert_eq!(service.ask(Method::GET, "/bytes/raw?limit=9", body).await.status, 422, "{body}");
    }
}

#[tokio::test]
async fn labels_must_all_be_there_and_an_empty_one_matches_nothing_traps_21_and_33() {
    let (service, ids) = with_files().await;
    let one_job = format!("limit=9&boefje_meta_id={}", id(1));
    assert_eq!(found(&service, &format!("{one_job}&mime_types=boefje/ssl"), "").await, ids[..2]);
    let both = format!("{one_job}&mime_types=boefje/ssl&mime_types=text/xml");
    assert_eq!(found(&service, &both, "").await, ids[..1]);
    assert_eq!(found(&service, "limit=9&mime_types=a%22b", "").await, [ids[1].clone(), ids[3].clone()]);
    assert!(found(&service, "limit=9&mime_types=", "").await.is_empty());
    assert!(found(&service, "limit=9&mime_types=text", "").await.is_empty());
    assert_eq!(service.get("/bytes/raw?raw_ids=").await.status, 422);
    assert_eq!(service.get(&format!("/bytes/raw?raw_ids={},{}", ids[0], ids[1])).await.status, 422);
}

#[tokio::test]
async fn a_list_can_begin_after_a_file() {
    let (service, ids) = with_files().await;
    assert_eq!(found(&service, &format!("limit=9&after={}", ids[1]), "").await, ids[2..]);
    assert!(found(&service, &format!("limit=9&after={}", ids[3]), "").await.is_empty());
    let contents = service.get(&format!("/bytes/raws?limit=1&after={}", ids[0])).await.json();
    assert_eq!(contents["files"][0]["name"], ids[1].as_str());
    let reply = service.get(&format!("/bytes/raw?after={UNKNOWN_ID}")).await;
    assert_eq!(reply.to_string(), r#"404 {"detail":"No raw data found"}"#);
}

#[tokio::test]
async fn normalized_files_are_those_with_a_parser_job() {
    let (service, ids) = with_files().await;
    for number in [7, 8] {
        service.save_normalizer_meta(&id(number), &ids[1]).await;
    }
    assert_eq!(found(&service, "limit=9&normalized=true", "").await, ids[1..2]);
    let others = [ids[0].clone(), ids[2].clone(), ids[3].clone()];
    assert_eq!(found(&service, "limit=9&normalized=off", "").await, others);
    assert_eq!(service.get("/bytes/raw?normalized=").await.status, 422);
}

#[tokio::test]
async fn a_very_long_query_is_answered_trap_20() {
    let (service, ids) = with_files().await;
    let many: Vec<String> = (0..1_300).map(|number| format!("raw_ids={}", id(number))).collect();
    let query = format!("limit=1450&{}&raw_ids={}", many.join("&"), ids[2]);
    assert!(query.len() > 58_000);
    assert_eq!(found(&service, &query, "").await, ids[2..3]);
}

#[tokio::test]
async fn a_filter_by_thousands_of_labels_or_organisations_is_answered() {
    let (service, ids) = with_files().await;
    let all = found(&service, "limit=9", "").await;
    assert_eq!(all.len(), ids.len());
    let labels: Vec<String> = (0..4_000).map(|number| format!("&mime_types={number}")).collect();
    let labels = labels.concat();
    assert!(found(&service, &format!("limit=9{labels}"), "").await.is_empty());
    let mut names: Vec<String> = (0..9_999).map(|number| number.to_string()).collect();
    names.push("acme".to_owned());
    let body = serde_json::json!(names).to_string();
    assert!(!found(&service, "limit=9", &body).await.is_empty());
    names.push("one more".to_owned());
    let reply = service.ask(Method::GET, "/bytes/raw", serde_json::json!(names).to_string()).await;
    assert_eq!(reply.status, 422, "{reply}");
    for path in ["/bytes/raw", "/bytes/mime_types"] {
        assert_eq!(service.ask(Method::GET, path, r#"["a\u0000"]"#).await.status, 422);
    }
}

#[tokio::test]
async fn a_list_over_many_pages_is_whole_and_in_order() {
    let service = Service::start().await;
    let mut saved = Vec::new();
    for number in 0..3 {
        service.save_boefje_meta(&Meta { id: &id(number), ..Meta::default() }).await;
        let labels: Vec<String> = (0..450).map(|label| label.to_string()).collect();
        let labels: Vec<[&str; 1]> = labels.iter().map(|label| [label.as_str()]).collect();
        let files: Vec<(&str, &str, &[&str])> =
            labels.iter().map(|label| (label[0], "YQ==", &label[..])).collect();
        saved.extend(service.save_raw(&id(number), &files).await);
    }
    assert_eq!(found(&service, "limit=100000", "").await, saved);
    assert_eq!(found(&service, "limit=1001", "").await, saved[..1_001]);
}

/// Many sets of labels, so that some questions are answered by way of the sets and some by reading all rows.
#[tokio::test]
async fn files_are_found_by_labels_in_their_order_however_many_sets_of_labels_there_are() {
    let service = Service::start().await;
    let mut saved: Vec<(String, &str, Vec<String>)> = Vec::new();
    for (number, organization, count) in [(1, "acme", 7), (2, "other", 150), (3, "acme", 60)] {
        let job = id(number);
        service.save_boefje_meta(&Meta { id: &job, organization, ..Meta::default() }).await;
        let labels = |file: u32| {
            let own = format!("own/{file}");
            let more = if file.is_multiple_of(5) { "fifth" } else { "rest" };
            vec!["common".to_owned(), own, more.to_owned()]
        };
        for files in (0..count).collect::<Vec<_>>().chunks(30) {
            let labels: Vec<Vec<String>> = files.iter().map(|file| labels(*file)).collect();
            let tags: Vec<Vec<&str>> =
                labels.iter().map(|of| of.iter().map(String::as_str).collect()).collect();
            let names: Vec<String> = files.iter().map(u32::to_string).collect();
            let files = names.iter().zip(&tags).map(|(name, tags)| (name.as_str(), "YQ==", tags.as_slice()));
            let files: Vec<_> = files.collect();
            let ids = service.save_raw(&job, &files).await;
            saved.extend(ids.into_iter().zip(labels).map(|(id, labels)| (id, organization, labels)));
        }
    }
    for labels in
        [&["common"][..], &["fifth"], &["own/3"], &["fifth", "common"], &["own/3", "fifth"], &["none"]]
    {
        for organization in [None, Some("acme"), Some("other"), Some("nobody")] {
            let ours = |of: &str| organization.is_none_or(|organization| organization == of);
            let bears = |has: &[String]| labels.iter().all(|label| has.iter().any(|has| has == label));
            let expected: Vec<String> = saved
                .iter()
                .filter(|(_, of, has)| ours(of) && bears(has))
                .map(|(id, ..)| id.clone())
                .collect();
            let labels = labels.iter().map(|label| format!("mime_types={label}"));
            let query: Vec<String> = labels
                .chain(organization.map(|organization| format!("organization={organization}")))
                .collect();
            let query = query.join("&");
            for limit in [1, 13, 500] {
                let found = found(&service, &format!("{query}&limit={limit}"), "").await;
                assert_eq!(found, expected[..expected.len().min(limit)], "{query} {limit}");
            }
            let counts = service.get(&format!("/bytes/mime_types?{query}")).await.json();
            let files = counts["common"].as_u64().unwrap_or(0);
            assert_eq!(files, expected.len() as u64, "{query}");
        }
    }
}

#[tokio::test]
async fn labels_may_be_asked_for_beside_many_ids_and_many_labels() {
    let service = Service::start().await;
    service.save_boefje_meta(&Meta::default()).await;
    let shared: Vec<String> = (0..175).map(|number| format!("l/{number}")).collect();
    let mut saved = Vec::new();
    for files in (0..190).collect::<Vec<_>>().chunks(95) {
        let own: Vec<String> = files.iter().map(|file| format!("own/{file}")).collect();
        let tags = own.iter().map(|own| shared.iter().chain([own]).map(String::as_str).collect());
        let tags: Vec<Vec<&str>> = tags.collect();
        let files = own.iter().zip(&tags).map(|(own, tags)| (own.as_str(), "YQ==", tags.as_slice()));
        let files: Vec<_> = files.collect();
        saved.extend(service.save_raw(BOEFJE_META_ID, &files).await);
    }
    let unknown: Vec<String> = (0..1_000).map(id).collect();
    let ids = unknown.iter().chain(&saved).map(|id| format!("raw_ids={id}"));
    let by_ids: Vec<String> = ids.chain(["mime_types=l/1".to_owned()]).collect();
    let by_labels: Vec<String> = shared.iter().map(|label| format!("mime_types={label}")).collect();
    for query in [by_ids, by_labels] {
        let query = format!("limit=500&{}", query.join("&"));
        assert_eq!(found(&service, &query, "").await, saved);
    }
}

#[tokio::test]
async fn an_index_leads_from_one_set_of_labels_to_the_next() {
    let service = Service::start().await;
    if !service.platform.is_embedded() {
        // PostgreSQL looks through an empty table whatever its indexes
        return;
    }
    let snapshot = service.platform.kernel.snapshot().await.unwrap();
    let kinds = [Kind::Int, Kind::Int, Kind::Int, Kind::Text];
    for (sql, place) in [
        (
            "SELECT tag_set FROM bytes_raw_file WHERE domain = 'a' AND tag_set > x'00' ORDER BY tag_set LIMIT 1",
            "(domain=? AND tag_set>?)",
        ),
        (
            "SELECT row_order FROM bytes_raw_file WHERE domain = 'a' AND tag_set = x'00' AND row_order > 7 \
             ORDER BY row_order LIMIT 9",
            "(domain=? AND tag_set=? AND row_order>?)",
        ),
    ] {
        let plan =
            snapshot.query(&format!("EXPLAIN QUERY PLAN {sql}"), &[], &kinds, Reach::Scan).await.unwrap();
        let steps: Vec<String> = plan.into_iter().map(|step| format!("{:?}", step[3])).collect();
        let index = format!("USING COVERING INDEX bytes_raw_file_label_set {place}");
        assert!(steps.len() == 1 && steps[0].contains(&index), "{sql}: {steps:?}");
    }
}
