//! What an auditor asks about a life: who he is, whose life, which leaves of it and in how large a tree.

use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};
use strongroom_kernel::{Action, index::TermKind};
use strongroom_model::Caller;

use crate::{
    Custody,
    error::refuse,
    gate::{admit, line_name},
};

use super::{filter::Filter, page::About};

/// A question that may be answered.
pub(crate) struct Question {
    pub(crate) auditor: Caller,
    pub(crate) about: About,
    pub(crate) filter: Filter,
    /// Leaves of the tree it is asked of: `asOf`, or those the published checkpoint covers.
    pub(crate) size: u64,
}

/// Reads the question, or gives the refusal and the name of the asker for the access line, where he is known.
pub(crate) fn read(
    custody: &Custody,
    (kind, name): (TermKind, &str),
    query: Option<&str>,
    headers: &HeaderMap,
    action: Action,
) -> Result<Question, (Response, Option<String>)> {
    let auditor = admit(custody, headers, action).map_err(|refusal| (refusal, None))?;
    let published = custody.kernel.ledger().published().size;
    let read = || {
        let filter = Filter::parse(query.unwrap_or_default()).map_err(|error| error.to_string())?;
        let size = filter.as_of.unwrap_or(published);
        if size > published {
            return Err(format!("asOf must not be above {published}, which the published checkpoint covers"));
        }
        Ok((About::new(kind, name)?, filter, size))
    };
    match read() {
        Ok((about, filter, size)) => Ok(Question { auditor, about, filter, size }),
        Err(text) => Err((refuse(StatusCode::UNPROCESSABLE_ENTITY, &text), Some(line_name(&auditor)))),
    }
}
