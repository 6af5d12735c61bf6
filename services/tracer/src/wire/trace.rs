//! Answers about traces: the whole trace, its line in a list, its entry in the cache.

use serde::Serialize;
use serde_json::value::RawValue;
use strongroom_kernel::Uuid;
use strongroom_model::Timestamp;

use super::{
    action::UserAction,
    instant::{iso, millis},
};
use crate::tables::Trace;

/// Version of the form of a trace.
const VERSION: &str = "V1";

/// A trace and the persons it names; erased persons have no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTrace {
    /// The trace.
    pub trace: Trace,
    /// Who acted.
    pub user: Option<String>,
    /// Who said so.
    pub caller: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    id: Uuid,
    timestamp: String,
    caller_id: Option<&'a str>,
    version: &'static str,
    user_id: Option<&'a str>,
    user_action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    models_ids: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    datasets_ids: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    previous_ids: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_resources: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: Option<&'a str>,
    version: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    version: &'static str,
    id: Uuid,
    timestamp: String,
    user_id: Option<&'a str>,
    caller_id: Option<&'a str>,
    user_action: &'a str,
    details: Option<String>,
}

/// How far an accepted trace has come on its way into the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Durable, without its place in the ledger yet.
    Waiting,
    /// It has its place, and the ledger's verdict is not final yet.
    InLedger,
    /// It is accepted, and files of its resources are still to be fetched.
    Fetching,
    /// It is accepted, and files of its resources could not be had.
    Failed,
}

impl Status {
    /// The original's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::InLedger => "BLOCKCHAIN_WAITING",
            Self::Fetching => "FETCHING",
            Self::Failed => "ERROR",
        }
    }
}

/// An accepted trace whose place in the ledger is not final yet, or whose files are not all fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheEntry {
    /// Its trace.
    pub trace: NamedTrace,
    /// How far it has come.
    pub status: Status,
    /// Where in the ledger it is: `<origin>/<index>`.
    pub place: Option<String>,
    /// What keeps it, in words.
    pub message: Option<String>,
    /// When it was changed last; when it was accepted unless something else is said.
    pub changed: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    id: Uuid,
    transaction_id: Option<&'a str>,
    creation_date: String,
    modification_date: String,
    status: &'static str,
    status_message: Option<&'a str>,
    blockchain_type: &'a str,
    caller_id: Option<&'a str>,
    trace_id: Uuid,
    trace: String,
}

impl NamedTrace {
    /// The whole trace; its time is a text of epoch milliseconds.
    pub fn whole(&self) -> String {
        let Trace { resources, .. } = &self.trace;
        let action = UserAction::from_name(&self.trace.action);
        let tool = (action == Some(UserAction::UseDatasets)).then_some(Tool {
            name: self.trace.tool_name.as_deref(),
            version: self.trace.tool_version.as_deref(),
        });
        json(&Whole {
            id: self.trace.id,
            timestamp: millis(self.trace.time),
            caller_id: self.caller.as_deref(),
            version: VERSION,
            user_id: self.user.as_deref(),
            user_action: &self.trace.action,
            application_id: self.trace.application_id.as_deref(),
            model_id: self.trace.model_id.as_deref(),
            models_ids: &self.trace.models_ids.0,
            dataset_id: self.trace.dataset_id.as_deref(),
            datasets_ids: &self.trace.datasets_ids.0,
            previous_ids: &self.trace.previous_ids.0,
            details: self.trace.details.as_deref(),
            tool,
            trace_resources: resources.as_ref().and_then(|list| serde_json::from_str(&list.0).ok()),
        })
    }

    /// Its line in a list; its time is ISO 8601.
    pub fn line(&self) -> String {
        json(&Line {
            version: VERSION,
            id: self.trace.id,
            timestamp: iso(self.trace.time),
            user_id: self.user.as_deref(),
            caller_id: self.caller.as_deref(),
            user_action: &self.trace.action,
            details: self.details(),
        })
    }

    /// What was updated, or the tool and its version.
    fn details(&self) -> Option<String> {
        match UserAction::from_name(&self.trace.action)? {
            UserAction::UpdateDataset => self.trace.details.clone(),
            UserAction::UseDatasets => {
                let name = self.trace.tool_name.as_deref()?;
                let version = self.trace.tool_version.as_deref();
                Some(version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}")))
            }
            _ => None,
        }
    }
}

impl CacheEntry {
    /// An entry that was made a moment ago.
    pub fn new(trace: NamedTrace) -> Self {
        Self { trace, status: Status::Waiting, place: None, message: None, changed: None }
    }

    /// The entry as the cache lists it; `ledger` is what ours is called.
    pub fn to_json(&self, ledger: &str) -> String {
        let trace = &self.trace.trace;
        let accepted: Timestamp = trace.time;
        json(&Entry {
            id: trace.entry,
            transaction_id: self.place.as_deref(),
            creation_date: iso(accepted),
            modification_date: iso(self.changed.unwrap_or(accepted)),
            status: self.status.word(),
            status_message: self.message.as_deref(),
            blockchain_type: ledger,
            caller_id: self.trace.caller.as_deref(),
            trace_id: trace.id,
            trace: self.trace.whole(),
        })
    }
}

/// The texts as members of one JSON array.
pub fn array(members: impl Iterator<Item = String>) -> String {
    let members: Vec<String> = members.collect();
    format!("[{}]", members.join(","))
}

/// # Panics
/// Never: all keys are texts and nothing refuses to be written.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and lists of texts are always JSON")
}

#[cfg(test)]
mod tests {
    use strongroom_kernel::{Json, TextList};

    use super::*;

    fn trace(action: UserAction) -> NamedTrace {
        let trace = Trace {
            id: Uuid::from_u128(1),
            entry: Uuid::from_u128(2),
            time: Timestamp::from_micros(1_767_605_400_120_000).unwrap(),
            user_id: Uuid::nil(),
            caller_id: Uuid::nil(),
            action: action.name().to_owned(),
            dataset_id: None,
            datasets_ids: TextList::default(),
            previous_ids: TextList::default(),
            application_id: None,
            model_id: None,
            models_ids: TextList::default(),
            tool_name: None,
            tool_version: None,
            details: None,
            resources: None,
        };
        NamedTrace { trace, user: Some("u".to_owned()), caller: Some("c".to_owned()) }
    }

    const HEAD: &str = concat!(
        r#"{"id":"00000000-0000-0000-0000-000000000001","timestamp":"1767605400120","callerId":"c","#,
        r#""version":"V1","userId":"u","userAction":"#
    );

    #[test]
    fn whole_traces_have_the_members_of_their_action() {
        let mut created = trace(UserAction::CreateDataset);
        created.trace.dataset_id = Some("d".to_owned());
        created.trace.resources = Some(Json("[]".to_owned()));
        assert_eq!(
            created.whole(),
            format!(r#"{HEAD}"CREATE_DATASET","datasetId":"d","traceResources":[]}}"#)
        );
        let mut used = trace(UserAction::UseDatasets);
        used.trace.datasets_ids = TextList(vec!["a".to_owned(), "B".to_owned()]);
        assert_eq!(
            used.whole(),
            format!(
                r#"{HEAD}"USE_DATASETS","datasetsIds":["a","B"],"tool":{{"name":null,"version":null}}}}"#
            )
        );
        let mut modelled = trace(UserAction::CreateModel);
        modelled.trace.application_id = Some("app".to_owned());
        modelled.trace.model_id = Some("m".to_owned());
        modelled.trace.datasets_ids = TextList(vec!["a".to_owned()]);
        assert_eq!(
            modelled.whole(),
            format!(r#"{HEAD}"CREATE_MODEL","applicationId":"app","modelId":"m","datasetsIds":["a"]}}"#)
        );
    }

    #[test]
    fn lines_tell_the_tool_or_the_update() {
        let mut used = trace(UserAction::UseDatasets);
        assert!(used.line().ends_with(r#""userAction":"USE_DATASETS","details":null}"#), "{}", used.line());
        used.trace.tool_version = Some("1.4".to_owned());
        assert_eq!(used.details(), None);
        used.trace.tool_name = Some("desktop".to_owned());
        assert_eq!(used.details().as_deref(), Some("desktop 1.4"));
        used.trace.tool_version = None;
        assert_eq!(used.details().as_deref(), Some("desktop"));
        let mut updated = trace(UserAction::UpdateDataset);
        updated.trace.details = Some("PUBLISH".to_owned());
        assert_eq!(
            updated.line(),
            concat!(
                r#"{"version":"V1","id":"00000000-0000-0000-0000-000000000001","#,
                r#""timestamp":"2026-01-05T09:30:00.120Z","userId":"u","callerId":"c","#,
                r#""userAction":"UPDATE_DATASET","details":"PUBLISH"}"#
            )
        );
    }
}
