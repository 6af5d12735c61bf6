//! Every operation of the table: refused without a credential, and recorded if it writes or logs in.

use std::collections::BTreeMap;

use axum::http::Method;
use strongroom_tracer::{Access, Operation, ROUTES};

use crate::common::{Service, WRITER, create_dataset, use_datasets};

#[tokio::test]
async fn every_guarded_operation_refuses_strangers_and_counts_them() {
    let service = Service::start().await;
    let mut expected = BTreeMap::new();
    for route in ROUTES {
        let action = match route.operation.access() {
            Access::Open => continue,
            Access::Caller(action) | Access::Writer(action) => action,
        };
        let path = route.path.replace(['{', '}'], "");
        let reply = service.ask_as(route.method.clone(), &path, &[], "").await;
        assert_eq!(reply.status, 401, "{} {}", route.method, route.path);
        *expected.entry(action.name).or_insert(0) += 1;
    }
    let leaves = service.leaves().await;
    for (action, count) in expected {
        let times = if count == 1 { String::new() } else { format!(" x{count}") };
        let leaf = format!("{action} by stranger: denied{times}");
        assert!(leaves.contains(&leaf), "{leaf} in {leaves:?}");
    }
}

#[tokio::test]
async fn every_operation_that_must_be_recorded_leaves_a_leaf_and_no_other_does() {
    let service = Service::without_end().await;
    let id = service.add(&create_dataset("u", "d")).await;
    service.settle().await;
    let list = service.ask_as(Method::GET, "/api/v1/traces/cache", &[("authorization", WRITER)], "").await;
    let entry = list.json()[0]["id"].as_str().unwrap().to_owned();
    let mut expected = vec!["add_trace by dataset-service".to_owned()];
    for route in ROUTES {
        let in_place = if route.path.contains("/cache/") { &entry } else { &id };
        let path = route.path.replace("{id}", in_place);
        let path = match route.operation {
            Operation::CountOverTime | Operation::FindAnomalies => {
                format!("{path}?from=2025-03-04T00:00:00Z&to=2025-03-05T00:00:00Z")
            }
            Operation::ProveConsistency => format!("{path}?from=0"),
            Operation::CheckDataset => "/api/v1/datasets/d/integrity".to_owned(),
            _ => path,
        };
        let body = match route.operation {
            Operation::AddTrace => use_datasets("u", &["d"]),
            Operation::ChangeCache => r#"{"fields":[]}"#.to_owned(),
            Operation::CheckDataset => r#"[{"id":"index","data":""}]"#.to_owned(),
            _ => String::new(),
        };
        // some statistics are for administrators
        let credential = [("authorization", "bearer dataset-service:trace_writer,admin")];
        let reply = service.ask_as(route.method.clone(), &path, &credential, body).await;
        if route.operation == Operation::RemoveFromCache {
            assert_eq!(reply.status, 409, "{reply}");
            expected.push("change_cache by dataset-service: denied".to_owned());
        } else {
            assert!(reply.status < 400, "{} {path}: {reply}", route.method);
        }
        if let Some(action) = route.operation.recorded_as() {
            expected.push(format!("{} by dataset-service", action.name));
        }
    }
    let mut leaves = service.leaves().await;
    leaves.sort();
    expected.sort();
    assert_eq!(leaves, expected);
}
