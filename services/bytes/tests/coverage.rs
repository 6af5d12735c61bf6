//! Every operation of the table: refused without a token, and recorded if it writes, logs in or reads content.

use axum::{body::Body, extract::Request};
use strongroom_bytes::{Access, ROUTES};
use strongroom_testkit::send;

use crate::{
    common::{Meta, Service, id, upload},
    raw_list::with_files,
};

#[tokio::test]
async fn every_guarded_operation_refuses_strangers_and_counts_them() {
    let service = Service::start().await;
    let mut expected = std::collections::BTreeMap::new();
    for route in ROUTES {
        let Access::Token(action) = route.operation.access() else { continue };
        let path = route.path.replace(['{', '}'], "");
        let request = Request::builder().method(route.method.clone()).uri(path).body(Body::empty()).unwrap();
        assert_eq!(send(&service.router, request).await.status, 401, "{} {}", route.method, route.path);
        *expected.entry(action.name).or_insert(0) += 1;
    }
    let leaves = service.leaves().await;
    for (action, count) in expected {
        let leaf = if count == 1 {
            format!("{action} by stranger: denied")
        } else {
            format!("{action} by stranger: denied x{count}")
        };
        assert!(leaves.contains(&leaf), "{leaf} in {leaves:?}");
    }
}

#[tokio::test]
async fn every_operation_that_must_be_recorded_leaves_a_leaf_and_no_other_does() {
    let (service, ids) = with_files().await;
    let before = ["log_in", "save_boefje_meta", "save_raw", "save_boefje_meta", "save_raw"];
    let mut expected: Vec<String> = before.iter().map(|action| format!("{action} by kat")).collect();
    for (number, route) in ROUTES.iter().enumerate() {
        let fresh = id(100 + u32::try_from(number).unwrap());
        let path = route
            .path
            .replace("{boefje_meta_id}", &id(1))
            .replace("{raw_id}", &ids[0])
            .replace("{normalizer_meta_id}", &id(9));
        let (query, body) = match (route.method.as_str(), route.path) {
            ("POST", "/bytes/boefje_meta") => (String::new(), Meta { id: &fresh, ..Meta::default() }.json()),
            ("POST", "/bytes/raw") => {
                (format!("?boefje_meta_id={}", id(1)), upload(&[("0", "YQ==", &[&fresh])]))
            }
            ("POST", "/bytes/content") => {
                (format!("?boefje_meta_id={}&mime_types={fresh}", id(1)), "plain".to_owned())
            }
            ("POST", "/bytes/normalizer_meta") => {
                service.save_normalizer_meta(&id(9), &ids[0]).await;
                expected.push("save_normalizer_meta by kat".to_owned());
                continue;
            }
            ("POST", "/token") => {
                service.login("kat", "hush").await;
                expected.push("log_in by kat".to_owned());
                continue;
            }
            // other files than the single read took, since a read seen a moment ago is not recorded again
            ("GET", "/bytes/raws") => (format!("?raw_ids={}", ids[3]), String::new()),
            ("GET", "/bytes/boefje_meta" | "/bytes/normalizer_meta") => {
                ("?organization=acme".to_owned(), String::new())
            }
            _ => (String::new(), String::new()),
        };
        let reply = service.ask(route.method.clone(), &format!("{path}{query}"), body).await;
        assert!(reply.status < 400, "{} {path}{query}: {reply}", route.method);
        if let Some(action) = route.operation.recorded_as() {
            expected.push(format!("{} by kat", action.name));
        }
    }
    let mut leaves = service.leaves().await;
    leaves.sort();
    expected.sort();
    assert_eq!(leaves, expected);
}
