//! Files by addresses that outsiders chose.

use std::{error::Error as StdError, future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{
        ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION,
    },
};
use strongroom_kernel::ports::{Fetch, FetchError, FetchLimits, Fetched, PortError};
use tokio::time::Instant;

use crate::{
    AddressPolicy, DownloadPolicy, Names, SystemNames,
    fetcher::{Redirects, client},
    policy::Admitted,
    resolver::{Forbidden, GuardedResolver, forbidden},
};

/// Fetches files by HTTP and HTTPS (1.1 and 2) from whom its policy allows.
///
/// Each hop is looked up once, connected to exactly what was found and allowed, and never from a kept
/// connection. No cookies, no credentials, no referrer, no proxy. FTP is not spoken.
#[derive(Debug, Clone)]
pub struct Downloader {
    policy: Arc<DownloadPolicy>,
    /// For hosts of the internet.
    public: Client,
    /// For those the policy names as internal.
    internal: Client,
}

impl Downloader {
    /// A client that asks whom `policy` allows.
    ///
    /// # Errors
    /// `Unavailable` when the TLS stack cannot be set up.
    pub fn new(policy: DownloadPolicy) -> Result<Self, PortError> {
        Self::with_names(policy, Arc::new(SystemNames))
    }

    /// The same with another way to look names up.
    ///
    /// # Errors
    /// As [`Downloader::new`].
    #[expect(clippy::needless_pass_by_value, reason = "both clients keep it")]
    pub fn with_names(policy: DownloadPolicy, names: Arc<dyn Names>) -> Result<Self, PortError> {
        let guarded = |addresses| {
            client(&GuardedResolver::new(addresses, Arc::clone(&names)), Redirects::None, |builder| {
                builder.pool_max_idle_per_host(0)
            })
        };
        Ok(Self {
            policy: Arc::new(policy),
            public: guarded(AddressPolicy::PublicOnly)?,
            internal: guarded(AddressPolicy::Internal)?,
        })
    }

    fn client(&self, addresses: AddressPolicy) -> &Client {
        match addresses {
            AddressPolicy::Internal => &self.internal,
            AddressPolicy::PublicOnly | AddressPolicy::Any => &self.public,
        }
    }

    /// Asks until the answer is no redirect.
    async fn ask(&self, url: &str, patience: Patience) -> Result<Response, FetchError> {
        let Admitted { mut url, mut addresses } = self.policy.admit(url)?;
        for _ in 0..=self.policy.redirects {
            let request = self.client(addresses).get(url.clone()).header(ACCEPT_ENCODING, "identity");
            let response = patience.wait(request.send()).await?.map_err(unreachable)?;
            let Some(location) = location(&response) else { return Ok(response) };
            let next = self.policy.redirect(&url, location?)?;
            (url, addresses) = (next.url, next.addresses);
        }
        Err(FetchError::Redirect)
    }
}

#[async_trait]
impl Fetch for Downloader {
    fn check(&self, url: &str) -> Result<(), FetchError> {
        self.policy.admit(url).map(drop)
    }

    async fn fetch(&self, url: &str, limits: FetchLimits) -> Result<Fetched, FetchError> {
        let patience = Patience { end: Instant::now() + limits.total, idle: limits.idle };
        let response = self.ask(url, patience).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let headers = response.headers();
        if text(headers, &CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"))
        {
            return Err(FetchError::Encoded);
        }
        let length = text(headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok());
        if length.is_some_and(|length: u64| length > limits.max_bytes) {
            return Err(FetchError::TooLong { limit: limits.max_bytes });
        }
        Ok(Fetched {
            url: without_fragment(response.url()),
            media_type: text(headers, &CONTENT_TYPE).map(str::to_owned),
            length,
            body: Box::pin(stream::try_unfold(
                Body { response, patience, length, limit: limits.max_bytes, received: 0 },
                Body::next,
            )),
        })
    }
}

/// How long to wait for the next thing.
#[derive(Debug, Clone, Copy)]
struct Patience {
    end: Instant,
    idle: Duration,
}

impl Patience {
    async fn wait<T>(self, future: impl Future<Output = T>) -> Result<T, FetchError> {
        let until = self.end.min(Instant::now() + self.idle);
        tokio::time::timeout_at(until, future).await.map_err(|_| FetchError::Time)
    }
}

/// The rest of a file.
struct Body {
    response: Response,
    patience: Patience,
    length: Option<u64>,
    limit: u64,
    received: u64,
}

impl Body {
    /// The next piece. The client's buffer keeps a piece below half a MiB.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, FetchError> {
        // An error within the body is an end before its end, whatever its cause.
        let piece = self.patience.wait(self.response.chunk()).await?.map_err(|_| FetchError::Incomplete)?;
        let Some(piece) = piece else {
            let whole = self.length.is_none_or(|length| length == self.received);
            return if whole { Ok(None) } else { Err(FetchError::Incomplete) };
        };
        self.received += piece.len() as u64;
        if self.received > self.limit {
            return Err(FetchError::TooLong { limit: self.limit });
        }
        Ok(Some((piece, self)))
    }
}

/// The target of a redirect, if `response` is one.
fn location(response: &Response) -> Option<Result<&str, FetchError>> {
    let redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    redirect.then(|| text(response.headers(), &LOCATION).ok_or(FetchError::Redirect))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}

fn unreachable(error: reqwest::Error) -> FetchError {
    // the URL may be secret, and whoever asked knows it
    let error = error.without_url();
    match forbidden(&error as &(dyn StdError + 'static)) {
        Some(Forbidden::Address) => FetchError::Address,
        Some(Forbidden::Scheme | Forbidden::Downgrade | Forbidden::Redirects) | None => {
            FetchError::Unreachable(error.into())
        }
    }
}
