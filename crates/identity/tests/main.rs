//! Tokens against a provider in the same process: who gets in, who does not, and what happens when keys change or
//! the provider is away.

mod rotation;
mod support;
mod tokens;
