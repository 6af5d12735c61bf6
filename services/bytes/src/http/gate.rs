//! Lets a request in: its caller, or why it has none.
//!
//! The original reads the body before it looks at the token, so that a syntax error is told even to a stranger. That
//! order is kept, but of a stranger's body at most 64 KiB are read.

use axum::{
    body::Body,
    http::{header, request::Parts},
};
use strongroom_http::body;
use strongroom_model::Caller;

use super::{
    ask::content_type,
    error::Refusal,
    routes::{Access, Operation},
};
use crate::{
    BytesState,
    wire::{body::read_optional, media, token::TokenError, validation::BodyError},
};

/// Most bytes of a body that are read to tell a stranger what is wrong with it.
const STRANGERS_BYTES: usize = 64 << 10;

/// The caller of a request, and its body untouched.
pub(super) async fn admit(
    state: &BytesState,
    operation: Operation,
    parts: &Parts,
    body: Body,
) -> Result<(Caller, Body), Refusal> {
    let Access::Token(action) = operation.access() else { return Ok((Caller::stranger(), body)) };
    match authenticate(state, parts) {
        Ok(subject) => Ok((Caller::account(subject), body)),
        Err(error) => {
            state.kernel().record_denial(&Caller::stranger(), action);
            if operation.reads_json() && media::is_json(content_type(&parts.headers).as_deref()) {
                check_syntax(body).await?;
            }
            Err(error.into())
        }
    }
}

fn authenticate(state: &BytesState, parts: &Parts) -> Result<String, TokenError> {
    let authorization = parts.headers.get(header::AUTHORIZATION);
    // a header that is no text is no token either
    let authorization = authorization.map(|value| value.to_str().unwrap_or("bearer ?"));
    state.token_key().authenticate(authorization, state.kernel().clock().now())
}

/// Reads a stranger's body as far as it is worth it.
async fn check_syntax(body: Body) -> Result<(), BodyError> {
    match body::read(body, STRANGERS_BYTES).await {
        Ok(Some(bytes)) => read_optional(None, &bytes, |_, _, _| Some(())).map(|_| ()),
        // too long, or cut short: the missing token is told
        Ok(None) | Err(_) => Ok(()),
    }
}
