//! A statement that grows, with its parameters.

use strongroom_kernel::{Uuid, Value};

use super::super::rows::parameters;

/// Parameters in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) params: Vec<Value>,
}

impl Statement {
    /// `$n`, which stands for `value`.
    pub(super) fn parameter(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("${}", self.params.len())
    }

    /// A whole number; what is beyond the largest one is the largest.
    pub(super) fn number(&mut self, number: u64) -> String {
        self.parameter(Value::Int(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    /// Each of `values` as a parameter.
    pub(super) fn each(&mut self, values: impl IntoIterator<Item = Value>) -> Vec<String> {
        values.into_iter().map(|value| self.parameter(value)).collect()
    }

    /// Whether `column` is one of `ids`.
    pub(super) fn one_of(&mut self, column: &str, ids: &[Uuid]) -> String {
        let first = self.params.len() + 1;
        self.params.extend(ids.iter().copied().map(Value::Id));
        format!("{column} IN ({})", parameters(first, ids.len()))
    }
}
