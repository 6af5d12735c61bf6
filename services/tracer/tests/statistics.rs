//! Statistics against a plain recount, their access, and that an answer stays what it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use axum::http::Method;
use serde_json::{Value, json};
use strongroom_model::Timestamp;
use strongroom_testkit::{Reply, TestPlatform};
use strongroom_tracer::{SCHEMA, config::Readers};

use crate::common::{Service, config, use_datasets};

const ADMIN: &str = "Bearer boss:admin";
const DAY: i64 = 86_400_000_000;

/// A trace as the recount knows it.
#[derive(Debug, Clone)]
struct Known {
    user: String,
    action: &'static str,
    datasets: Vec<String>,
    tool: Option<&'static str>,
    log: i64,
    claimed: i64,
}

async fn ask(service: &Service, path: &str) -> Reply {
    service.ask_as(Method::GET, &format!("/api/v1/statistics/{path}"), &[("authorization", ADMIN)], "").await
}

async fn answer(service: &Service, path: &str) -> Value {
    let reply = ask(service, path).await;
    assert_eq!(reply.status, 200, "{path}: {reply}");
    reply.json()
}

/// Adds traces over about ten days, in steps of up to four hours.
async fn fill(service: &Service) -> Vec<Known> {
    let mut all = Vec::new();
    let mut drawn: u64 = 7;
    let mut draw = |below: u64| {
        // a fixed sequence that looks random (Knuth's MMIX constants)
        drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (drawn >> 33) % below
    };
    for index in 0..120_u64 {
        service.platform.clock.advance(Duration::from_micros(draw(4 * 3_600_000_000)));
        let user = format!("user-{}", draw(5));
        let mut datasets: Vec<String> = (0..=draw(2)).map(|_| format!("Set-{}", draw(6))).collect();
        datasets.dedup();
        let (action, tool, body) = match draw(4) {
            0 => {
                let body = json!({ "userId": user, "userAction": "UPDATE_DATASET", "datasetId": datasets[0],
                    "details": "PUBLISH" });
                datasets.truncate(1);
                ("UPDATE_DATASET", None, body)
            }
            1 => {
                let body = json!({ "userId": user, "userAction": "CREATE_MODEL_POD", "datasetsIds": datasets,
                    "applicationId": "app", "modelId": format!("model-{}", draw(3)) });
                ("CREATE_MODEL", None, body)
            }
            _ => {
                let tool = ["desktop", "jupyter"][usize::try_from(draw(2)).unwrap()];
                let body = json!({ "userId": user, "userAction": "USE_DATASETS", "datasetsIds": datasets,
                    "toolName": tool, "toolVersion": "1" });
                ("USE_DATASETS", Some(tool), body)
            }
        };
        service.add(&body.to_string()).await;
        service.covers(index + 1).await;
        let log = service.platform.kernel.ledger().time_of(index).await.unwrap().micros();
        let claimed = log.div_euclid(1_000) * 1_000;
        all.push(Known { user, action, datasets, tool, log, claimed });
    }
    service.settle().await;
    all
}

/// Groups of the recount as the answer has them: id, count, users, by action; the largest first.
fn recount<'k>(
    all: impl Iterator<Item = &'k Known>,
    keys: impl Fn(&Known) -> Vec<String>,
    count: &str,
    basis: &str,
) -> Vec<(String, u64, u64, BTreeMap<String, u64>)> {
    let mut groups: BTreeMap<String, Vec<&Known>> = BTreeMap::new();
    for known in all {
        for key in keys(known) {
            groups.entry(key).or_default().push(known);
        }
    }
    let mut counted: Vec<_> = groups
        .into_iter()
        .map(|(key, group)| {
            let users: BTreeSet<&str> = group.iter().map(|known| known.user.as_str()).collect();
            let time = |known: &Known| if basis == "log" { known.log } else { known.claimed };
            let days: BTreeSet<i64> = group.iter().map(|known| time(known).div_euclid(DAY)).collect();
            let mut by_action = BTreeMap::new();
            for known in &group {
                *by_action.entry(known.action.to_owned()).or_insert(0) += 1;
            }
            let uses = match count {
                "traces" => group.len(),
                "users" => users.len(),
                _ => days.len(),
            };
            (key, uses as u64, users.len() as u64, by_action)
        })
        .collect();
    counted.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    counted
}

fn items(answer: &Value, member: &str) -> Vec<(String, u64, u64, BTreeMap<String, u64>)> {
    let item = |item: &Value| {
        let by_action = item["byAction"].as_object().unwrap();
        (
            item[member].as_str().unwrap().to_owned(),
            item["uses"].as_u64().unwrap(),
            item["users"].as_u64().unwrap(),
            by_action.iter().map(|(name, count)| (name.clone(), count.as_u64().unwrap())).collect(),
        )
    };
    answer["items"].as_array().unwrap().iter().map(item).collect()
}

/// Every kind of question against the recount.
async fn check_all(service: &Service) {
    let all = fill(service).await;
    let uses = |known: &&Known| known.action != "UPDATE_DATASET";
    let (first, last) = (all[10].log, all[100].log);
    let intervals = [
        None,
        Some((first, last)),
        Some((first + 1, last + 1)),
        Some((all[119].log + 1, all[119].log + DAY)),
    ];
    for basis in ["log", "claimed"] {
        for interval in intervals {
            let inside = |known: &&Known| {
                let time = if basis == "log" { known.log } else { known.claimed };
                interval.is_none_or(|(from, to)| (from..to).contains(&time))
            };
            let text = |micros: i64| Timestamp::from_micros(micros).unwrap().to_string();
            let bounds =
                interval.map_or(String::new(), |(from, to)| format!("&from={}&to={}", text(from), text(to)));
            for count in ["traces", "users", "days"] {
                let query = format!("time={basis}&count={count}{bounds}");
                let used = || all.iter().filter(uses).filter(inside);
                let check = |found: &Value, member: &str, expected: Vec<_>, what: &str| {
                    assert_eq!(items(found, member), expected, "{what}?{query}");
                    assert_eq!(found["total"], expected.len(), "{what}?{query}");
                };
                let found = answer(service, &format!("datasets?{query}")).await;
                check(
                    &found,
                    "datasetId",
                    recount(used(), |known| known.datasets.clone(), count, basis),
                    "datasets",
                );
                let found = answer(service, &format!("tools?{query}")).await;
                let tool = |known: &Known| known.tool.map(str::to_owned).into_iter().collect();
                check(&found, "tool", recount(used(), tool, count, basis), "tools");
                let found = answer(service, &format!("users?{query}")).await;
                check(
                    &found,
                    "userId",
                    recount(used(), |known| vec![known.user.clone()], count, basis),
                    "users",
                );
                let found = answer(service, &format!("actions?{query}")).await;
                let every = all.iter().filter(inside);
                check(
                    &found,
                    "userAction",
                    recount(every, |known| vec![known.action.to_owned()], count, basis),
                    "actions",
                );
                // filters: each leads along another index
                let found = answer(service, &format!("datasets?{query}&userId=USER-1&tool=desktop")).await;
                let of = used().filter(|known| known.user == "user-1" && known.tool == Some("desktop"));
                check(
                    &found,
                    "datasetId",
                    recount(of, |known| known.datasets.clone(), count, basis),
                    "by user",
                );
                let found = answer(service, &format!("users?{query}&datasetId=set-1,SET-2")).await;
                let of =
                    used().filter(|known| known.datasets.iter().any(|one| one == "Set-1" || one == "Set-2"));
                check(
                    &found,
                    "userId",
                    recount(of, |known| vec![known.user.clone()], count, basis),
                    "by dataset",
                );
                let found = answer(
                    service,
                    &format!("actions?{query}&callerUserId=dataset-service&userAction=update_dataset"),
                )
                .await;
                let of = all.iter().filter(inside).filter(|known| known.action == "UPDATE_DATASET");
                check(
                    &found,
                    "userAction",
                    recount(of, |known| vec![known.action.to_owned()], count, basis),
                    "by caller",
                );
            }
            if let Some((from, to)) = interval {
                let line = answer(
                    service,
                    &format!("timeline?time={basis}&bucket=day&from={}&to={}", text(from), text(to)),
                )
                .await;
                let bars: Vec<(i64, u64, u64)> = line["buckets"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|bar| {
                        let start: Timestamp = bar["start"].as_str().unwrap().parse().unwrap();
                        (start.micros(), bar["traces"].as_u64().unwrap(), bar["users"].as_u64().unwrap())
                    })
                    .collect();
                let mut expected = Vec::new();
                let mut start = from.div_euclid(DAY) * DAY;
                while start < to {
                    let time = |known: &Known| if basis == "log" { known.log } else { known.claimed };
                    let of: Vec<&Known> = all
                        .iter()
                        .filter(uses)
                        .filter(inside)
                        .filter(|known| (start..start + DAY).contains(&time(known)))
                        .collect();
                    let users: BTreeSet<&str> = of.iter().map(|known| known.user.as_str()).collect();
                    expected.push((start, of.len() as u64, users.len() as u64));
                    start += DAY;
                }
                assert_eq!(bars, expected, "{basis}");
            }
        }
    }
}

#[tokio::test]
async fn every_answer_is_what_a_recount_gives() {
    check_all(&Service::start().await).await;
}

#[tokio::test]
async fn it_is_so_on_postgresql_too() {
    let Some(platform) = TestPlatform::start_on_server(SCHEMA, "none").await else {
        return eprintln!("skipped: STRONGROOM_TEST_POSTGRES_URL is not set");
    };
    check_all(&Service::usual_on(platform)).await;
}

#[tokio::test]
async fn an_answer_of_a_tree_size_stays_as_it_was() {
    let service = Service::start().await;
    let all = fill(&service).await;
    let from = Timestamp::from_micros(all[0].log).unwrap();
    let paths = ["datasets?top=3", "users?", "actions?count=days", "datasets/set-1?", "timeline?bucket=week"];
    let question = |path: &str, size: u64| format!("{path}&from={from}&treeSize={size}");
    let mut before = Vec::new();
    for path in paths {
        let plain = answer(&service, &format!("{path}&from={from}")).await;
        assert_eq!(plain["asOf"]["treeSize"], 120);
        assert_eq!(plain, answer(&service, &question(path, 120)).await, "{path}");
        before.push((plain, answer(&service, &question(path, 60)).await));
    }
    for user in ["user-0", "somebody new"] {
        service.platform.clock.advance(Duration::from_hours(1));
        service.add(&use_datasets(user, &["set-1", "a new one"])).await;
    }
    service.settle().await;
    for (path, (whole, half)) in paths.iter().zip(before) {
        assert_eq!(whole, answer(&service, &question(path, 120)).await, "{path}");
        assert_eq!(half, answer(&service, &question(path, 60)).await, "{path}");
        let now = answer(&service, &format!("{path}&from={from}")).await;
        assert_ne!(whole, now, "{path}");
        assert_eq!(now["asOf"]["treeSize"], 122);
    }
    let reply = ask(&service, "datasets?treeSize=123").await;
    assert_eq!(reply.status, 400, "{reply}");
    assert!(reply.text().contains("treeSize must be at most 122"), "{reply}");
}

#[tokio::test]
async fn an_answer_names_the_checkpoint_it_is_bound_to() {
    let service = Service::start().await;
    let all = fill(&service).await;
    let found = answer(&service, "datasets?treeSize=77").await;
    let checkpoint = found["asOf"]["checkpoint"].as_str().unwrap();
    let mut lines = checkpoint.lines();
    assert_eq!(lines.next(), Some("test.example/strongroom"));
    assert_eq!(lines.next(), Some("77"));
    assert_eq!(lines.next(), found["asOf"]["rootHash"].as_str());
    assert!(checkpoint.contains("\n\n\u{2014} test.example/strongroom "), "{checkpoint}");
    // complete exactly when a leaf at or after the end shows that none can come before it
    let text = |micros: i64| Timestamp::from_micros(micros).unwrap().to_string();
    for (to, complete) in [(all[119].log, true), (all[119].log + 1, false)] {
        assert_eq!(answer(&service, &format!("actions?to={}", text(to))).await["complete"], complete, "{to}");
    }
    assert_eq!(answer(&service, "actions?").await["complete"], false);
}

#[tokio::test]
async fn a_ledger_without_leaves_answers_with_nothing() {
    let service = Service::start().await;
    for path in
        ["datasets?count=days", "users?", "timeline?from=2025-01-01T00:00:00Z&to=2025-01-03T00:00:00Z"]
    {
        let found = answer(&service, path).await;
        assert_eq!(found["asOf"]["treeSize"], 0, "{path}");
        assert_eq!(found["complete"], false, "{path}");
    }
    let line = answer(&service, "timeline?from=2025-01-01T00:00:00Z&to=2025-01-03T00:00:00Z").await;
    assert_eq!(line["buckets"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn persons_are_for_administrators_and_numbers_for_readers() {
    let mut own = config();
    own.readers = Readers::Own;
    for (config, aggregates) in [(config(), 200), (own, 403)] {
        let service = Service::with(config).await;
        service.add(&use_datasets("u", &["d"])).await;
        service.settle().await;
        for (path, reader, counter) in [
            ("datasets", aggregates, 200),
            ("datasets/d", aggregates, 200),
            ("timeline?from=2025-03-01T00:00:00Z", aggregates, 200),
            ("users", 403, 403),
            ("datasets?userId=u", 403, 403),
            ("anomalies?from=0&to=1", 403, 403),
        ] {
            let path = format!("/api/v1/statistics/{path}");
            for (token, status) in
                [("Bearer somebody:", reader), ("Bearer analyst:statistics", counter), (ADMIN, 200)]
            {
                let reply = service.ask_as(Method::GET, &path, &[("authorization", token)], "").await;
                assert_eq!(reply.status, status, "{path} {token}: {reply}");
            }
            assert_eq!(service.ask_as(Method::GET, &path, &[], "").await.status, 401, "{path}");
        }
    }
}

#[tokio::test]
async fn small_groups_are_kept_back() {
    let service = Service::start().await;
    for (user, dataset) in [("a", "common"), ("b", "common"), ("a", "rare"), ("a", "rare")] {
        service.add(&use_datasets(user, &[dataset])).await;
    }
    service.settle().await;
    let found = answer(&service, "datasets?minUsers=2").await;
    assert_eq!((found["items"][0]["datasetId"].as_str(), &found["total"]), (Some("common"), &json!(1)));
    assert_eq!(ask(&service, "datasets/rare?minUsers=2").await.status, 404);
    let line = answer(&service, "timeline?bucket=month&minUsers=3&from=2025-03-01T00:00:00Z").await;
    assert_eq!(line["buckets"][0]["traces"], Value::Null);
}

#[tokio::test]
async fn one_dataset_is_told_with_what_it_was_used_and_what_was_made_of_it() {
    let service = Service::start().await;
    for body in crate::common::one_of_each().values() {
        service.add(body).await;
    }
    service.add(&use_datasets("v", &["D", "other"])).await;
    service.settle().await;
    let found = answer(&service, "datasets/d").await;
    assert_eq!(
        (found["traces"].as_u64(), found["uses"].as_u64(), found["users"].as_u64()),
        (Some(7), Some(4), Some(2))
    );
    assert_eq!(found["usedWith"], json!([{ "datasetId": "other", "traces": 1 }]));
    assert_eq!(found["models"], json!([{ "modelId": "m", "traces": 1 }]));
    assert_eq!(found["byAction"]["USE_DATASETS"], 2);
    let nothing = answer(&service, "datasets/unknown").await;
    assert_eq!((&nothing["traces"], &nothing["first"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn what_stands_out_is_found_with_its_traces() {
    let service = Service::start().await;
    // 2025-03-04 is a Tuesday, 10:20 in the morning
    let update = |details: &str| {
        json!({ "userId": "owner", "userAction": "UPDATE_DATASET", "datasetId": "Gone", "details": details })
            .to_string()
    };
    service.add(&update("INVALIDATE")).await;
    service.platform.clock.advance(Duration::from_secs(1));
    let early = service.add(&use_datasets("late reader", &["gone"])).await;
    service.add(&use_datasets("late reader", &["gone"])).await;
    let mut many = Vec::new();
    for number in 0..20 {
        service.platform.clock.advance(Duration::from_secs(1));
        many.push(service.add(&use_datasets("collector", &[&format!("set-{number}")])).await);
    }
    service.platform.clock.advance(Duration::from_hours(14));
    let mut night = Vec::new();
    for _ in 0..3 {
        night.push(service.add(&use_datasets("owl", &["set-1"])).await);
    }
    service.settle().await;
    let found = answer(&service, "anomalies?from=2025-03-04T00:00:00Z&to=2025-03-06T00:00:00Z").await;
    let found: Vec<(&str, &str, Vec<&str>)> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let traces = item["traces"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
            (item["rule"].as_str().unwrap(), item["userId"].as_str().unwrap(), traces)
        })
        .collect();
    let texts = |ids: &[String]| ids.to_vec();
    let expected = [
        ("after-invalidation", "late reader", vec![early]),
        ("many-datasets", "collector", texts(&many)),
        ("rate", "collector", texts(&many)),
        ("off-hours", "owl", texts(&night)),
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((rule, user, traces), (of_rule, of_user, of_traces)) in found.iter().zip(&expected) {
        assert_eq!((rule, user), (of_rule, of_user), "{found:?}");
        assert_eq!(traces, of_traces, "{rule}");
    }
    // in a later interval, the first use after the invalidation lies before it
    let later = answer(&service, "anomalies?from=2025-03-05T00:00:00Z&to=2025-03-06T00:00:00Z").await;
    let rules: Vec<_> = later["items"].as_array().unwrap().iter().map(|item| item["rule"].as_str()).collect();
    assert_eq!(rules, [Some("off-hours")]);
    assert_eq!(ask(&service, "anomalies").await.status, 400);
}
