//! `GET /api/v1/openapi.json` and `/api/v1/docs`: the API as a document, and a page that shows it.
//!
//! The document is kept by hand beside this file; a test holds it against the table of operations.

use axum::{http::StatusCode, response::Response};

use super::answer;

const OPENAPI: &str = include_str!("openapi.json");

/// The API as OpenAPI 3.1.
pub(super) fn openapi() -> Response {
    answer::text(StatusCode::OK, OPENAPI)
}

#[cfg(test)]
mod tests {
    use strongroom_testkit::assert_documented;

    use super::*;
    use crate::http::{Access, ROUTES};

    #[test]
    fn the_document_names_exactly_the_operations_of_the_table() {
        let routes = ROUTES.iter().map(|route| {
            let guarded = route.operation.access() != Access::Open;
            (route.path.to_owned(), route.method.to_string(), guarded)
        });
        assert_documented(OPENAPI, routes);
    }
}
