//! `GET /bytes/mime_types`: how many raw files bear each label.

use axum::{body::Body, http::StatusCode, response::Response};

use super::super::{answer, ask::Ask, error::Refusal, filter};
use crate::{queries::count_mime_types, wire::json::push_text};

/// Counts all labels of the files that match, not only the filtered ones. Never cached.
pub(in crate::http) async fn count(ask: Ask, body: Body) -> Result<Response, Refusal> {
    let filter = filter::counted(&ask, body).await?;
    let snapshot = ask.kernel().snapshot().await?;
    let counts = count_mime_types(&snapshot, &filter).await?;
    let mut body = String::from("{");
    for (index, (mime_type, files)) in counts.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        push_text(&mut body, mime_type);
        body.push(':');
        body.push_str(&files.to_string());
    }
    body.push('}');
    Ok(answer::json(StatusCode::OK, body))
}
