//! Several digests of one content in one pass.

use std::fmt;

use crate::{
    Algorithm,
    hasher::{Hasher, hasher},
};

/// Computes digests by several algorithms over content that arrives in pieces.
///
/// Memory does not depend on the content: at most 2 KiB for each algorithm.
pub struct Digests(Vec<(Algorithm, Box<dyn Hasher>)>);

impl Digests {
    /// Begins with `algorithms`; one named twice is computed once.
    pub fn new(algorithms: &[Algorithm]) -> Self {
        let mut running: Vec<(Algorithm, Box<dyn Hasher>)> = Vec::with_capacity(algorithms.len());
        for algorithm in algorithms {
            if !running.iter().any(|(other, _)| other == algorithm) {
                running.push((*algorithm, hasher(*algorithm)));
            }
        }
        Self(running)
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        for (_, hasher) in &mut self.0 {
            hasher.update(piece);
        }
    }

    /// The digests of all pieces, in the order the algorithms were first named.
    pub fn finish(self) -> Vec<(Algorithm, Vec<u8>)> {
        self.0.into_iter().map(|(algorithm, hasher)| (algorithm, hasher.finish())).collect()
    }
}

impl fmt::Debug for Digests {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|(algorithm, _)| algorithm)).finish()
    }
}
