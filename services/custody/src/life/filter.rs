//! Which leaves of a life are wanted, as a query string says it.

use std::borrow::Cow;

use strongroom_model::Timestamp;

use super::seen::Seen;

/// Leaves of an answer unless asked for fewer, and at most.
const LIMIT: usize = 100;
const MOST: usize = 500;
/// Longest query string that is read, in bytes.
const LONGEST: usize = 4_096;

/// Which leaves are wanted. The default wants all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// This action only.
    pub action: Option<String>,
    /// This service only.
    pub service: Option<String>,
    /// Log time at or after this.
    pub from: Option<Timestamp>,
    /// Log time before this.
    pub to: Option<Timestamp>,
    /// The ledger as it was with this many leaves.
    pub as_of: Option<u64>,
    /// At or after this leaf: the `next` of an earlier page.
    pub cursor: Option<u64>,
    /// How many leaves; the service's default where it does not say.
    pub limit: Option<usize>,
}

/// A part of a query string that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Nothing has this name.
    #[error("unknown parameter {0}; there are action, service, from, to, asOf, cursor and limit")]
    Unknown(String),
    /// The value is not of its kind.
    #[error("{name} must be {what}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What it must be.
        what: &'static str,
    },
    /// The query string is too long.
    #[error("the query string is longer than 4096 bytes")]
    Length,
}

impl Filter {
    /// Reads a query string.
    ///
    /// # Errors
    /// [`FilterError`].
    pub fn parse(query: &str) -> Result<Self, FilterError> {
        if query.len() > LONGEST {
            return Err(FilterError::Length);
        }
        let mut filter = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            filter.set(&name, value)?;
        }
        Ok(filter)
    }

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), FilterError> {
        const INSTANT: &str = "an RFC 3339 instant in UTC, such as 2025-03-04T10:20:30Z";
        let time = |name| value.parse::<Timestamp>().map_err(|_| FilterError::Value { name, what: INSTANT });
        let number = |name, what| value.parse::<u64>().map_err(|_| FilterError::Value { name, what });
        match name {
            "action" => self.action = Some(value.into_owned()),
            "service" => self.service = Some(value.into_owned()),
            "from" => self.from = Some(time("from")?),
            "to" => self.to = Some(time("to")?),
            "asOf" => self.as_of = Some(number("asOf", "a number of leaves")?),
            "cursor" => self.cursor = Some(number("cursor", "the next of an earlier answer")?),
            "limit" => {
                let what = "1 to 500";
                let limit = usize::try_from(number("limit", what)?).ok();
                let limit = limit.filter(|limit| (1..=MOST).contains(limit));
                self.limit = Some(limit.ok_or(FilterError::Value { name: "limit", what })?);
            }
            other => return Err(FilterError::Unknown(other.chars().take(40).collect())),
        }
        Ok(())
    }

    /// How many leaves a page has, at most.
    pub fn page_size(&self) -> usize {
        self.limit.unwrap_or(LIMIT)
    }

    /// Whether a leaf found is wanted; times and tree size are the business of who finds it.
    pub fn wants(&self, seen: &Seen) -> bool {
        self.action.as_ref().is_none_or(|action| *action == seen.action)
            && self.service.as_ref().is_none_or(|service| *service == seen.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_whole_or_refused() {
        let filter = Filter::parse("action=save_raw&from=2025-03-04T10%3A20%3A30Z&asOf=7&cursor=3&limit=500");
        let filter = filter.unwrap();
        assert_eq!((filter.as_of, filter.cursor, filter.page_size()), (Some(7), Some(3), 500));
        assert_eq!(filter.from.unwrap().to_string(), "2025-03-04T10:20:30.000000Z");
        assert_eq!(Filter::parse("").unwrap().page_size(), 100);
        for wrong in ["limit=0", "limit=501", "cursor=-1", "asOf=x", "from=yesterday", "untill=1"] {
            Filter::parse(wrong).unwrap_err();
        }
        assert_eq!(Filter::parse(&"a".repeat(5_000)), Err(FilterError::Length));
    }
}
