//! What both databases do alike when tables are read whole or filled again.

use strongroom_kernel::{
    Operation, State, Value,
    ports::{PortError, PortErrorKind, RowFilter},
};

/// An owned [`RowFilter`].
#[derive(Debug)]
pub(crate) enum Filter {
    /// See [`RowFilter::Key`].
    Key(Vec<Value>),
    /// See [`RowFilter::After`].
    After {
        /// See there.
        after: i64,
        /// See there.
        limit: usize,
    },
}

impl From<RowFilter<'_>> for Filter {
    fn from(filter: RowFilter<'_>) -> Self {
        match filter {
            RowFilter::Key(key) => Self::Key(key.to_vec()),
            RowFilter::After { after, limit } => Self::After { after, limit },
        }
    }
}

/// What the operations of a unit did when they were accepted, to be done again: a put replaces, a removal
/// needs a row if it did then, conditions are gone.
pub(crate) fn without_expectations(operations: &[Operation]) -> Vec<Operation> {
    let written = operations.iter().filter(|operation| !matches!(operation, Operation::Require { .. }));
    let mut operations: Vec<Operation> = written.cloned().collect();
    for operation in &mut operations {
        match operation {
            Operation::Put { expectation, .. } => *expectation = State::Any.into(),
            Operation::Remove { expectation, .. } if matches!(expectation.state, State::Version(_)) => {
                *expectation = State::Present.into();
            }
            Operation::Bump { bounds, .. } => *bounds = (i64::MIN, i64::MAX),
            Operation::Remove { .. } | Operation::Require { .. } => {}
        }
    }
    operations
}

/// The error of an operation that does not fit the rows.
pub(crate) fn misfit(sequence: u64, operation: &str) -> PortError {
    PortError::new(
        PortErrorKind::Conflict,
        format!("replay unit {sequence}: {operation} does not fit its rows"),
    )
}
