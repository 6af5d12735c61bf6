//! `POST /bytes/content`: saves one raw file whose content is the body itself. An addition.

use axum::{body::Body, response::Response};
use strongroom_http::body;
use strongroom_kernel::Uuid;
use strongroom_model::Error;

use super::super::{ask::Ask, error::Refusal, raw::keep};
use crate::{
    commands::raw::{ReceivedFile, Receiver, Saved, boefje_meta_not_found, find_job},
    wire::{
        fields::{Column, misfit},
        upload::{Limits, Sink as _},
        validation::{Path, Problems},
    },
};

/// Saves the body, whatever its size, with the labels of the query: 200 and its id, or the id of the file that the
/// job holds with these labels. 404 for an unknown job, before the body is read.
pub(in crate::http) async fn save(ask: Ask, body: Body) -> Result<Response, Refusal> {
    let mut query = ask.query();
    let boefje_meta_id = query.required_uuid("boefje_meta_id");
    let tags = query.texts("mime_types");
    query.finish()?;
    let tags = check(tags)?;
    let job = find_job(ask.kernel(), boefje_meta_id).await?.ok_or_else(boefje_meta_not_found)?;
    let files = receive(&ask, body, tags).await?;
    keep(&ask, job, files, render).await
}

/// The distinct labels, held to the limits of an upload.
fn check(tags: Vec<String>) -> Result<Vec<String>, Problems> {
    let limits = Limits::default();
    let mut problems = Problems::new();
    let mut distinct: Vec<String> = Vec::new();
    for (index, tag) in tags.into_iter().enumerate() {
        let at = Path::QUERY.name("mime_types");
        if let Some((kind, msg)) = misfit(&tag, Column::Characters(limits.tag_characters)) {
            problems.add(kind, &at.index(index), msg);
        } else if index >= limits.tags {
            problems.add("too_long", &at, format!("List should have at most {} items", limits.tags));
            break;
        } else if !distinct.contains(&tag) {
            distinct.push(tag);
        }
    }
    if problems.is_empty() { Ok(distinct) } else { Err(problems) }
}

async fn receive(ask: &Ask, mut body: Body, tags: Vec<String>) -> Result<Vec<ReceivedFile>, Error> {
    let mut receiver = Receiver::new(ask.kernel().clone(), ask.state.config().hashing, true);
    receiver.file_started();
    while let Some(chunk) = body::next(&mut body).await? {
        receiver.content(&chunk);
        receiver.settle().await?;
    }
    receiver.file_finished(String::new(), tags);
    receiver.settle().await?;
    Ok(receiver.files())
}

/// `{"id":"<uuid>"}`
fn render(saved: &Saved) -> Vec<u8> {
    let id = saved.first().map_or(Uuid::nil(), |(_, id)| *id);
    format!(r#"{{"id":"{id}"}}"#).into_bytes()
}
