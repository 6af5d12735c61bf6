//! `GET /metrics` and `GET /bytes/metrics`

use axum::{body::Body, http::Method};

use crate::common::{Meta, Service, id};

#[tokio::test]
async fn a_fresh_service_has_no_samples_of_organisations_trap_32() {
    let service = Service::start().await;
    let reply = service.get("/metrics").await;
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    let samples: Vec<&str> = reply.text().lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(samples, ["bytes_database_organizations_total 0.0"]);
    assert_eq!(service.stranger(Method::GET, "/metrics", Body::empty()).await.status, 401);
}

#[tokio::test]
async fn organisations_appear_in_the_order_they_were_first_seen_trap_32() {
    let service = Service::start().await;
    for (number, organization) in [(1, "zeta"), (2, "alpha"), (3, "zeta"), (4, "jobs-only")] {
        service.save_boefje_meta(&Meta { id: &id(number), organization, ..Meta::default() }).await;
        if organization != "jobs-only" {
            service.save_raw(&id(number), &[("0", "YWJj", &["a"]), ("1", "", &["b"])]).await;
        }
    }
    let samples = |text: &str| {
        text.lines().filter(|line| line.starts_with("bytes_")).map(str::to_owned).collect::<Vec<_>>()
    };
    let expected = [
        "bytes_database_organizations_total 2.0",
        "bytes_database_raw_files_total{organization_id=\"zeta\"} 4.0",
        "bytes_database_raw_files_total{organization_id=\"alpha\"} 2.0",
    ];
    let reply = service.get("/metrics").await;
    assert_eq!(samples(reply.text()), expected);
    assert_eq!(reply.text().matches("# TYPE").count(), 2, "two families and no other");

    let all = service.get("/bytes/metrics").await;
    assert_eq!(samples(all.text()), expected);
    assert!(all.text().contains("strongroom_bytes_content_bytes{organization_id=\"zeta\"} 6.0\n"), "{all}");
}
