//! `GET /api/v1/statistics/{datasets, models, applications, tools, actions, users}`.

use axum::response::Response;
use serde_json::{Map, Value};

use super::{Tells, bound, by_action, question};
use crate::{
    http::{ask::Ask, error::Refusal},
    queries::statistics::{Dimension, Group, Scope, groups},
    wire::instant::iso,
};

/// The most used of `dimension`. 200, 400, 403, 422.
pub(in crate::http) async fn grouped(ask: &Ask, dimension: Dimension) -> Result<Response, Refusal> {
    let (member, tells) = match dimension {
        Dimension::Datasets => ("datasetId", Tells::Aggregates),
        Dimension::Models => ("modelId", Tells::Aggregates),
        Dimension::Applications => ("applicationId", Tells::Aggregates),
        Dimension::Tools => ("tool", Tells::Aggregates),
        Dimension::Actions => ("userAction", Tells::Aggregates),
        Dimension::Users => ("userId", Tells::Persons),
    };
    let question = question(ask, tells)?;
    let _place = ask.state.statistics().await;
    let scope = Scope::new(ask.kernel(), &question).await?;
    let found = groups(ask.kernel(), &scope, &question, dimension).await?;
    let items = found.items.iter().map(|group| item(member, group)).collect();
    let mut members = Map::new();
    members.insert("items".to_owned(), Value::Array(items));
    members.insert("total".to_owned(), found.total.into());
    bound(ask, &scope, members).await
}

fn item(member: &str, group: &Group) -> Value {
    let mut item = Map::new();
    item.insert(member.to_owned(), group.id.clone().into());
    item.insert("uses".to_owned(), group.uses.into());
    item.insert("users".to_owned(), group.users.into());
    item.insert("first".to_owned(), iso(group.first).into());
    item.insert("last".to_owned(), iso(group.last).into());
    item.insert("byAction".to_owned(), by_action(&group.by_action));
    Value::Object(item)
}
