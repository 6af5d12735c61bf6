//! What is wrong with a request: one entry per field, in words for whoever sent it.

use serde::Serialize;

/// Most problems that are told at once.
const MOST: usize = 20;

/// One field that cannot stand as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its path in the request, such as `resources[2].hash`.
    pub field: String,
    /// What must be changed, such as `must not be blank`.
    pub message: String,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// One problem.
    pub fn one(field: impl Into<String>, message: impl Into<String>) -> Self {
        let mut problems = Self::default();
        problems.add(field, message);
        problems
    }

    /// Adds a problem; after the twentieth none is kept.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < MOST {
            self.0.push(Problem { field: field.into(), message: message.into() });
        }
    }

    /// The problems in the order they were found.
    pub fn list(&self) -> &[Problem] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them in one line: `userId must not be blank; details must be one of …`.
    pub fn summary(&self) -> String {
        let lines: Vec<String> =
            self.0.iter().map(|problem| format!("{} {}", problem.field, problem.message)).collect();
        lines.join("; ")
    }
}
