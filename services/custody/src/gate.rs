//! Who may read records: holders of a token of role `auditor`.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use strongroom_identity::{Claims, Role};
use strongroom_kernel::Action;
use strongroom_model::Caller;

use crate::{Custody, error::refuse};

/// The auditor, or the refusal, counted as one of `action`.
pub(crate) fn admit(custody: &Custody, headers: &HeaderMap, action: Action) -> Result<Caller, Response> {
    authenticate(custody, headers).map_err(|text| turn_away(custody, text, action))
}

/// The holder of a token of role `eraser`, or the refusal, recorded as one of `action`.
pub(crate) fn admit_eraser(
    custody: &Custody,
    headers: &HeaderMap,
    action: Action,
) -> Result<Caller, Response> {
    match claims(custody, headers) {
        Ok(Claims { name, role: Role::Eraser, .. }) => Ok(Caller::account(name)),
        Ok(Claims { name, role: Role::Auditor, .. }) => {
            custody.kernel.record_denial(&Caller::auditor(name), action);
            Err(refuse(StatusCode::FORBIDDEN, "a token of role eraser is needed"))
        }
        Err(text) => Err(turn_away(custody, text, action)),
    }
}

fn turn_away(custody: &Custody, text: &str, action: Action) -> Response {
    custody.kernel.record_denial(&Caller::stranger(), action);
    let mut response = refuse(StatusCode::UNAUTHORIZED, text);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn claims(custody: &Custody, headers: &HeaderMap) -> Result<Claims, &'static str> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = header.and_then(|header| header.split_once(' ')).ok_or("not authenticated")?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err("not authenticated");
    }
    let now = custody.kernel.clock().now();
    Claims::verify(token.trim(), &custody.token_key, now).map_err(|_| "not a valid token")
}

fn authenticate(custody: &Custody, headers: &HeaderMap) -> Result<Caller, &'static str> {
    let claims = claims(custody, headers)?;
    match claims.role {
        Role::Auditor => Ok(Caller::auditor(claims.name)),
        Role::Eraser => Err("a token of role auditor is needed"),
    }
}

/// The caller as the access line has him.
pub(crate) fn line_name(caller: &Caller) -> String {
    format!("{}:{}", caller.kind.word(), caller.name)
}
