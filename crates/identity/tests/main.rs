//! Tokens against a provider in the same process: who gets in, who does not, and what happens when keys change or
//! the provider is away.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail them")]

mod rotation;
mod support;
mod tokens;
