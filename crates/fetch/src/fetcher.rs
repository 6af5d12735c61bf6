//! The client itself.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, ClientBuilder, Method, RequestBuilder, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    redirect::{Attempt, Policy},
};
use strongroom_kernel::ports::{PortError, PortErrorKind};

use crate::{
    AddressPolicy, SystemNames,
    error::port_error,
    resolver::{Forbidden, GuardedResolver, check_url},
};

/// What one request may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long connecting may take, TLS included.
    pub connect_timeout: Duration,
    /// How long everything may take, from the first redirect to the last byte of the answer.
    pub total_timeout: Duration,
    /// How long an answer may be, in bytes.
    pub max_body: usize,
    /// How many redirects are followed.
    pub redirects: usize,
}

impl Default for Limits {
    /// 5 s to connect, 10 s for all, 1 MiB, 10 redirects.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(10),
            max_body: 1 << 20,
            redirects: 10,
        }
    }
}

/// An answer, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status of the last request, after redirects.
    pub status: u16,
    /// The `Content-Type` header as it came, if it is ASCII.
    pub content_type: Option<String>,
    /// The body, at most [`Limits::max_body`] bytes.
    pub body: Bytes,
}

impl Answer {
    /// The answer, if its status is one of success (2xx).
    ///
    /// # Errors
    /// `Unavailable` for 408, 425, 429 and 5xx, which may pass; `Refused` for all else.
    pub fn success(self, context: &str) -> Result<Self, PortError> {
        let status = self.status;
        let kind = match status {
            200..=299 => return Ok(self),
            408 | 425 | 429 | 500.. => PortErrorKind::Unavailable,
            _ => PortErrorKind::Refused,
        };
        Err(PortError::new(kind, format!("{context}: the answer has status {status}")))
    }
}

/// Asks the outside over HTTP and HTTPS (1.1 and 2), within limits.
///
/// Cheap to clone: connections are shared. Certificates are checked against the system's roots.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    limits: Limits,
    policy: AddressPolicy,
}

impl Fetcher {
    /// A client that keeps to `limits` and `policy`.
    ///
    /// # Errors
    /// `Unavailable` when the TLS stack cannot be set up. A system without root certificates is no error:
    /// then only `http` works.
    pub fn new(limits: Limits, policy: AddressPolicy) -> Result<Self, PortError> {
        let redirects = Redirects::Follow { at_most: limits.redirects, policy };
        let client = client(&GuardedResolver::new(policy, Arc::new(SystemNames)), redirects, |builder| {
            builder.connect_timeout(limits.connect_timeout).timeout(limits.total_timeout)
        })?;
        Ok(Self { client, limits, policy })
    }

    /// What the client keeps to.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Asks for `url`.
    ///
    /// # Errors
    /// `Refused` when the URL is wrong or leads where the policy forbids, after too many redirects, or when the
    /// answer is longer than allowed; `Unavailable` when there is no answer in time. A status other than success
    /// is an answer: see [`Answer::success`].
    pub async fn get(&self, url: &str) -> Result<Answer, PortError> {
        let request = self.request(Method::GET, url)?;
        self.send("get", request).await
    }

    /// Posts `body`. Redirects 301, 302 and 303 turn it into a GET, as browsers do; 307 and 308 repeat it.
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    pub async fn post(
        &self,
        url: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, PortError> {
        let content_type = HeaderValue::from_str(content_type)
            .map_err(|error| PortError::refused("post: read the content type").with_source(error))?;
        let request = self.request(Method::POST, url)?.header(CONTENT_TYPE, content_type).body(body.into());
        self.send("post", request).await
    }

    /// Posts `body` with a bearer token, which no other host is told of after a redirect.
    ///
    /// # Errors
    /// As [`Fetcher::get`]; `Refused` when the token cannot stand in a header.
    pub async fn post_with_token(
        &self,
        url: &str,
        content_type: &str,
        body: impl Into<Bytes>,
        token: &str,
    ) -> Result<Answer, PortError> {
        let read = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|error| PortError::refused("post: read a header").with_source(error))
        };
        let mut token = read(&format!("Bearer {token}"))?;
        token.set_sensitive(true);
        let request = self.request(Method::POST, url)?.header(CONTENT_TYPE, read(content_type)?);
        self.send("post", request.header(AUTHORIZATION, token).body(body.into())).await
    }

    /// Posts `fields` as `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    pub async fn post_form(&self, url: &str, fields: &[(&str, &str)]) -> Result<Answer, PortError> {
        let request = self.request(Method::POST, url)?.form(fields);
        self.send("post form", request).await
    }

    fn request(&self, method: Method, url: &str) -> Result<RequestBuilder, PortError> {
        let url = Url::parse(url).map_err(|error| PortError::refused("read the URL").with_source(error))?;
        check_url(&url, self.policy)
            .map_err(|forbidden| PortError::refused(forbidden.to_string()).with_source(forbidden))?;
        Ok(self.client.request(method, url))
    }

    async fn send(&self, context: &str, request: RequestBuilder) -> Result<Answer, PortError> {
        let failed = |error| port_error(context, error);
        let mut response = request.send().await.map_err(failed)?;
        let limit = self.limits.max_body;
        if response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_long(context, limit));
        }
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            if body.len() + piece.len() > limit {
                return Err(too_long(context, limit));
            }
            body.extend_from_slice(&piece);
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Ok(Answer {
            status: StatusCode::as_u16(&response.status()),
            content_type: content_type.map(str::to_owned),
            body: body.freeze(),
        })
    }
}

/// `url` in its normal form (a bare host gets a trailing `/`), without user and password: fit to be shown.
///
/// # Errors
/// `Refused` when it is not a URL of `http` or `https`.
pub fn public_form(url: &str) -> Result<String, PortError> {
    let mut url = Url::parse(url).map_err(|error| PortError::refused("read the URL").with_source(error))?;
    check_url(&url, AddressPolicy::Any)
        .map_err(|forbidden| PortError::refused(forbidden.to_string()).with_source(forbidden))?;
    // Both fail only for URLs that cannot have a host, which `http` and `https` always do.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Ok(url.into())
}

fn too_long(context: &str, limit: usize) -> PortError {
    PortError::refused(format!("{context}: the answer is longer than {limit} bytes"))
}

/// What a client does of itself when it is sent elsewhere.
#[derive(Clone, Copy)]
pub(crate) enum Redirects {
    /// Nothing: the answer is the redirect.
    None,
    /// It follows, where `policy` allows.
    Follow { at_most: usize, policy: AddressPolicy },
}

/// A client behind `resolver`, with the system's roots if there are any, and what `further` adds.
///
/// # Errors
/// `Unavailable` when the TLS stack cannot be set up.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes HTTP clients")]
pub(crate) fn client(
    resolver: &GuardedResolver,
    redirects: Redirects,
    further: impl Fn(ClientBuilder) -> ClientBuilder,
) -> Result<Client, PortError> {
    // Fails when somebody installed one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let mut builder = Client::builder()
            .user_agent(concat!("strongroom/", env!("CARGO_PKG_VERSION")))
            .redirect(match redirects {
                Redirects::None => Policy::none(),
                Redirects::Follow { at_most, policy } => {
                    Policy::custom(move |attempt| follow(attempt, at_most, policy))
                }
            })
            .referer(false)
            .dns_resolver(resolver.clone());
        if resolver.policy() != AddressPolicy::Any {
            builder = builder.no_proxy();
        }
        further(builder)
    };
    let built = builder().build().or_else(|_| builder().tls_certs_only([]).build());
    built.map_err(|error| port_error("set up the HTTP client", error))
}

fn follow(attempt: Attempt<'_>, limit: usize, policy: AddressPolicy) -> reqwest::redirect::Action {
    let secure_before = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    let forbidden = if attempt.previous().len() > limit {
        Err(Forbidden::Redirects)
    } else if secure_before && attempt.url().scheme() != "https" {
        Err(Forbidden::Downgrade)
    } else {
        check_url(attempt.url(), policy)
    };
    match forbidden {
        Ok(()) => attempt.follow(),
        Err(forbidden) => attempt.error(forbidden),
    }
}
