//! Searches against a plain recount, over many traces and all combinations of filters.

use crate::common::{Service, create_dataset, use_datasets};

/// A trace as the recount knows it.
struct Known {
    id: String,
    user: String,
    action: &'static str,
    datasets: Vec<String>,
}

#[tokio::test]
async fn every_search_gives_what_a_recount_gives() {
    let service = Service::start().await;
    let mut all: Vec<Known> = Vec::new();
    for number in 0_usize..120 {
        let user = format!("U{}", number % 4);
        let known = if number % 3 == 0 {
            let dataset = format!("D{}", number % 5);
            let id = service.add(&create_dataset(&user, &dataset)).await;
            Known { id, user, action: "CREATE_DATASET", datasets: vec![dataset] }
        } else {
            let datasets = vec![format!("d{}", number % 5), format!("D{}", number % 7)];
            let names: Vec<&str> = datasets.iter().map(String::as_str).collect();
            let id = service.add(&use_datasets(&user, &names)).await;
            Known { id, user, action: "USE_DATASETS", datasets }
        };
        all.insert(0, known);
    }
    let users = [vec![], vec!["u0"], vec!["u1", "u3"], vec!["nobody", "U2"]];
    let datasets = [vec![], vec!["d1"], vec!["D4", "d6"], vec!["d0", "d1", "d2"]];
    let actions = [vec![], vec!["CREATE_DATASET"], vec!["USE_DATASETS", "USE_MODELS"]];
    let callers = [vec![], vec!["dataset-service"]];
    for user in &users {
        for dataset in &datasets {
            for action in &actions {
                for caller in &callers {
                    let is_in = |value: &str, filter: &[&str]| {
                        filter.is_empty() || filter.iter().any(|asked| asked.eq_ignore_ascii_case(value))
                    };
                    let expected: Vec<&str> = all
                        .iter()
                        .filter(|known| is_in(&known.user, user) && is_in(known.action, action))
                        .filter(|known| known.datasets.iter().any(|one| is_in(one, dataset)))
                        .map(|known| known.id.as_str())
                        .collect();
                    let mut query = String::new();
                    for (name, filter) in [
                        ("userId", user),
                        ("datasetId", dataset),
                        ("userAction", action),
                        ("callerUserId", caller),
                    ] {
                        for value in filter {
                            query.extend([name, "=", value, "&"]);
                        }
                    }
                    let (ids, total) = service.search(&format!("{query}skipTraces=2&limitTraces=20")).await;
                    let page: Vec<&str> = expected.iter().copied().skip(2).take(20).collect();
                    assert_eq!(ids, page, "{query}");
                    assert_eq!(total, expected.len() as u64, "{query}");
                }
            }
        }
    }
}

#[tokio::test]
async fn many_first_requests_at_once_all_succeed_and_are_counted() {
    let service = Service::start().await;
    let bodies: Vec<String> = (0..40).map(|_| use_datasets("new user", &["new dataset"])).collect();
    let replies = futures::future::join_all(bodies.iter().map(|body| service.add(body))).await;
    let mut ids = replies.clone();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 40);
    for query in ["", "userId=new%20user", "datasetId=new%20dataset", "callerUserId=dataset-service"] {
        assert_eq!(service.search(query).await.1, 40, "{query}");
    }
    assert_eq!(service.leaves().await, vec!["add_trace by dataset-service"; 40]);
}
