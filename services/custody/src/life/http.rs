//! `GET /custody/{objects,subjects,callers}/{name}`: a page of a life, for auditors; the reading is recorded first.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get},
};
use serde_json::{Value, json};
use strongroom_kernel::{Unit, from_port, index::TermKind, ports::PortError};
use strongroom_model::{Error, ErrorKind};

use crate::{Custody, READ_LIFE, error::answer, gate::line_name, noted};

use super::{
    filter::Filter,
    page::{About, Page, PageRequest, page, range_of},
    question::{self, Question},
};

/// How long an answer waits for the index to cover what is published.
const PATIENCE: Duration = Duration::from_secs(2);

/// The lives of one kind at `route`: what happened to a content or a subject, what a caller did.
pub(crate) fn at(route: &'static str, kind: TermKind) -> MethodRouter<Custody> {
    get(async move |custody: State<Custody>, name: Path<String>, query: RawQuery, headers: HeaderMap| {
        life(&custody, kind, &name, query, headers, route).await
    })
}

async fn life(
    custody: &Custody,
    kind: TermKind,
    name: &str,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    route: &'static str,
) -> Response {
    let asked = match question::read(custody, (kind, name), query.as_deref(), &headers, READ_LIFE) {
        Ok(asked) => asked,
        Err((refusal, line)) => return noted(refusal, route, line),
    };
    noted(show(custody, &asked).await, route, Some(line_name(&asked.auditor)))
}

async fn show(custody: &Custody, asked: &Question) -> Response {
    let Question { auditor, about, filter, size } = asked;
    let page = match find(custody, about, filter, *size).await {
        Ok(page) => page,
        Err(error) => return answer(&error),
    };
    let indexes: Vec<u64> = page.leaves.iter().map(|(seen, _)| seen.index).collect();
    let mut unit = Unit::new(auditor, READ_LIFE);
    unit.about("leaves", ranges(&indexes));
    if let Err(error) = custody.kernel.record(unit).await {
        return answer(&error);
    }
    let leaves: Vec<Value> = page
        .leaves
        .iter()
        .map(|(seen, _)| {
            let mut shown = json!(seen);
            shown["proof"] = json!(format!("/custody/proof/{}", seen.index));
            shown
        })
        .collect();
    let origin = custody.kernel.ledger().origin();
    Json(json!({"about": about, "origin": origin, "asOf": size, "leaves": leaves, "next": page.next}))
        .into_response()
}

/// A page of a life in the first `size` leaves.
pub(crate) async fn find(
    custody: &Custody,
    about: &About,
    filter: &Filter,
    size: u64,
) -> Result<Page, Error> {
    let kernel = &custody.kernel;
    let database = kernel.database().as_ref();
    kernel.index_up_to(size, PATIENCE).await?;
    let range = range_of(database, filter, size).await.map_err(from_port)?;
    let request = PageRequest { about, filter, range };
    let look_up = |range, limit| async move {
        let found = kernel.find_leaves(about.term_kind(), &about.name, range, limit).await;
        found.map_err(|error| match error.kind() {
            // waiting does not mend an index that cannot be read: `rebuild` does
            ErrorKind::Internal => PortError::corrupt("the index of terms cannot be read").with_source(error),
            _ => PortError::unavailable("look in the index").with_source(error),
        })
    };
    page(database, request, look_up).await.map_err(from_port)
}

/// Indexes as text: `0-3,7,12`; `none` when there are none. Who is asked about stays out of the record: it could
/// not be erased from there.
fn ranges(indexes: &[u64]) -> String {
    let mut parts: Vec<(u64, u64)> = Vec::new();
    for index in indexes {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => parts.push((*index, *index)),
        }
    }
    let texts: Vec<String> = parts
        .into_iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") })
        .collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(",") }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn indexes_are_written_short() {
        assert_eq!(ranges(&[]), "none");
        assert_eq!(ranges(&[4]), "4");
        assert_eq!(ranges(&[0, 1, 2, 7, 9, 10]), "0-2,7,9-10");
    }
}
