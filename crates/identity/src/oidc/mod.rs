//! Bearer tokens of OpenID Connect providers, such as Keycloak: who signed them, for whom, and with which roles.
//!
//! A provider's keys are found by discovery, kept, and fetched again on a rhythm and when a token names a key nobody
//! knows yet, never more often than [`Timing::pause`]. While the provider is away its last keys hold up to
//! [`Timing::keep`]; without keys the answer is "unavailable", never "wrong token" and never "welcome".
//! Signatures are checked by ring; symmetric algorithms and `none` are not in the vocabulary.
//! The way out to the provider is given from outside ([`Documents`]); nothing here opens a connection.

mod algorithm;
mod claims;
mod compact;
mod discovery;
mod documents;
mod identified;
mod issuer;
mod jwk;
mod key_set;
mod realm;
mod refusal;
mod seen;
mod settings;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use compact::Compact;
pub use documents::Documents;
pub use identified::Identified;
pub use issuer::IssuerStatus;
pub use key_set::{KeySet, KeySetError};
pub use realm::Realm;
pub use refusal::{Invalid, Refusal};
pub use settings::{AudienceCheck, IssuerSettings, OidcSettings, SettingsError, Timing};
