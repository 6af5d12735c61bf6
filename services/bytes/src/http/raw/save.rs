//! `POST /bytes/raw`: saves the raw files of a job.

use axum::{body::Body, http::StatusCode, response::Response};
use strongroom_http::{body, insert_receipt};
use strongroom_kernel::{Once, Uuid};
use strongroom_model::Digest;

use super::super::{answer, ask::Ask, error::Refusal};
use crate::{
    commands::raw::{Job, ReceivedFile, Receiver, Saved, boefje_meta_not_found, find_job, upload},
    wire::{
        json::push_text,
        upload::{Limits, Upload},
    },
};

/// Saves files and answers an object of names and ids, in the order of the request.
///
/// The body is read as it comes, whatever its size. Nothing is saved unless all of it is sound.
pub(in crate::http) async fn save(ask: Ask, body: Body) -> Result<Response, Refusal> {
    let mut query = ask.query();
    let boefje_meta_id = query.required_uuid("boefje_meta_id");
    let problems = query.finish();
    let job = match &problems {
        Ok(()) => find_job(ask.kernel(), boefje_meta_id).await?,
        Err(_) => None,
    };
    let files = receive(&ask, body, job.is_some()).await?;
    problems?;
    if files.is_empty() {
        return Ok(answer::json(StatusCode::OK, "{}"));
    }
    let job = job.ok_or_else(boefje_meta_not_found)?;
    keep(&ask, job, files, render).await
}

/// Saves what was received, once under its key if it has one, and answers with it as `render` spells it.
pub(in crate::http) async fn keep(
    ask: &Ask,
    job: Job,
    files: Vec<ReceivedFile>,
    render: fn(&Saved) -> Vec<u8>,
) -> Result<Response, Refusal> {
    let key = ask.once_key(|| request_of(job.id(), &files))?;
    let outcome = upload(&ask.state, ask.caller.clone(), job, files, key.as_ref(), render).await?;
    Ok(match outcome {
        Once::Done(done) => {
            let mut response = answer::json(StatusCode::OK, render(&done.reply));
            insert_receipt(&mut response, &done.receipt);
            response
        }
        Once::Repeated(body) => answer::json(StatusCode::OK, body),
    })
}

async fn receive(ask: &Ask, mut body: Body, keeps: bool) -> Result<Vec<ReceivedFile>, Refusal> {
    let mut parser = Upload::new(ask.content_type().as_deref(), Limits::default());
    let mut receiver = Receiver::new(ask.kernel().clone(), ask.state.config().hashing, keeps);
    while let Some(chunk) = body::next(&mut body).await? {
        parser.push(&chunk, &mut receiver)?;
        receiver.settle().await?;
    }
    parser.finish(&mut receiver)?;
    receiver.settle().await?;
    Ok(receiver.files())
}

/// The body of the answer; of equal names the last file counts, in the place of the first.
fn render(saved: &Saved) -> Vec<u8> {
    let mut names: Vec<(&str, String)> = Vec::with_capacity(saved.len());
    let mut places = std::collections::HashMap::new();
    for (name, id) in saved {
        match places.entry(name.as_str()) {
            std::collections::hash_map::Entry::Occupied(place) => {
                let place: &usize = place.get();
                names[*place].1 = id.to_string();
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(names.len());
                names.push((name, id.to_string()));
            }
        }
    }
    let mut body = String::from("{");
    for (index, (name, id)) in names.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        push_text(&mut body, name);
        body.push_str(":\"");
        body.push_str(id);
        body.push('"');
    }
    body.push('}');
    body.into_bytes()
}

/// What tells this request from another one under the same idempotency key.
fn request_of(boefje_meta_id: Uuid, files: &[ReceivedFile]) -> Digest {
    let mut text = boefje_meta_id.to_string();
    for file in files {
        push_text(&mut text, &file.name);
        file.tags.iter().for_each(|tag| push_text(&mut text, tag));
        text.push_str(&file.fingerprint());
    }
    Digest::of(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_names_the_last_file_counts_in_the_place_of_the_first() {
        let id = Uuid::from_u128;
        let saved = vec![("a\"".to_owned(), id(1)), ("b".to_owned(), id(2)), ("a\"".to_owned(), id(3))];
        let expected =
            r#"{"a\"":"00000000-0000-0000-0000-000000000003","b":"00000000-0000-0000-0000-000000000002"}"#;
        assert_eq!(String::from_utf8(render(&saved)).unwrap(), expected);
        assert_eq!(render(&Vec::new()), b"{}");
    }
}
