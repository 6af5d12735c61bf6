//! Values out of rows, parameters into texts.

use strongroom_kernel::{Uuid, Value, from_port, ports::PortError};
use strongroom_model::Error;

/// Rows of one unit: what `row_order` counts per sequence.
pub(super) const PER_UNIT: u64 = 1_024;

/// `$first, $first+1, …`: `count` of them.
pub(super) fn parameters(first: usize, count: usize) -> String {
    let parameters: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    parameters.join(", ")
}

pub(super) fn id(value: Option<&Value>) -> Result<Uuid, Error> {
    match value {
        Some(Value::Id(id)) => Ok(*id),
        _ => Err(wrong()),
    }
}

pub(super) fn text(value: Option<Value>) -> Result<Option<String>, Error> {
    match value {
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(Value::Null) => Ok(None),
        _ => Err(wrong()),
    }
}

/// A count; the sum of nothing is null.
pub(super) fn count(value: Option<&Value>) -> Result<u64, Error> {
    match value {
        Some(Value::Int(count)) => u64::try_from(*count).map_err(|_| wrong()),
        Some(Value::Null) | None => Ok(0),
        _ => Err(wrong()),
    }
}

fn wrong() -> Error {
    from_port(PortError::corrupt("a query of tracer: value of another kind"))
}
