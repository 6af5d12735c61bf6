//! Puts statements together: columns of typed rows, conditions with numbered parameters.

use strongroom_kernel::{Kind, Row, Value, from_port};
use strongroom_model::{Error, ErrorKind};

/// Conditions that are put into brackets together.
const GROUP: usize = 100;

/// A statement that grows: its text, and the parameters its `$n` stand for.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) params: Vec<Value>,
    conditions: usize,
}

impl Statement {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Adds a condition; `{}` in it stands for `value`.
    pub(super) fn condition(&mut self, condition: &str, value: Value) {
        let parameter = self.parameter(value);
        self.bare_condition(&condition.replace("{}", &parameter));
    }

    /// Adds a condition without parameters.
    pub(super) fn bare_condition(&mut self, condition: &str) {
        self.text.push_str(if self.conditions == 0 { " WHERE " } else { " AND " });
        self.conditions += 1;
        self.text.push_str(condition);
    }

    /// Adds `condition` for each of `values`, for which `{}` in it stands.
    pub(super) fn all_of(&mut self, condition: &str, values: impl Iterator<Item = Value>) {
        let parameters: Vec<String> = values.map(|value| self.parameter(value)).collect();
        // in groups: SQLite takes no chain of more than a thousand
        for group in parameters.chunks(GROUP) {
            let group: Vec<String> = group.iter().map(|of| condition.replace("{}", of)).collect();
            self.bare_condition(&format!("({})", group.join(" AND ")));
        }
    }

    /// Adds that `column` is one of `values`.
    pub(super) fn one_of(&mut self, column: &str, values: impl Iterator<Item = Value>) {
        let parameters: Vec<String> = values.map(|value| self.parameter(value)).collect();
        self.bare_condition(&format!("{column} IN ({})", parameters.join(", ")));
    }

    /// The next condition is the first of a statement within this one.
    pub(super) fn begin_conditions(&mut self) {
        self.conditions = 0;
    }

    /// Adds what follows the conditions.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds `LIMIT` and, where it is not zero, `OFFSET`.
    pub(super) fn page(&mut self, limit: u64, offset: u64) {
        let limit = self.parameter(number(limit));
        self.text.push_str(" LIMIT ");
        self.text.push_str(&limit);
        if offset > 0 {
            let offset = self.parameter(number(offset));
            self.text.push_str(" OFFSET ");
            self.text.push_str(&offset);
        }
    }

    fn parameter(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("${}", self.params.len())
    }
}

fn number(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The columns of `R` under `alias`.
pub(super) fn columns<R: Row>(alias: &str) -> String {
    let columns: Vec<String> =
        R::TABLE.columns.iter().map(|column| format!("{alias}.{}", column.name)).collect();
    columns.join(", ")
}

/// The kinds of those columns.
pub(super) fn kinds<R: Row>() -> impl Iterator<Item = Kind> {
    R::TABLE.columns.iter().map(|column| column.kind)
}

/// Takes the row of `R` from the front of `values`.
pub(super) fn take<R: Row>(values: &mut Vec<Value>) -> Result<R, Error> {
    let rest = values.split_off(values.len().min(R::TABLE.columns.len()));
    R::from_values(std::mem::replace(values, rest)).map_err(from_port)
}

/// A row came that is not of the kinds asked for.
pub(crate) fn undecodable() -> Error {
    Error::new(ErrorKind::Internal, "internal error")
        .with_context("a query of bytes gave values of other kinds")
}
