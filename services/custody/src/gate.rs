//! Who may read records (holders of a token of role `auditor`) and who may erase (those of role `eraser`).

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use strongroom_identity::{Claims, Role};
use strongroom_kernel::Action;
use strongroom_model::Caller;

use crate::{Custody, error::refuse};

/// The auditor, or the refusal, recorded as one of `action`.
pub(crate) fn admit(custody: &Custody, headers: &HeaderMap, action: Action) -> Result<Caller, Response> {
    admit_role(custody, headers, Role::Auditor, action)
}

/// The holder of a token of role `eraser`, or the refusal, recorded as one of `action`.
pub(crate) fn admit_eraser(
    custody: &Custody,
    headers: &HeaderMap,
    action: Action,
) -> Result<Caller, Response> {
    admit_role(custody, headers, Role::Eraser, action)
}

/// The holder of a token of role `forwarder`, or the refusal, recorded as one of `action`.
pub(crate) fn admit_forwarder(
    custody: &Custody,
    headers: &HeaderMap,
    action: Action,
) -> Result<Caller, Response> {
    admit_role(custody, headers, Role::Forwarder, action)
}

/// A token of another role is refused under its holder's name; without a token nobody is known.
fn admit_role(
    custody: &Custody,
    headers: &HeaderMap,
    wanted: Role,
    action: Action,
) -> Result<Caller, Response> {
    match claims(custody, headers) {
        Ok(claims) if claims.role == wanted => Ok(caller_of(claims)),
        Ok(claims) => {
            custody.kernel.record_denial(&caller_of(claims), action);
            let text = match wanted {
                Role::Auditor => "a token of role auditor is needed",
                Role::Eraser => "a token of role eraser is needed",
                Role::Forwarder => "a token of role forwarder is needed",
            };
            Err(refuse(StatusCode::FORBIDDEN, text))
        }
        Err(text) => Err(turn_away(custody, text, action)),
    }
}

fn caller_of(claims: Claims) -> Caller {
    match claims.role {
        Role::Auditor => Caller::auditor(claims.name),
        Role::Eraser | Role::Forwarder => Caller::account(claims.name),
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

/// The caller as the access line has him.
pub(crate) fn line_name(caller: &Caller) -> String {
    format!("{}:{}", caller.kind.word(), caller.name)
}
