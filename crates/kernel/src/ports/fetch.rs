//! Files of outsiders, fetched by the address a client posted.

use std::{error::Error as StdError, fmt, pin::Pin, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;

/// What one download may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// How long the file may be, in bytes.
    pub max_bytes: u64,
    /// How long everything may take, from looking the name up to the last byte.
    pub total: Duration,
    /// How long may pass without a byte, on the way to the answer and within it.
    pub idle: Duration,
}

/// A file on its way.
pub struct Fetched {
    /// Where it came from in the end, after redirects.
    pub url: String,
    /// The media type its server claims, if it is ASCII.
    pub media_type: Option<String>,
    /// The length its server claims; a body of another length ends in [`FetchError::Incomplete`].
    pub length: Option<u64>,
    /// The file. Ends early only with an error.
    pub body: FetchStream,
}

/// A file in pieces, each at most 1 MiB.
pub type FetchStream = Pin<Box<dyn Stream<Item = Result<Bytes, FetchError>> + Send>>;

impl fmt::Debug for Fetched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Fetched")
            .field("url", &self.url)
            .field("media_type", &self.media_type)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Why a file was not fetched. The texts are fit for whoever asked for it: they tell nothing of our network.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is none.
    #[error("the address is not a URL")]
    Url,
    /// Its scheme is not among those allowed.
    #[error("the scheme of the URL is not one of those allowed: {allowed}")]
    Scheme {
        /// Those allowed, for a reader.
        allowed: String,
    },
    /// It holds a user or a password.
    #[error("the URL holds a user name or a password; none are sent or kept")]
    Credentials,
    /// Its port is not among those allowed.
    #[error("the port of the URL is not one of those allowed")]
    Port,
    /// Its host is not among those allowed.
    #[error("the host of the URL is not one of those that may be asked")]
    Host,
    /// The host, or all addresses of its name, are not public ones.
    #[error("the host of the URL has no address that may be asked")]
    Address,
    /// A redirect leads from `https` to `http`.
    #[error("a redirect leads from https to http")]
    Downgrade,
    /// One redirect more than allowed, or one that leads nowhere.
    #[error("too many redirects, or one without a usable target")]
    Redirect,
    /// The server answered with something else than a file.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// The file came in a form whose digest is not the file's.
    #[error("the server sent the file in an encoding, such as compressed, that was not asked for")]
    Encoded,
    /// The file is longer than allowed.
    #[error("the file is longer than {limit} bytes")]
    TooLong {
        /// What is allowed.
        limit: u64,
    },
    /// The time for everything is over, or nothing came for too long.
    #[error("the server did not send the file in time")]
    Time,
    /// The body ended before its length was reached, or without its proper end.
    #[error("the file ended before it was whole")]
    Incomplete,
    /// No connection, or a failure within it.
    #[error("the server could not be reached")]
    Unreachable(#[source] Box<dyn StdError + Send + Sync>),
}

impl FetchError {
    /// Whether another try may succeed: time, connections, statuses 408, 425, 429 and 5xx.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Time | Self::Incomplete | Self::Unreachable(_) => true,
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500..),
            Self::Url
            | Self::Scheme { .. }
            | Self::Credentials
            | Self::Port
            | Self::Host
            | Self::Address
            | Self::Downgrade
            | Self::Redirect
            | Self::Encoded
            | Self::TooLong { .. } => false,
        }
    }
}

/// Fetches files by addresses that outsiders chose.
///
/// Safe to call from many tasks. Sends no credentials, keeps nothing and tries nothing twice. Never asks an
/// address that only we can reach, by whatever name or redirect it is given, unless the operator allowed it.
#[async_trait]
pub trait Fetch: fmt::Debug + Send + Sync {
    /// Whether `url` would be asked at all: what can be told from its text, without a look at the network.
    ///
    /// # Errors
    /// `Url`, `Scheme`, `Credentials`, `Port`, `Host`, `Address`.
    fn check(&self, url: &str) -> Result<(), FetchError>;

    /// Asks for `url`, follows redirects, and returns with the beginning of the file. The limits hold until the
    /// end of its body.
    ///
    /// # Errors
    /// Any of [`FetchError`].
    async fn fetch(&self, url: &str, limits: FetchLimits) -> Result<Fetched, FetchError>;
}
