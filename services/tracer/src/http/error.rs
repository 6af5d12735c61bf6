//! Refusals: a status that says whose fault it is, and the JSON that clients of the original read.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;
use strongroom_http::failure;
use strongroom_model::{Error, ErrorKind, Timestamp};

use super::answer;
use crate::wire::{
    instant::iso,
    post::Rejection,
    problem::{Problem, Problems},
};

/// Why a request is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Its body is not JSON: 400.
    Syntax(String),
    /// Members of its body are wrong: 422.
    Body(Problems),
    /// Its path or query is wrong: 400.
    Query(Problems),
    /// It has no caller: 401 with this challenge.
    Caller(Challenge, &'static str),
    /// The use-case refused it.
    UseCase(Error),
    /// A status and a text.
    Plain(StatusCode, String),
}

/// The value of `WWW-Authenticate`.
#[derive(Debug)]
pub(super) struct Challenge(String);

impl Challenge {
    /// Asks for a bearer token.
    pub(super) fn bearer(realm: &str) -> Self {
        Self(format!("Bearer realm=\"{}\"", quoted(realm)))
    }

    /// Says what is wrong with one (RFC 6750 §3).
    pub(super) fn invalid_token(realm: &str, why: &str) -> Self {
        let Self(bearer) = Self::bearer(realm);
        Self(format!("{bearer}, error=\"invalid_token\", error_description=\"{}\"", quoted(why)))
    }

    /// Asks for name and password; only where some were sent, since browsers open a window for it.
    pub(super) fn basic(realm: &str) -> Self {
        Self(format!("Basic realm=\"{}\"", quoted(realm)))
    }
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// What clients of the original read; `error` is what the platform's pages show.
#[derive(Serialize)]
struct Body<'a> {
    timestamp: String,
    status: u16,
    error: String,
    message: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "<[Problem]>::is_empty")]
    errors: &'a [Problem],
}

impl Refusal {
    /// A status and a text.
    pub(super) fn plain(status: StatusCode, text: impl Into<String>) -> Self {
        Self::Plain(status, text.into())
    }

    /// More is asked than can be done.
    pub(super) fn overloaded() -> Self {
        let error = Error::new(ErrorKind::Unavailable, "more is asked than can be done now, try again");
        Self::UseCase(error.with_retry_after(std::time::Duration::from_secs(1)))
    }

    /// Whether a part was missing to decide.
    pub(super) fn is_unavailable(&self) -> bool {
        matches!(self, Self::UseCase(error) if error.kind() == ErrorKind::Unavailable)
    }

    /// The answer to a request for `path`.
    pub(super) fn into_response(self, path: &str, now: Timestamp) -> Response {
        let respond = |status: StatusCode, text: &str, problems: &Problems| {
            let reason = status.canonical_reason().unwrap_or("Error");
            let body = Body {
                timestamp: iso(now),
                status: status.as_u16(),
                error: format!("{reason}: {text}"),
                message: text,
                path,
                errors: problems.list(),
            };
            answer::json(status, &body)
        };
        let none = Problems::default();
        match self {
            Self::Syntax(text) => respond(StatusCode::BAD_REQUEST, &text, &none),
            Self::Body(problems) => respond(StatusCode::UNPROCESSABLE_ENTITY, &problems.summary(), &problems),
            Self::Query(problems) => respond(StatusCode::BAD_REQUEST, &problems.summary(), &problems),
            Self::Plain(status, text) => respond(status, &text, &none),
            Self::Caller(Challenge(challenge), text) => {
                let mut response = respond(StatusCode::UNAUTHORIZED, text, &none);
                if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                }
                response
            }
            Self::UseCase(error) => {
                failure::report(&error);
                let mut response = respond(failure::status_of(error.kind()), error.public(), &none);
                failure::retry_after(&mut response, &error);
                response
            }
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::UseCase(error)
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Syntax(text) => Self::Syntax(text),
            Rejection::Problems(problems) => Self::Body(problems),
        }
    }
}
