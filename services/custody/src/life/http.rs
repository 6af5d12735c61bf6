//! `GET /custody/{objects,subjects,callers}/{name}`: a page of a life, for auditors; the reading is recorded first.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use strongroom_kernel::{Unit, from_port, index::TermKind, ports::PortError};
use strongroom_model::{Caller, Error, ErrorKind};

use crate::{
    Custody, READ_LIFE,
    error::{answer, refuse},
    gate::{admit, line_name},
    noted,
};

use super::{
    filter::Filter,
    page::{About, Page, PageRequest, page, range_of},
};

/// How long an answer waits for the index to cover what is published.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /custody/objects/{sha256}`: what happened to a content.
pub(crate) async fn of_object(
    custody: State<Custody>,
    name: Path<String>,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    life(&custody, TermKind::Object, &name, query, headers, "/custody/objects/{sha256}").await
}

/// `GET /custody/subjects/{id}`: what happened to something with an id.
pub(crate) async fn of_subject(
    custody: State<Custody>,
    name: Path<String>,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    life(&custody, TermKind::Subject, &name, query, headers, "/custody/subjects/{id}").await
}

/// `GET /custody/callers/{name}`: what a caller did.
pub(crate) async fn of_caller(
    custody: State<Custody>,
    name: Path<String>,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    life(&custody, TermKind::Caller, &name, query, headers, "/custody/callers/{name}").await
}

async fn life(
    custody: &Custody,
    kind: TermKind,
    name: &str,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    route: &'static str,
) -> Response {
    let auditor = match admit(custody, &headers, READ_LIFE) {
        Ok(auditor) => auditor,
        Err(refusal) => return noted(refusal, route, None),
    };
    let line = line_name(&auditor);
    let asked = Filter::parse(query.as_deref().unwrap_or_default()).map_err(|error| error.to_string());
    let asked = asked.and_then(|filter| Ok((About::new(kind, name)?, filter)));
    let response = match asked {
        Err(text) => refuse(StatusCode::UNPROCESSABLE_ENTITY, &text),
        Ok((about, filter)) => show(custody, &auditor, &about, &filter).await,
    };
    noted(response, route, Some(line))
}

async fn show(custody: &Custody, auditor: &Caller, about: &About, filter: &Filter) -> Response {
    let published = custody.kernel.ledger().published().size;
    let size = match filter.as_of {
        Some(size) if size > published => {
            let text = format!("asOf must not be above {published}, which the published checkpoint covers");
            return refuse(StatusCode::UNPROCESSABLE_ENTITY, &text);
        }
        other => other.unwrap_or(published),
    };
    let page = match find(custody, about, filter, size).await {
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
