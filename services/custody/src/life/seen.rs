//! One leaf in words.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use strongroom_kernel::{
    ports::{PortError, StoredRecord},
    record,
};
use strongroom_ledger::Leaf;
use strongroom_model::Timestamp;

/// What a leaf tells: when, who, what, of what, and how it ended. Erased values are `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Index of the leaf.
    pub index: u64,
    /// Log time.
    pub time: String,
    /// The time that the record claims.
    pub claimed: String,
    /// The service.
    pub service: String,
    /// What the caller set out to do.
    pub action: String,
    /// Who he was.
    pub caller: SeenCaller,
    /// `done`, or the label of the reason why not.
    pub outcome: String,
    /// How many such things it stands for; 1 but for strangers that were turned away.
    pub count: u64,
    /// What it is about.
    pub subjects: Vec<SeenSubject>,
    /// Rows it wrote.
    pub rows: Vec<SeenRow>,
    /// Domains of content that was read.
    pub read: Vec<String>,
    /// Hash of the leaf in the tree, base64.
    pub leaf_hash: String,
}

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCaller {
    /// `account`, `auditor`, `system`, `stranger`.
    pub kind: String,
    /// His name; `null` when it was erased.
    pub name: Option<String>,
}

/// Something with an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSubject {
    /// What kind of thing.
    pub noun: String,
    /// Which one.
    pub id: String,
}

/// A row operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRow {
    /// `put`, `remove`, `bump`.
    pub op: String,
    /// The table.
    pub table: String,
}

impl Seen {
    /// Reads a record.
    ///
    /// # Errors
    /// `Corrupt` when leaf or record are malformed.
    pub fn of(stored: &StoredRecord) -> Result<Self, PortError> {
        let (_, plain) = record::plain(stored)?;
        Self::of_plain(stored, &plain)
    }

    /// As [`Seen::of`], of a record that was opened already.
    pub(crate) fn of_plain(stored: &StoredRecord, plain: &Json) -> Result<Self, PortError> {
        let broken = |what: &str| PortError::corrupt(format!("record {}: {what}", stored.index));
        let leaf = Leaf::decode(&stored.leaf).map_err(|error| broken("malformed leaf").with_source(error))?;
        let time = Timestamp::from_micros(leaf.time_micros).ok_or_else(|| broken("log time out of range"))?;
        let list = |name: &str| plain[name].as_array().cloned().unwrap_or_default();
        Ok(Self {
            index: stored.index,
            time: time.to_string(),
            claimed: text(&plain["time"]),
            service: leaf.service.as_str().to_owned(),
            action: text(&plain["action"]),
            caller: SeenCaller {
                kind: text(&plain["caller"]["kind"]),
                name: plain["caller"]["name"].as_str().map(str::to_owned),
            },
            outcome: plain["refused"].as_str().unwrap_or("done").to_owned(),
            count: plain["count"].as_u64().unwrap_or(1),
            subjects: list("subjects")
                .iter()
                .map(|subject| SeenSubject { noun: text(&subject["noun"]), id: text(&subject["id"]) })
                .collect(),
            rows: list("rows")
                .iter()
                .map(|row| SeenRow { op: text(&row["op"]), table: text(&row["table"]) })
                .collect(),
            read: list("content").iter().map(|content| text(&content["domain"])).collect(),
            leaf_hash: leaf.hash().to_base64(),
        })
    }
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}
