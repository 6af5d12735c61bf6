//! Reads a posted trace: the shapes of the first version and of the newest one, chosen by the action.
//!
//! Pure and bounded by what it is given; unknown members are ignored, and everything that is wrong is told at once.

mod members;
mod resources;

use strongroom_inspect::Algorithm;

use super::{
    action::UserAction,
    ledger_name::is_ledger,
    problem::Problems,
    resource::{Remote, Resource},
};
pub(in crate::wire) use members::MAX_CHARACTERS;
use members::{Members, Reader};

/// Most datasets of one trace: each is a row and a count.
pub const MAX_DATASETS: usize = 400;
/// Most models of one trace.
pub const MAX_MODELS: usize = 150;
/// Most resources of one trace.
pub const MAX_RESOURCES: usize = 10_000;

/// What a reader of traces goes by.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Hashes content, names and addresses.
    pub algorithm: Algorithm,
    /// What our ledger is called.
    pub ledger: String,
    /// Update details beyond [`super::lists::UPDATE_DETAILS`].
    pub further_details: Vec<String>,
}

/// A trace as it was posted, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Who acted.
    pub user_id: String,
    /// What he did.
    pub action: UserAction,
    /// The one dataset it is about.
    pub dataset_id: Option<String>,
    /// The datasets it is about.
    pub datasets_ids: Vec<String>,
    /// Versions before this one.
    pub previous_ids: Vec<String>,
    /// The application that made or used models.
    pub application_id: Option<String>,
    /// The model that was made.
    pub model_id: Option<String>,
    /// The models that were used.
    pub models_ids: Vec<String>,
    /// The tool the datasets were used with.
    pub tool_name: Option<String>,
    /// Its version.
    pub tool_version: Option<String>,
    /// What was updated.
    pub details: Option<String>,
    /// Resources of the dataset; absent where the action has none.
    pub resources: Option<Vec<Resource>>,
    /// Contents of resources that are still to be fetched.
    pub remote: Vec<Remote>,
}

/// Why a body is no trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// It is not a JSON object; the text says where it goes wrong.
    Syntax(String),
    /// Members are missing or wrong.
    Problems(Problems),
}

/// Reads the body of `POST /api/v1/traces`.
///
/// # Errors
/// [`Rejection`] with all that must be changed.
pub fn read(body: &[u8], rules: &Rules) -> Result<Posted, Rejection> {
    // a list would be read as members in order
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Rejection::Syntax("the body is not a JSON object".to_owned()));
    }
    let members: Members<'_> = serde_json::from_slice(body)
        .map_err(|error| Rejection::Syntax(format!("the body is not a JSON object: {error}")))?;
    let mut reader = Reader::default();
    let user_id = reader.text("userId", members.user_id);
    let action = action(&mut reader, &members);
    ledgers(&mut reader, &members, rules);
    let Some(action) = action else { return Err(Rejection::Problems(reader.problems)) };
    let mut posted = Posted {
        user_id: user_id.unwrap_or_default(),
        action,
        dataset_id: None,
        datasets_ids: Vec::new(),
        previous_ids: Vec::new(),
        application_id: None,
        model_id: None,
        models_ids: Vec::new(),
        tool_name: None,
        tool_version: None,
        details: None,
        resources: None,
        remote: Vec::new(),
    };
    fill(&mut posted, &mut reader, &members, rules);
    if reader.problems.is_empty() { Ok(posted) } else { Err(Rejection::Problems(reader.problems)) }
}

fn action(reader: &mut Reader, members: &Members<'_>) -> Option<UserAction> {
    let name = reader.text("userAction", members.user_action)?;
    let action = UserAction::from_name(name.trim());
    if action.is_none() {
        let known: Vec<&str> = UserAction::ALL.iter().map(|action| action.name()).collect();
        reader.problem("userAction", &format!("must be one of {}", known.join(", ")));
    }
    action
}

/// Whatever ledgers a client targets, ours is meant; a name nobody knows is a mistake that must not pass in silence.
fn ledgers(reader: &mut Reader, members: &Members<'_>, rules: &Rules) {
    for (place, name) in reader.optional_texts("blockchains", members.blockchains, 16).iter().enumerate() {
        if !is_ledger(name, &rules.ledger) {
            let known = "ALL_ENABLED, BESU_PRIVATE, BIGCHAINDB_PRIVATE";
            let message = format!("must be one of {}, {known}", rules.ledger);
            reader.problem(&format!("blockchains[{place}]"), &message);
        }
    }
}

fn fill(posted: &mut Posted, reader: &mut Reader, members: &Members<'_>, rules: &Rules) {
    match posted.action {
        UserAction::CreateDataset => {
            posted.dataset_id = reader.text("datasetId", members.dataset_id);
            resources::read(posted, reader, members.resources, rules);
        }
        UserAction::CreateVersionDataset => {
            new_version(posted, reader, members);
            resources::read(posted, reader, members.resources, rules);
        }
        UserAction::VisualizeVersionDataset => {
            posted.dataset_id = reader.text("datasetId", members.dataset_id);
        }
        UserAction::UpdateDataset => {
            posted.dataset_id = reader.text("datasetId", members.dataset_id);
            posted.details = details(reader, members, rules);
        }
        UserAction::UseDatasets => {
            posted.datasets_ids = reader.texts("datasetsIds", members.datasets_ids, MAX_DATASETS);
            posted.tool_name = reader.optional_text("toolName", members.tool_name);
            posted.tool_version = reader.optional_text("toolVersion", members.tool_version);
        }
        UserAction::CreateModel => {
            // the code of the first version wanted one dataset in place of the list
            if members.datasets_ids.is_none() && members.dataset_id.is_some() {
                posted.datasets_ids.extend(reader.text("datasetId", members.dataset_id));
            } else {
                posted.datasets_ids = reader.texts("datasetsIds", members.datasets_ids, MAX_DATASETS);
            }
            posted.application_id = reader.text("applicationId", members.application_id);
            posted.model_id = reader.text("modelId", members.model_id);
        }
        UserAction::UseModels => {
            // the newest version knows no dataset here
            posted.dataset_id = reader.optional_text("datasetId", members.dataset_id);
            posted.application_id = reader.text("applicationId", members.application_id);
            posted.models_ids = reader.texts("modelsIds", members.models_ids, MAX_MODELS);
        }
    }
}

/// The README misspells `datasetId` as `datasetsIds`, and later has one `previousId`.
fn new_version(posted: &mut Posted, reader: &mut Reader, members: &Members<'_>) {
    if members.dataset_id.is_none() && members.datasets_ids.is_some() {
        let ids = reader.text_or_texts("datasetsIds", members.datasets_ids, MAX_DATASETS);
        match <[String; 1]>::try_from(ids) {
            Ok([only]) => posted.dataset_id = Some(only),
            Err(ids) => posted.datasets_ids = ids,
        }
    } else {
        posted.dataset_id = reader.text("datasetId", members.dataset_id);
    }
    if members.previous_ids.is_none() && members.previous_id.is_some() {
        posted.previous_ids.extend(reader.text("previousId", members.previous_id));
    } else {
        posted.previous_ids = reader.text_or_texts("previousIds", members.previous_ids, MAX_DATASETS);
    }
}

fn details(reader: &mut Reader, members: &Members<'_>, rules: &Rules) -> Option<String> {
    let posted = reader.text("details", members.details)?;
    let known = super::lists::UPDATE_DETAILS.iter().copied();
    let known: Vec<&str> = known.chain(rules.further_details.iter().map(String::as_str)).collect();
    let found = known.iter().find(|known| known.eq_ignore_ascii_case(posted.trim()));
    if found.is_none() {
        reader.problem("details", &format!("must be one of {}", known.join(", ")));
    }
    found.map(|found| (*found).to_owned())
}

#[cfg(test)]
mod tests;
