//! `POST /token`: a bearer token for an account.

use axum::{body::Body, http::StatusCode, response::Response};
use strongroom_http::{Facts, body, insert_receipt};
use strongroom_kernel::Unit;
use strongroom_model::{Caller, Error, ErrorKind, Timestamp};

use super::super::{answer, ask::Ask, error::Refusal};
use crate::{commands::LOG_IN, wire::form::Login};

/// Most bytes of a login form.
const FORM_BYTES: usize = 64 << 10;

/// Checks the form's account and issues a token; the login is recorded before the token is handed out.
pub(in crate::http) async fn issue(ask: Ask, body: Body) -> Result<Response, Refusal> {
    let form = body::read(body, FORM_BYTES).await?;
    let form = form.ok_or(Refusal::Detail(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large"))?;
    let login = Login::from_body(ask.content_type().as_deref(), &form)?;
    if !ask.state.knows(&login.username, &login.password) {
        ask.kernel().record_denial(&Caller::stranger(), LOG_IN);
        return Err(Error::new(ErrorKind::Unauthenticated, "Incorrect username or password").into());
    }
    let receipt = ask.kernel().record(Unit::new(&Caller::account(&login.username), LOG_IN)).await?;
    let expires_at = ask.kernel().clock().now().saturating_add(ask.state.config().token_lifetime);
    let token = ask.state.token_key().issue(&login.username, expires_at);
    let expires_at = with_offset(expires_at);
    let body = format!(r#"{{"access_token":"{token}","token_type":"bearer","expires_at":"{expires_at}"}}"#);
    let mut response = answer::json(StatusCode::OK, body);
    let caller = Some(format!("account:{}", login.username));
    response.extensions_mut().insert(Facts { caller, ..Facts::default() });
    insert_receipt(&mut response, &receipt);
    Ok(response)
}

/// ISO 8601 with `+00:00`, six fraction digits or none: the one place where the original does not write `Z`.
fn with_offset(instant: Timestamp) -> String {
    let mut text = String::new();
    crate::wire::scalar::push_instant(&mut text, instant);
    format!("{}+00:00", text.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_token_is_written_with_an_offset() {
        let text = |micros| with_offset(Timestamp::from_micros(micros).unwrap());
        assert_eq!(text(0), "1970-01-01T00:00:00+00:00");
        assert_eq!(text(123_456), "1970-01-01T00:00:00.123456+00:00");
    }
}
