//! Reads a trace as a chain of the original has it, in every form it ever had.
//!
//! Lenient where the forms differ: ids that are numbers or missing, versions as numbers or texts, single values for
//! lists, digests of names and paths. What cannot be understood at all is told, and left to whoever imports.

use serde_json::{Map, Value};
use strongroom_kernel::Uuid;
use strongroom_model::Timestamp;

use super::{
    action::UserAction,
    post::{MAX_CHARACTERS, MAX_DATASETS, MAX_MODELS, MAX_RESOURCES, Posted},
    resource::Resource,
};

/// Longest trace that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;
/// Milliseconds since 1970 from which on a number is a time and not a counter: September 2001.
const EARLIEST: i64 = 1_000_000_000_000;

/// A trace of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chained {
    /// What was done.
    pub posted: Posted,
    /// Its id, where it was one that nothing else has.
    pub id: Option<Uuid>,
    /// Who submitted it.
    pub caller: Option<String>,
    /// When it was accepted, by the service that wrote it.
    pub time: Option<Timestamp>,
}

/// Why a text is no trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotATrace {
    /// Longer than [`MAX_BYTES`].
    #[error("it is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Not a JSON object.
    #[error("it is not a JSON object")]
    Syntax,
    /// A member is missing or cannot be understood.
    #[error("{0} is missing or cannot be understood")]
    Member(&'static str),
    /// More than a trace here can have.
    #[error("it has too many {0}")]
    TooMany(&'static str),
    /// A text that no trace here can have: anybody can write to a chain, and no index takes it.
    #[error("{0} has more than {MAX_CHARACTERS} characters, or a NUL character")]
    Text(&'static str),
}

/// Reads `text`.
///
/// # Errors
/// [`NotATrace`].
pub fn read(text: &str) -> Result<Chained, NotATrace> {
    if text.len() > MAX_BYTES {
        return Err(NotATrace::TooLong);
    }
    let Ok(Value::Object(members)) = serde_json::from_str(text) else { return Err(NotATrace::Syntax) };
    let action = members.get("userAction").and_then(Value::as_str).and_then(UserAction::from_name);
    let action = action.ok_or(NotATrace::Member("userAction"))?;
    let posted = Posted {
        user_id: one(&members, "userId").ok_or(NotATrace::Member("userId"))?,
        action,
        dataset_id: one(&members, "datasetId"),
        datasets_ids: many(&members, "datasetsIds", MAX_DATASETS, "datasets")?,
        previous_ids: previous(&members)?,
        application_id: one(&members, "applicationId"),
        model_id: one(&members, "modelId"),
        models_ids: many(&members, "modelsIds", MAX_MODELS, "models")?,
        tool_name: tool(&members, "name"),
        tool_version: tool(&members, "version"),
        details: one(&members, "details"),
        resources: resources(&members)?,
        remote: Vec::new(),
    };
    let id = members.get("id");
    let time = members.get("timestamp").and_then(instant).or_else(|| id.and_then(instant));
    let id = id.and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok()).filter(|id| !id.is_nil());
    let chained = Chained { posted, id, caller: one(&members, "callerId"), time };
    check_texts(&chained)?;
    Ok(chained)
}

fn check_texts(chained: &Chained) -> Result<(), NotATrace> {
    let posted = &chained.posted;
    let single = [
        ("userId", Some(&posted.user_id)),
        ("callerId", chained.caller.as_ref()),
        ("datasetId", posted.dataset_id.as_ref()),
        ("applicationId", posted.application_id.as_ref()),
        ("modelId", posted.model_id.as_ref()),
        ("tool", posted.tool_name.as_ref()),
        ("tool", posted.tool_version.as_ref()),
        ("details", posted.details.as_ref()),
    ];
    let lists = [
        ("datasetsIds", &posted.datasets_ids),
        ("previousIds", &posted.previous_ids),
        ("modelsIds", &posted.models_ids),
    ];
    let single = single.into_iter().filter_map(|(member, text)| Some((member, text?)));
    let lists = lists.into_iter().flat_map(|(member, list)| list.iter().map(move |text| (member, text)));
    let fits = |text: &str| !text.contains('\0') && text.chars().count() <= MAX_CHARACTERS;
    match single.chain(lists).find(|(_, text)| !fits(text)) {
        Some((member, _)) => Err(NotATrace::Text(member)),
        None => Ok(()),
    }
}

fn one(members: &Map<String, Value>, name: &str) -> Option<String> {
    match members.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn many(
    members: &Map<String, Value>,
    name: &'static str,
    most: usize,
    what: &'static str,
) -> Result<Vec<String>, NotATrace> {
    let Some(Value::Array(values)) = members.get(name) else {
        return Ok(one(members, name).into_iter().collect());
    };
    if values.len() > most {
        return Err(NotATrace::TooMany(what));
    }
    let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().ok_or(NotATrace::Member(name))
}

/// A list, or the single one that the forms in between had.
fn previous(members: &Map<String, Value>) -> Result<Vec<String>, NotATrace> {
    let all = many(members, "previousIds", MAX_DATASETS, "previous versions")?;
    Ok(if all.is_empty() { one(members, "previousId").into_iter().collect() } else { all })
}

fn tool(members: &Map<String, Value>, name: &str) -> Option<String> {
    members.get("tool")?.get(name)?.as_str().map(str::to_owned)
}

fn resources(members: &Map<String, Value>) -> Result<Option<Vec<Resource>>, NotATrace> {
    let listed = members.get("traceResources").or_else(|| members.get("resources"));
    let Some(listed) = listed.filter(|listed| !listed.is_null()) else { return Ok(None) };
    if listed.as_array().is_some_and(|listed| listed.len() > MAX_RESOURCES) {
        return Err(NotATrace::TooMany("resources"));
    }
    serde_json::from_value(listed.clone()).map(Some).map_err(|_| NotATrace::Member("traceResources"))
}

/// Milliseconds since 1970 as a number or as a text.
fn instant(value: &Value) -> Option<Timestamp> {
    let millis = match value {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    if millis < EARLIEST {
        return None;
    }
    Timestamp::from_micros(millis.checked_mul(1_000)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let newest = read(
            r#"{"id":"7d3c2c55-0000-4000-8000-000000000001","timestamp":"1767605400120","callerId":"c","version":"V1",
                "userId":"u","userAction":"USE_DATASETS","datasetsIds":["a","b"],"tool":{"name":"t","version":null}}"#,
        )
        .unwrap();
        assert_eq!(newest.posted.datasets_ids, ["a", "b"]);
        assert_eq!((newest.posted.tool_name.as_deref(), newest.posted.tool_version), (Some("t"), None));
        assert_eq!(newest.time.unwrap().micros(), 1_767_605_400_120_000);
        assert_eq!((newest.id.is_some(), newest.caller.as_deref()), (true, Some("c")));

        let millis_as_id = read(
            r#"{"id":1644000000123,"callerId":null,"version":1,"userId":"u","userAction":"CREATE_VERSION_DATASET",
                "datasetId":"d","previousId":"c","traceResources":[{"id":"r","contentHash":"AA==","contentHashType":
                "SHA3_256","nameHash":"AA==","nameHashType":"SHA3_256","pathHash":null,"pathHashType":null}]}"#,
        )
        .unwrap();
        assert_eq!(millis_as_id.posted.previous_ids, ["c"]);
        assert_eq!(millis_as_id.time.unwrap().micros(), 1_644_000_000_123_000);
        assert_eq!((millis_as_id.id, millis_as_id.caller), (None, None));
        assert_eq!(millis_as_id.posted.resources.unwrap()[0].name_hash.as_deref(), Some("AA=="));

        let first =
            read(r#"{"id":0,"userId":"u","userAction":"USE_DATASET_POD","datasetsIds":["d"]}"#).unwrap();
        assert_eq!((first.id, first.time), (None, None));
        assert_eq!(first.posted.action, UserAction::UseDatasets);
    }

    #[test]
    fn what_is_no_trace_is_told() {
        for (text, expected) in [
            ("", NotATrace::Syntax),
            ("[]", NotATrace::Syntax),
            (r#"{"userId":"u"}"#, NotATrace::Member("userAction")),
            (r#"{"userId":"u","userAction":"EAT"}"#, NotATrace::Member("userAction")),
            (r#"{"userAction":"USE_MODELS"}"#, NotATrace::Member("userId")),
            (r#"{"userId":"u","userAction":"USE_MODELS","modelsIds":[1]}"#, NotATrace::Member("modelsIds")),
            (
                r#"{"userId":"u","userAction":"CREATE_DATASET","traceResources":[{}]}"#,
                NotATrace::Member("traceResources"),
            ),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
        }
        let many = format!(
            r#"{{"userId":"u","userAction":"USE_DATASETS","datasetsIds":[{}]}}"#,
            ["\"d\""; 401].join(",")
        );
        assert_eq!(read(&many), Err(NotATrace::TooMany("datasets")));
        let with = |user: &str, dataset: &str| {
            read(&format!(
                r#"{{"userId":"{user}","userAction":"USE_DATASETS","datasetsIds":["e","{dataset}"]}}"#
            ))
        };
        let long = "\u{e9}".repeat(MAX_CHARACTERS);
        assert!(with(&long, &long).is_ok());
        assert_eq!(with(&format!("{long}x"), "d"), Err(NotATrace::Text("userId")));
        assert_eq!(with("u", r"d\u0000"), Err(NotATrace::Text("datasetsIds")));
        assert_eq!(read(&" ".repeat(MAX_BYTES + 1)), Err(NotATrace::TooLong));
    }
}
