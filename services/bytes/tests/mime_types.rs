//! `GET /bytes/mime_types`

use axum::http::Method;

use crate::{common::id, raw_list::with_files};

#[tokio::test]
async fn all_labels_of_the_matching_files_are_counted() {
    let (service, ids) = with_files().await;
    let count = async |query: &str, body: &'static str| {
        service.ask(Method::GET, &format!("/bytes/mime_types?{query}"), body).await.json()
    };
    let all = serde_json::json!({"boefje/ssl": 4, "text/xml": 2, "a\"b": 2});
    assert_eq!(count("", "").await, all);
    let some = serde_json::json!({"boefje/ssl": 2, "text/xml": 1, "a\"b": 1});
    assert_eq!(count("", r#"["acme"]"#).await, some);
    assert_eq!(count("organization=other", "").await, some);
    assert_eq!(count("mime_types=text/xml", "").await, serde_json::json!({"boefje/ssl": 2, "text/xml": 2}));
    assert_eq!(count("mime_types=", "").await, serde_json::json!({}));
    service.save_normalizer_meta(&id(7), &ids[0]).await;
    let parsed = serde_json::json!({"boefje/ssl": 1, "text/xml": 1});
    assert_eq!(count("normalized=true", "").await, parsed);
    assert_eq!(
        count(&format!("normalized=false&boefje_meta_id={}", id(1)), "").await,
        serde_json::json!({"boefje/ssl": 1, "a\"b": 1})
    );
}
