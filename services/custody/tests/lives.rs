//! The life of an object, a subject or a caller, as auditors page through it.

use axum::{body::Body, extract::Request};
use serde_json::Value;
use strongroom_custody::{READ_LIFE, ROUTES};
use strongroom_identity::{Claims, Role};
use strongroom_kernel::{Unit, UnitResult};
use strongroom_model::{Caller, Digest};
use strongroom_testkit::send;

use crate::{ACTION, KEY, Ledger, about, auditor};

/// 30 units: two thirds of kat, every third of jim; about ten things in turn; one is refused.
async fn filled() -> Ledger {
    let units = (0..30).map(|n| {
        let unit = about(if n % 3 == 0 { "jim" } else { "kat" }, &format!("thing {}", n % 10));
        if n == 3 { Unit { result: UnitResult::Refused("taken"), ..unit } } else { unit }
    });
    Ledger::with(units.collect()).await
}

fn indexes(page: &Value) -> Vec<u64> {
    page["leaves"].as_array().unwrap().iter().map(|leaf| leaf["index"].as_u64().unwrap()).collect()
}

async fn page(ledger: &Ledger, path: &str) -> Value {
    let reply = ledger.get_as(&auditor(), path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

#[tokio::test]
async fn a_life_has_every_leaf_that_tells_of_it_and_no_other() {
    let ledger = filled().await;
    let of_thing = page(&ledger, "/custody/subjects/thing%203").await;
    assert_eq!(indexes(&of_thing), [3, 13, 23]);
    assert_eq!(of_thing["asOf"], 30);
    assert_eq!(of_thing["next"], Value::Null);
    let first = &of_thing["leaves"][0];
    assert_eq!(first["outcome"], "taken");
    assert_eq!((&first["caller"]["name"], &first["action"]), (&"jim".into(), &"happen".into()));
    assert_eq!(first["proof"], "/custody/proof/3");
    assert_eq!(of_thing["leaves"][1]["outcome"], "done");
    let of_jim = page(&ledger, "/custody/callers/jim?limit=500").await;
    assert_eq!(indexes(&of_jim), (0..30).filter(|n| n % 3 == 0).collect::<Vec<u64>>());
    assert_eq!(indexes(&page(&ledger, "/custody/callers/nobody").await), Vec::<u64>::new());
}

#[tokio::test]
async fn pages_of_long_records_end_early_and_leave_nothing_out() {
    let long = "x".repeat(170 << 10);
    let ledger = Ledger::with((0..125).map(|_| about("kat", &long)).collect()).await;
    for (path, most) in [("/custody/callers/kat?asOf=125&limit=500&cursor=", 100), ("records", 25)] {
        let (mut next, mut pages) = (0, 0);
        while next < 125 {
            let page = match path {
                "records" => {
                    page(&ledger, &format!("/custody/records?limit={}&from={next}", 125 - next)).await
                }
                path => page(&ledger, &format!("{path}{next}")).await,
            };
            let shown = page["leaves"].as_array().or(page["records"].as_array()).unwrap();
            assert!((1..=most).contains(&shown.len()), "{}", shown.len());
            for leaf in shown {
                assert_eq!(leaf["index"], next);
                next += 1;
            }
            assert!(page["next"] == next || (page["next"].is_null() && next == 125), "{}", page["next"]);
            pages += 1;
        }
        assert!(pages > 1);
    }
}

#[tokio::test]
async fn an_object_is_found_by_its_digest_in_either_case() {
    let digest = Digest::of(b"content");
    let ledger = Ledger::with(vec![about("kat", "x"), about("kat", &digest.to_string())]).await;
    let lower = page(&ledger, &format!("/custody/objects/{digest}")).await;
    assert_eq!(indexes(&lower), [1]);
    let upper = format!("/custody/objects/sha256:{}", digest.to_string().to_ascii_uppercase());
    assert_eq!(indexes(&page(&ledger, &upper).await), [1]);
    assert_eq!(ledger.get_as(&auditor(), "/custody/objects/12ab").await.status, 422);
}

#[tokio::test]
async fn pages_join_without_gap_or_repetition() {
    let ledger = filled().await;
    let (mut found, mut query) = (Vec::new(), "limit=4".to_owned());
    loop {
        let page = page(&ledger, &format!("/custody/callers/kat?asOf=30&{query}")).await;
        assert!(indexes(&page).len() <= 4);
        found.extend(indexes(&page));
        let Some(next) = page["next"].as_u64() else { break };
        query = format!("limit=4&cursor={next}");
    }
    assert_eq!(found, (0..30).filter(|n| n % 3 != 0).collect::<Vec<u64>>());
}

#[tokio::test]
async fn filters_leave_what_was_asked_for() {
    let ledger = filled().await;
    assert_eq!(indexes(&page(&ledger, "/custody/callers/jim?asOf=7").await), [0, 3, 6]);
    assert_eq!(indexes(&page(&ledger, "/custody/callers/jim?service=other").await), Vec::<u64>::new());
    assert_eq!(
        indexes(&page(&ledger, "/custody/callers/jim?action=happen&service=test&asOf=4").await),
        [0, 3]
    );
    let all = page(&ledger, "/custody/subjects/thing%201").await;
    let times: Vec<&str> =
        all["leaves"].as_array().unwrap().iter().map(|leaf| leaf["time"].as_str().unwrap()).collect();
    let from = page(&ledger, &format!("/custody/subjects/thing%201?from={}", times[0])).await;
    assert_eq!(indexes(&from), [1, 11, 21]);
    let to = page(&ledger, &format!("/custody/subjects/thing%201?to={}", times[0])).await;
    // the clock of tests stands still: nothing is before the first
    assert_eq!(indexes(&to), Vec::<u64>::new());
    for wrong in ["asOf=1000", "from=now", "limit=0", "user=kat"] {
        let reply = ledger.get_as(&auditor(), &format!("/custody/callers/jim?{wrong}")).await;
        assert_eq!(reply.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn every_guarded_route_refuses_strangers_and_records_auditors() {
    let ledger = filled().await;
    let digest = Digest::of(b"content").to_string();
    ledger.platform.kernel.record(about("kat", &digest)).await.unwrap();
    let mut published = ledger.platform.kernel.ledger().watch();
    published.wait_for(|published| published.size > 30).await.unwrap();
    let (mut denied, mut expected) = (std::collections::BTreeMap::new(), Vec::new());
    for (route, action) in ROUTES {
        let path = route.replace("{sha256}", &digest).replace("{id}", "thing%201").replace("{name}", "kat");
        let Some(action) = action else { continue };
        assert_eq!(ledger.get(&path).await.status, 401, "{path}");
        *denied.entry(action.name).or_insert(0) += 1;
        let reply = ledger.get_as(&auditor(), &path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        expected.push(format!("{} by jo", action.name));
    }
    expected.extend(denied.into_iter().map(|(action, count)| match count {
        1 => format!("{action} by stranger: denied"),
        count => format!("{action} by stranger: denied x{count}"),
    }));
    let leaves: Vec<String> =
        ledger.platform.stop_and_read_leaves().await.iter().skip(31).map(ToString::to_string).collect();
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_eq!(sorted(leaves), sorted(expected));
}

#[tokio::test]
async fn the_record_of_a_reading_says_which_leaves_and_not_whose_life() {
    let ledger = filled().await;
    page(&ledger, "/custody/callers/jim?asOf=7").await;
    let leaves = ledger.platform.stop_and_read_leaves().await;
    let reading = leaves.iter().find(|leaf| leaf.plain["action"] == READ_LIFE.name).unwrap();
    assert_eq!(reading.plain["subjects"][0]["id"], "0,3,6");
    assert!(!reading.canonical.contains("jim"), "{}", reading.canonical);
}

#[tokio::test]
async fn the_index_is_clean_and_a_changed_one_is_found() {
    let ledger = filled().await;
    let kernel = &ledger.platform.kernel;
    assert_eq!(kernel.index_up_to(30, std::time::Duration::from_mins(1)).await.unwrap(), 30);
    let report = ledger.platform.verify(Vec::new()).await;
    assert_eq!(report.findings, []);
    let run = kernel.database().term_runs().await.unwrap()[0];
    let block = kernel.database().term_blocks(run.number, &[], 1).await.unwrap().remove(0);
    let change = strongroom_kernel::ports::TermChange {
        remove: vec![(run.number, block.first)],
        ..Default::default()
    };
    kernel.database().change_terms(change).await.unwrap();
    let report = ledger.platform.verify(Vec::new()).await;
    assert!(
        report.findings.iter().any(|finding| finding.text.contains("index of terms")),
        "{:?}",
        report.findings
    );
}

#[tokio::test]
async fn an_index_that_cannot_be_read_is_no_reason_to_come_again() {
    let ledger = filled().await;
    let kernel = &ledger.platform.kernel;
    assert_eq!(kernel.index_up_to(30, std::time::Duration::from_mins(1)).await.unwrap(), 30);
    let database = kernel.database();
    for run in database.term_runs().await.unwrap() {
        for mut block in database.term_blocks(run.number, &[], 100).await.unwrap() {
            let remove = vec![(run.number, block.first.clone())];
            block.entries.pop();
            let blocks = vec![(run.number, block)];
            let change = strongroom_kernel::ports::TermChange { remove, blocks, ..Default::default() };
            database.change_terms(change).await.unwrap();
        }
    }
    for path in ["/custody/callers/jim", "/custody/bundle/callers/jim"] {
        let reply = ledger.get_as(&auditor(), path).await;
        assert_eq!((reply.status, reply.header("retry-after")), (500, None), "{path}");
    }
}

#[tokio::test]
async fn a_token_of_another_role_is_refused_by_name() {
    let ledger = filled().await;
    let eraser = Claims { name: "ed".to_owned(), role: Role::Eraser, expires: i64::MAX }.sign(&KEY);
    for path in ["/custody/callers/kat", "/custody/records", "/custody/bundle/callers/kat"] {
        let reply = ledger.get_as(&eraser, path).await;
        assert_eq!(reply.status, 403, "{path}");
        assert_eq!(reply.json()["detail"], "a token of role auditor is needed");
    }
    let mut leaves: Vec<String> =
        ledger.platform.stop_and_read_leaves().await.iter().skip(30).map(ToString::to_string).collect();
    leaves.sort();
    assert_eq!(
        leaves,
        ["read_bundle by ed: denied", "read_life by ed: denied", "read_records by ed: denied"]
    );
}

#[tokio::test]
async fn strangers_with_other_schemes_are_refused_with_a_challenge() {
    let ledger = Ledger::with(vec![Unit::new(&Caller::account("kat"), ACTION)]).await;
    let request = Request::get("/custody/callers/kat").header("authorization", "Basic a2F0OmthdA==");
    let reply = send(&ledger.router, request.body(Body::empty()).unwrap()).await;
    assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")));
}
