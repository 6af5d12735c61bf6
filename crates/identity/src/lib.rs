//! Who may do what: Strongroom's own signed tokens, tokens of identity providers, passwords of local accounts.
//!
//! [`Claims`] are Strongroom's own tokens for roles that no imitated service has, such as the auditor's. [`oidc`]
//! reads tokens of outside providers, [`password`] checks local accounts, [`Credentials`] reads the header both come
//! in. What a role or an account allows is the business of the services.

mod authorization;
mod key;
pub mod oidc;
pub mod password;
mod token;

pub use authorization::{Credentials, CredentialsError, MOST_HEADER_BYTES};
pub use key::{KeyError, TokenKey};
pub use token::{Claims, Refusal, Role};
