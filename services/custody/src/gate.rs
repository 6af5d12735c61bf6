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
    authenticate(custody, headers).map_err(|text| {
        custody.kernel.record_denial(&Caller::stranger(), action);
        let mut response = refuse(StatusCode::UNAUTHORIZED, text);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        response
    })
}

fn authenticate(custody: &Custody, headers: &HeaderMap) -> Result<Caller, &'static str> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = header.and_then(|header| header.split_once(' ')).ok_or("not authenticated")?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err("not authenticated");
    }
    let now = custody.kernel.clock().now();
    let claims = Claims::verify(token.trim(), &custody.token_key, now).map_err(|_| "not a valid token")?;
    match claims.role {
        Role::Auditor => Ok(Caller::auditor(claims.name)),
    }
}

/// The caller as the access line has him.
pub(crate) fn line_name(caller: &Caller) -> String {
    format!("{}:{}", caller.kind.word(), caller.name)
}
