//! Scan jobs.

use strongroom_kernel::{Snapshot, Value, ports::Reach};
use strongroom_model::Error;

use super::sql::Statement;
use crate::tables::BoefjeMeta;

/// Up to this many rows are read where they are asked for.
const FEW: u64 = 20;

/// Which inputs match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputFilter {
    /// Jobs without an input.
    None,
    /// All jobs.
    Any,
    /// Jobs with this input.
    Is(String),
}

/// Which scan jobs, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoefjeMetaFilter {
    /// Of this organisation.
    pub organization: String,
    /// Of this scanner.
    pub boefje_id: Option<String>,
    /// On these inputs.
    pub input: InputFilter,
    /// Latest start first; jobs of equal starts are in the order of insertion either way.
    pub descending: bool,
}

/// At most `limit` scan jobs after the first `offset`, by their start.
///
/// # Errors
/// `Unavailable`.
pub async fn list_boefje_metas(
    snapshot: &Snapshot,
    filter: &BoefjeMetaFilter,
    limit: u64,
    offset: u64,
) -> Result<Vec<BoefjeMeta>, Error> {
    let mut rest = Statement::default();
    rest.condition("organization = {}", Value::Text(filter.organization.clone()));
    if let Some(boefje_id) = &filter.boefje_id {
        rest.condition("boefje_id = {}", Value::Text(boefje_id.clone()));
    }
    match &filter.input {
        InputFilter::None => rest.bare_condition("substr(input_ooi, 1, 200) IS NULL"),
        InputFilter::Any => {}
        InputFilter::Is(input) => {
            // the index holds the beginning; compared whole, SQLite would put the parameter for the column in both
            let beginning = input.chars().take(200).collect();
            let rest_of_it = input.chars().skip(200).collect();
            rest.condition("substr(input_ooi, 1, 200) = {}", Value::Text(beginning));
            rest.condition("substr(input_ooi, 201) = {}", Value::Text(rest_of_it));
        }
    }
    rest.push(if filter.descending { " ORDER BY started_at DESC" } else { " ORDER BY started_at" });
    rest.push(", row_order");
    rest.page(limit, offset);
    let indexed = filter.boefje_id.is_some() && filter.input != InputFilter::Any && offset == 0;
    let reach = if indexed && limit <= FEW { Reach::Point } else { Reach::Scan };
    snapshot.select(&rest.text, &rest.params, reach).await
}
