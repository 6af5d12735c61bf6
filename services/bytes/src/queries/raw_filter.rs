//! What may be asked of raw files.

use std::collections::BTreeSet;

use strongroom_kernel::{TextList, Uuid, Value};

use super::sql::Statement;
use crate::{tables::domain, wire::upload::Limits};

/// Which raw files; conditions hold together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawFilter {
    /// Of one of these organisations; any when empty.
    pub organizations: Vec<String>,
    /// Of this job.
    pub boefje_meta_id: Option<Uuid>,
    /// With, or without, a parser job over them.
    pub normalized: Option<bool>,
    /// With one of these ids; any when empty.
    pub raw_ids: Vec<Uuid>,
    /// With all of these labels.
    pub mime_types: Vec<String>,
}

impl RawFilter {
    /// Adds these conditions over the table under the alias `raw`.
    pub(super) fn apply(&self, statement: &mut Statement) {
        if !self.organizations.is_empty() {
            let domains = self.organizations.iter().map(|of| Value::Text(domain(of).as_str().to_owned()));
            statement.one_of("raw.domain", domains);
        }
        if let Some(id) = self.boefje_meta_id {
            statement.condition("raw.boefje_meta = {}", Value::Id(id));
        }
        if !self.raw_ids.is_empty() {
            statement.one_of("raw.id", self.raw_ids.iter().map(|id| Value::Id(*id)));
        }
        let labels: BTreeSet<&String> = self.mime_types.iter().collect();
        if labels.len() > Limits::default().tags {
            // no file has so many
            return statement.bare_condition("1 = 0");
        }
        let needles = labels.into_iter().map(|label| Value::Text(TextList::needle(label)));
        statement.all_of("instr(raw.mime_types, {}) > 0", needles);
        if let Some(normalized) = self.normalized {
            let parsed = "EXISTS (SELECT 1 FROM bytes_normalizer_meta parsed WHERE parsed.raw_file = raw.id)";
            statement.bare_condition(&if normalized { parsed.to_owned() } else { format!("NOT {parsed}") });
        }
    }

    /// These conditions, on rows behind the place `after`.
    pub(super) fn conditions(&self, statement: &mut Statement, after: i64) {
        self.apply(statement);
        if after >= 0 {
            statement.condition("raw.row_order > {}", Value::Int(after));
        }
    }

    /// Whether an index leads to few rows.
    pub(super) fn is_narrow(&self) -> bool {
        self.boefje_meta_id.is_some() || (1..=20).contains(&self.raw_ids.len())
    }
}
