//! `GET /bytes/raws`: contents of raw files as base64, in the order they were saved.

use axum::{http::StatusCode, response::Response};
use futures::TryStreamExt as _;
use strongroom_kernel::{Content, ContentBody, Subject, from_port};
use strongroom_model::{Caller, Error, ErrorKind};

use super::super::{
    answer::{self, Gone, Pieces},
    ask::Ask,
    error::Refusal,
    filter::{self, Limited},
};
use crate::{
    commands::READ_RAW,
    queries::{Listed, RawFilter, list_raws},
    state::BytesState,
    wire::{contents::Contents, upload::Status},
};

/// Files whose contents are read, and recorded, together: at most so many, and so many bytes unless it is one.
const TOGETHER: u64 = 16;
const TOGETHER_BYTES: i64 = 2 << 20;
/// Text is sent in pieces of about this size.
const PIECE: usize = 256 << 10;
/// Label of the output of a job that failed.
const FAILED: &str = "error/boefje";

/// Contents of raw files with their labels, page by page as the reader takes them. 410 when a content is gone.
pub(in crate::http) async fn list(ask: Ask) -> Result<Response, Refusal> {
    let limited = filter::queried(&ask)?;
    let begins_after = limited.begins_after(ask.kernel()).await?;
    let Limited { filter, limit, .. } = limited;
    let pages = Pages { state: ask.state, caller: ask.caller, filter, limit };
    let first = pages.next(begins_after, 0).await.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Refusal::Detail(StatusCode::GONE, "The content of a raw file is gone"),
        _ => error.into(),
    })?;
    // a second file may be on another page
    let single = first.len() == 1 && pages.next_listed(first[0].0.order, 1).await?.is_empty();
    let failed = single && first[0].0.raw.mime_types.0.iter().any(|tag| tag == FAILED);
    let status = if failed { Status::Failed } else { Status::Completed };
    Ok(answer::json(StatusCode::OK, answer::streamed(|pieces| send(pages, first, status, pieces))))
}

/// Looks for the files of one request, page by page.
struct Pages {
    state: BytesState,
    caller: Caller,
    filter: RawFilter,
    limit: u64,
}

impl Pages {
    /// Records of the next files, of which `done` were before.
    async fn next_listed(&self, after: i64, done: u64) -> Result<Vec<Listed>, Error> {
        let limit = self.limit.saturating_sub(done).min(TOGETHER);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let snapshot = self.state.kernel().snapshot().await?;
        list_raws(&snapshot, &self.filter, after, limit).await
    }

    /// The next files with their contents.
    async fn next(&self, after: i64, done: u64) -> Result<Vec<(Listed, Content)>, Error> {
        let mut listed = self.next_listed(after, done).await?;
        listed.truncate(fitting(listed.iter().map(|file| file.raw.size)));
        for file in &listed {
            self.state.kernel().attest(&file.raw).await?;
        }
        let subject = |listed: &Listed| Subject { noun: "raw_file", id: listed.raw.id.to_string() };
        let reads =
            listed.iter().map(|file| (subject(file), file.raw.domain.clone(), file.raw.content)).collect();
        let contents = self.state.kernel().read_contents(&self.caller, READ_RAW, reads).await?;
        Ok(listed.into_iter().zip(contents).collect())
    }
}

/// How many files from the front may be held in memory together; one in any case.
fn fitting(sizes: impl Iterator<Item = i64>) -> usize {
    let mut bytes = 0;
    sizes
        .take_while(|size| {
            let first = bytes == 0;
            bytes += size + 1;
            first || bytes <= TOGETHER_BYTES
        })
        .count()
}

async fn send(
    pages: Pages,
    first: Vec<(Listed, Content)>,
    status: Status,
    pieces: Pieces,
) -> Result<(), Gone> {
    let mut text = String::new();
    let mut contents = Contents::open(&mut text, status);
    let mut page = first;
    let mut done = 0;
    while let Some(last) = page.last().map(|(listed, _)| listed.order) {
        let length = page.len() as u64;
        done += length;
        for (listed, content) in page {
            contents.start_file(&mut text, &listed.raw.id.to_string());
            send_content(&mut contents, &mut text, content, &pieces).await?;
            contents.end_file(&mut text, &listed.raw.mime_types.0);
        }
        page = match pages.next(last, done).await {
            Ok(page) => page,
            Err(error) => return Err(pieces.fail(error).await),
        };
    }
    contents.close(&mut text);
    pieces.send(text).await
}

async fn send_content(
    contents: &mut Contents,
    text: &mut String,
    content: Content,
    pieces: &Pieces,
) -> Result<(), Gone> {
    match content.body {
        ContentBody::Whole(bytes) => {
            for part in bytes.chunks(PIECE) {
                contents.content(text, part);
                flush(text, pieces).await?;
            }
        }
        ContentBody::Stream(mut parts) => loop {
            match parts.try_next().await {
                Ok(Some(part)) => {
                    contents.content(text, &part);
                    flush(text, pieces).await?;
                }
                Ok(None) => break,
                Err(error) => return Err(pieces.fail(from_port(error)).await),
            }
        },
    }
    Ok(())
}

async fn flush(text: &mut String, pieces: &Pieces) -> Result<(), Gone> {
    if text.len() >= PIECE { pieces.send(std::mem::take(text)).await } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_together_as_far_as_memory_allows() {
        assert_eq!(fitting([].into_iter()), 0);
        assert_eq!(fitting([i64::MAX - 1].into_iter()), 1);
        assert_eq!(fitting([TOGETHER_BYTES, 0].into_iter()), 1);
        assert_eq!(fitting([0, 0, 0].into_iter()), 3);
        assert_eq!(fitting([1 << 20, 1 << 19, 1 << 20].into_iter()), 2);
    }
}
