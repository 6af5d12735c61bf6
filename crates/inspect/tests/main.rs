//! Digests against the published answers, and against themselves in pieces.

mod known_answers;
mod pieces;
