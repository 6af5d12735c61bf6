//! The only outbound HTTP client: addresses guarded, time and size bounded, one TLS stack.
//!
//! Whoever asks something of the outside over HTTP does it through a [`Fetcher`]. It knows no protocol above
//! HTTP, keeps nothing and tries nothing twice: whether another try makes sense is the caller's to say.
//! AMQP, SMTP and databases have clients of their own.

mod address;
mod error;
mod fetcher;
mod resolver;

pub use address::{AddressPolicy, is_public};
pub use fetcher::{Answer, Fetcher, Limits, public_form};
