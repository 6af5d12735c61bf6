//! `GET /openapi.json`, `/docs` and `/redoc`: the API as a document, and a page that shows it without outside scripts.
//!
//! The document is kept by hand beside this file; a test holds it against the table of operations.

use axum::{http::StatusCode, response::Response};

use super::answer;

const OPENAPI: &str = include_str!("openapi.json");

/// The API as OpenAPI 3.1.
pub(super) fn openapi() -> Response {
    answer::json(StatusCode::OK, OPENAPI)
}

/// The API for people.
pub(super) fn page() -> Response {
    strongroom_http::docs::page()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::{Access, ROUTES};

    #[test]
    fn the_document_names_exactly_the_operations_of_the_table() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let mut documented = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                documented.insert((path.clone(), method.to_uppercase(), operation["security"].is_array()));
            }
        }
        let routes: BTreeSet<_> = ROUTES
            .iter()
            .map(|route| {
                let guarded = matches!(route.operation.access(), Access::Token(_));
                (route.path.to_owned(), route.method.to_string(), guarded)
            })
            .collect();
        assert_eq!(documented, routes);
    }

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for reference in OPENAPI.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
