//! `GET /bytes/raw/{raw_id}`: the content of a raw file, verified and recorded.

use axum::{
    body::Body,
    http::{StatusCode, header},
    response::Response,
};
use strongroom_kernel::{ContentBody, ContentRead, Subject, Uuid, Value};
use strongroom_model::ErrorKind;

use super::super::{answer, ask::Ask, error::Refusal};
use crate::{commands::READ_RAW, tables::RawFile};

/// The content of a raw file. 200, 404; 410 when its record is there and its content is not.
pub(in crate::http) async fn get(ask: Ask) -> Result<Response, Refusal> {
    let id: Uuid = ask.path_uuid("raw_id")?;
    let snapshot = ask.kernel().snapshot().await?;
    let raw: RawFile = snapshot.get(&[Value::Id(id)], "No raw data found").await?;
    drop(snapshot);
    ask.kernel().attest(&raw).await?;
    let read = ContentRead {
        caller: ask.caller.clone(),
        action: READ_RAW,
        subject: Subject { noun: "raw_file", id: id.to_string() },
        domain: raw.domain,
        digest: raw.content,
        range: None,
    };
    let content = ask.kernel().read_content(read).await.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Refusal::Detail(StatusCode::GONE, "The content of this raw file is gone"),
        _ => error.into(),
    })?;
    let body = match content.body {
        ContentBody::Whole(bytes) => Body::from(bytes),
        ContentBody::Stream(pieces) => Body::from_stream(pieces),
    };
    let mut response = answer::octets(body);
    response.headers_mut().insert(header::CONTENT_LENGTH, content.size.into());
    Ok(response)
}
