//! How a unit of an erasure names what it destroys: never by value, always by place.
//!
//! A subject `erased_values` is `<index>:<place>,<place>…`: the record, and which of its openings, counted from 0.
//! A subject `erasure` says to which erasure the unit belongs.

use std::collections::{BTreeMap, BTreeSet};

use crate::{record::OpenedRecord, unit::Action};

/// The action of units that say what is being destroyed.
pub(crate) const ERASE: Action = Action { service: crate::anchoring::SCHEMA.service, name: "erase" };
/// The action of the unit that says that it was.
pub(crate) const ERASED: Action = Action { service: crate::anchoring::SCHEMA.service, name: "erased" };
/// Noun of the erasure's own id.
pub(crate) const ERASURE: &str = "erasure";
/// Noun of the openings of one record.
pub(crate) const VALUES: &str = "erased_values";

/// Openings by the index of their record.
pub(crate) type Places = BTreeMap<u64, BTreeSet<usize>>;

/// The name of openings of the record `index`.
pub(crate) fn name(index: u64, places: &BTreeSet<usize>) -> String {
    let places: Vec<String> = places.iter().map(usize::to_string).collect();
    format!("{index}:{}", places.join(","))
}

/// The id of the erasure to which a record belongs, and the openings it names; `None` for other records.
pub(crate) fn named(record: &OpenedRecord) -> Option<(String, Places)> {
    if record.service != ERASE.service || record.action != ERASE.name || record.plain.get("refused").is_some()
    {
        return None;
    }
    let mut id = String::new();
    let mut places = Places::new();
    for subject in record.plain.get("subjects")?.as_array()? {
        let text = subject["id"].as_str()?;
        if subject["noun"] == ERASURE {
            text.clone_into(&mut id);
        } else if subject["noun"] == VALUES
            && let Some((index, listed)) = text.split_once(':')
            && let Ok(index) = index.parse()
        {
            places
                .entry(index)
                .or_default()
                .extend(listed.split(',').filter_map(|place| place.parse::<usize>().ok()));
        }
    }
    Some((id, places))
}
