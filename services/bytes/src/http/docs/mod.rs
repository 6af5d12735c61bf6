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
    use strongroom_testkit::assert_documented;

    use super::*;
    use crate::http::{Access, ROUTES};

    #[test]
    fn the_document_names_exactly_the_operations_of_the_table() {
        let routes = ROUTES.iter().map(|route| {
            let guarded = matches!(route.operation.access(), Access::Token(_));
            (route.path.to_owned(), route.method.to_string(), guarded)
        });
        assert_documented(OPENAPI, routes);
    }
}
