//! Searches and their totals are answered from indexes: how SQLite carries each statement out.

use strongroom_kernel::{Kind, ports::Reach};
use strongroom_tracer::{
    queries::{Readable, search_statements},
    wire::query::{Limits, Query},
};

use crate::common::{Service, use_datasets};

/// Searches, the index of their pages, and what their totals are read from.
const SEARCHES: &[(&str, &str, &str)] = &[
    ("", "tracer_trace_action (<expr>=?)", "tracer_caller_tally"),
    ("userAction=USE_DATASETS", "tracer_trace_action (<expr>=?)", "tracer_caller_tally"),
    ("userId=u", "tracer_trace_user (user_id=? AND action=?)", "tracer_user_tally"),
    (
        "userId=u&callerUserId=dataset-service",
        "tracer_trace_user (user_id=? AND action=?)",
        "tracer_user_tally",
    ),
    ("callerUserId=dataset-service", "tracer_trace_caller (caller_id=? AND action=?)", "tracer_caller_tally"),
    ("datasetId=d", "tracer_trace_dataset_folded (folded=? AND action=?)", "tracer_dataset_tally"),
    (
        "datasetId=d&userId=u",
        "tracer_trace_dataset_user (user_id=? AND folded=? AND action=?)",
        "tracer_trace_dataset_user (user_id=? AND folded=? AND action=?)",
    ),
    (
        "userId=u&from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "tracer_trace_user (user_id=? AND action=? AND time>? AND time<?)",
        "tracer_trace_user (user_id=? AND action=? AND time>? AND time<?)",
    ),
    (
        "from=2025-01-01T00:00:00Z",
        "tracer_trace_action (<expr>=? AND time>?)",
        "tracer_trace_action (<expr>=? AND time>?)",
    ),
    (
        "userId=u&cursor=1741083642017000.7",
        "tracer_trace_user (user_id=? AND action=? AND (time,row_order)<(?,?))",
        "tracer_user_tally",
    ),
    (
        "callerUserId=dataset-service&to=2026-01-01T00:00:00Z",
        "tracer_trace_caller (caller_id=? AND action=? AND time<?)",
        "tracer_trace_caller (caller_id=? AND action=? AND time<?)",
    ),
    (
        "datasetId=d&userId=u&to=2026-01-01T00:00:00Z",
        "tracer_trace_dataset_user (user_id=? AND folded=? AND action=? AND time<?)",
        "tracer_trace_dataset_user (user_id=? AND folded=? AND action=? AND time<?)",
    ),
    (
        "datasetId=d&cursor=1741083642017000.7",
        "tracer_trace_dataset_folded (folded=? AND action=? AND (time,row_order)<(?,?))",
        "tracer_dataset_tally",
    ),
];

#[tokio::test]
async fn searches_are_answered_from_indexes_and_pages_are_not_sorted() {
    let service = Service::start().await;
    if !service.platform.is_embedded() {
        // PostgreSQL looks through a nearly empty table whatever its indexes
        return;
    }
    service.add(&use_datasets("u", &["d"])).await;
    let limits = Limits { default: 30, most: 10_000 };
    for (query, page_index, total_from) in SEARCHES {
        let search = Query::new(query).search("STRONGROOM", limits).unwrap();
        let snapshot = service.platform.kernel.snapshot().await.unwrap();
        let statements = search_statements(&snapshot, &search, &Readable::All).await.unwrap();
        let [page, total] = statements.unwrap();
        for (place, (sql, params)) in [page, total].into_iter().enumerate() {
            let kinds = [Kind::Int, Kind::Int, Kind::Int, Kind::Text];
            let plan =
                snapshot.query(&format!("EXPLAIN QUERY PLAN {sql}"), &params, &kinds, Reach::Point).await;
            let plan: Vec<String> = plan.unwrap().iter().map(|row| format!("{:?}", row[3])).collect();
            let searches: Vec<&String> =
                plan.iter().filter(|step| step.contains("SEARCH ") || step.contains("SCAN tracer")).collect();
            let wanted = if place == 0 { page_index } else { total_from };
            assert!(
                !searches.is_empty() && searches.iter().all(|step| step.contains(wanted)),
                "{query}: {plan:#?}"
            );
            assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{query}: sorted: {plan:#?}");
        }
    }
}
