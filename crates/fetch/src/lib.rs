//! The only outbound HTTP client: addresses guarded, time and size bounded, one TLS stack.
//!
//! Whoever asks something of the outside over HTTP does it through a [`Fetcher`], and whoever wants the file behind
//! an address that an outsider chose through a [`Downloader`]. They know no protocol above HTTP, keep nothing and
//! try nothing twice: whether another try makes sense is the caller's to say.
//! AMQP, SMTP and databases have clients of their own.

mod address;
mod download;
mod error;
mod fetcher;
mod names;
mod policy;
mod resolver;

pub use address::{AddressPolicy, is_public};
pub use download::Downloader;
pub use fetcher::{Answer, Fetcher, Limits, public_form};
pub use names::{Names, SystemNames};
pub use policy::{DownloadPolicy, HostPattern, InternalHost, InvalidHost, Scheme};
