//! Lists as JSON: short ones at once, long ones page by page as their reader takes them.
//!
//! Each page is a look of its own at the tables, so that a slow reader holds nothing open.

use axum::{body::Body, http::StatusCode, response::Response};
use strongroom_model::Error;

use super::{
    answer::{self, Gone},
    error::Refusal,
};

/// Rows of a page.
const PAGE: u64 = 1_000;

/// A list of at most `limit` rows after the first `offset`; `fetch` reads rows by limit and offset.
pub(super) async fn by_offset<T, F>(
    limit: u64,
    offset: u64,
    fetch: impl Fn(u64, u64) -> F + Send + Sync + 'static,
    push: impl Fn(&mut String, T) + Send + Sync + 'static,
) -> Result<Response, Refusal>
where
    T: Send + 'static,
    F: Future<Output = Result<Vec<T>, Error>> + Send + 'static,
{
    list(limit, move |limit, _, done| fetch(limit, offset.saturating_add(done)), push).await
}

/// A list of at most `limit` rows; `fetch` reads rows by limit, the last row of the page before, and how many rows
/// there were before.
pub(super) async fn list<T, F>(
    limit: u64,
    fetch: impl Fn(u64, Option<&T>, u64) -> F + Send + Sync + 'static,
    push: impl Fn(&mut String, T) + Send + Sync + 'static,
) -> Result<Response, Refusal>
where
    T: Send + 'static,
    F: Future<Output = Result<Vec<T>, Error>> + Send + 'static,
{
    let first = if limit == 0 { Vec::new() } else { fetch(limit.min(PAGE), None, 0).await? };
    let complete = (first.len() as u64) < PAGE || limit <= PAGE;
    if complete {
        let mut body = String::from("[");
        push_page(&mut body, first, true, &push);
        body.push(']');
        return Ok(answer::json(StatusCode::OK, body));
    }
    let body = stream(limit, first, fetch, push);
    Ok(answer::json(StatusCode::OK, body))
}

fn stream<T, F>(
    limit: u64,
    first: Vec<T>,
    fetch: impl Fn(u64, Option<&T>, u64) -> F + Send + Sync + 'static,
    push: impl Fn(&mut String, T) + Send + Sync + 'static,
) -> Body
where
    T: Send + 'static,
    F: Future<Output = Result<Vec<T>, Error>> + Send + 'static,
{
    answer::streamed(async move |pieces| -> Result<(), Gone> {
        let mut page = first;
        let mut done = 0;
        let mut piece = String::from("[");
        loop {
            let length = page.len() as u64;
            let next = (length == PAGE && done + length < limit)
                .then(|| fetch((limit - done - length).min(PAGE), page.last(), done + length));
            push_page(&mut piece, page, done == 0, &push);
            done += length;
            pieces.send(std::mem::take(&mut piece)).await?;
            page = match next {
                None => return pieces.send("]".to_owned()).await,
                Some(next) => match next.await {
                    Ok(page) => page,
                    Err(error) => return Err(pieces.fail(error).await),
                },
            };
        }
    })
}

fn push_page<T>(out: &mut String, page: Vec<T>, first: bool, push: &impl Fn(&mut String, T)) {
    for (index, item) in page.into_iter().enumerate() {
        if index > 0 || !first {
            out.push(',');
        }
        push(out, item);
    }
}
