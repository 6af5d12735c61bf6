//! `/api/v1/statistics`: who used what how often. Aggregates for who may read all traces or has the role
//! `statistics`, what names persons for administrators.

mod anomalies;
mod dataset;
mod grouped;
mod timeline;

use axum::{http::StatusCode, response::Response};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};
use strongroom_model::Timestamp;

use super::{answer, ask::Ask, error::Refusal};
use crate::{
    callers::STATISTICS,
    commands::READ_STATISTICS,
    queries::{Readable, statistics::Scope},
    wire::{action::UserAction, instant::iso, statistics::Question},
};

pub(super) use anomalies::anomalies;
pub(super) use dataset::dataset;
pub(super) use grouped::grouped;
pub(super) use timeline::timeline;

/// What an answer may tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    /// Numbers.
    Aggregates,
    /// Who.
    Persons,
}

/// The question, if the caller may ask it.
fn question(ask: &Ask, tells: Tells) -> Result<Question, Refusal> {
    let question = Question::read(&ask.query()).map_err(Refusal::Query)?;
    let persons = tells == Tells::Persons || question.names_persons();
    let has_role = || ask.admitted.identified.as_ref().is_some_and(|known| known.has(STATISTICS));
    let may = if persons { ask.is_admin() } else { ask.readable() == Readable::All || has_role() };
    if may {
        return Ok(question);
    }
    ask.kernel().record_denial(&ask.admitted.caller, READ_STATISTICS);
    let role = if persons { "admin" } else { STATISTICS };
    Err(Refusal::plain(StatusCode::FORBIDDEN, format!("this needs the role {role}")))
}

/// `members`, and what the answer is bound to.
async fn bound(ask: &Ask, scope: &Scope, mut members: Map<String, Value>) -> Result<Response, Refusal> {
    let as_of = scope.as_of(ask.kernel()).await?;
    let time = |time: Option<Timestamp>| time.map_or(Value::Null, |time| iso(time).into());
    members.insert("from".to_owned(), time(scope.from));
    members.insert("to".to_owned(), time(scope.to));
    members.insert("complete".to_owned(), as_of.complete.into());
    members.insert(
        "asOf".to_owned(),
        json!({
            "treeSize": as_of.size,
            "rootHash": BASE64_STANDARD.encode(as_of.root),
            "checkpoint": as_of.checkpoint,
        }),
    );
    Ok(answer::json(StatusCode::OK, &members))
}

fn by_action(counts: &[(UserAction, u64)]) -> Value {
    let members = counts.iter().map(|(action, count)| (action.name().to_owned(), Value::from(*count)));
    Value::Object(members.collect())
}
