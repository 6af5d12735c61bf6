//! Refusals as the original words them: which status, which body.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use strongroom_http::failure;
use strongroom_model::{Error, ErrorKind};

use super::answer;
use crate::wire::{
    form::FormError,
    json::push_text,
    token::TokenError,
    validation::{BodyError, Problems},
};

/// Why a request is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Its body cannot be read: 400 or 422.
    Body(BodyError),
    /// Its form cannot be read: 400 or 422.
    Form(FormError),
    /// It has no caller: 401.
    Caller(TokenError),
    /// The use-case refused it.
    UseCase(Error),
    /// A text under `detail`.
    Detail(StatusCode, &'static str),
    /// A metadata record stands in its way, or is missed: 400 in a form of its own.
    Integrity,
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<Problems> for Refusal {
    fn from(problems: Problems) -> Self {
        Self::Body(problems.into())
    }
}

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Self {
        Self::Form(error)
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self::Caller(error)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::UseCase(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Body(error) => answer::json(status_of(error.status()), error.to_body()),
            Self::Form(error) => answer::json(status_of(error.status()), error.to_body()),
            Self::Caller(error) => unauthenticated(error.to_body()),
            Self::UseCase(error) => use_case(&error),
            Self::Detail(status, text) => answer::json(status, detail(text)),
            Self::Integrity => {
                let body = format!(r#"{{"status":"failed","message":"{}"}}"#, crate::commands::INTEGRITY);
                answer::json(StatusCode::BAD_REQUEST, body)
            }
        }
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
}

/// 401 with the challenge that clients expect.
pub(super) fn unauthenticated(body: String) -> Response {
    let mut response = answer::json(StatusCode::UNAUTHORIZED, body);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn use_case(error: &Error) -> Response {
    failure::report(error);
    let mut response = match error.kind() {
        ErrorKind::Unauthenticated => unauthenticated(detail(error.public())),
        ErrorKind::Unsupported => {
            answer::json(StatusCode::UNPROCESSABLE_ENTITY, keyed("value", error.public()))
        }
        ErrorKind::Internal => answer::text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        kind => answer::json(failure::status_of(kind), detail(error.public())),
    };
    failure::retry_after(&mut response, error);
    response
}

/// `{"detail":"<text>"}`
pub(super) fn detail(text: &str) -> String {
    keyed("detail", text)
}

fn keyed(key: &str, text: &str) -> String {
    let mut body = format!("{{\"{key}\":");
    push_text(&mut body, text);
    body.push('}');
    body
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_refusal_that_passes_says_when_to_come_back() {
        let error = Error::new(ErrorKind::Unavailable, "later").with_retry_after(Duration::from_millis(10));
        let response = Refusal::UseCase(error).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }

    #[test]
    fn every_refusal_of_a_caller_carries_the_challenge() {
        for refusal in [
            Refusal::Caller(TokenError::NotAuthenticated),
            Refusal::UseCase(Error::new(ErrorKind::Unauthenticated, "Incorrect username or password")),
        ] {
            let response = refusal.into_response();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
        }
    }
}
