//! Lets a request in: its caller, or why it has none. A refused request's body is never read.

use axum::http::{StatusCode, header, request::Parts};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use strongroom_kernel::Action;
use strongroom_model::Caller;

use super::{
    error::{Challenge, Refusal},
    routes::{Access, Operation},
};
use crate::{
    TracerState,
    callers::{ADMIN, Identified, TRACE_WRITER, TokenRefusal},
    config::Open,
};

/// Header by which browsers say where a request comes from.
const FETCH_SITE: &str = "sec-fetch-site";
/// Headers that proxies add.
const FORWARDED: &[&str] = &["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// A caller who was let in.
#[derive(Debug, Clone)]
pub(super) struct Admitted {
    /// As records name him.
    pub(super) caller: Caller,
    /// What his credential says; absent where none is asked for.
    pub(super) identified: Option<Identified>,
}

impl Admitted {
    fn nobody() -> Self {
        Self { caller: Caller::stranger(), identified: None }
    }
}

/// The caller of a request.
pub(super) async fn admit(
    state: &TracerState,
    operation: Operation,
    parts: &Parts,
) -> Result<Admitted, Refusal> {
    let (action, writes) = match operation.access() {
        Access::Open => return Ok(Admitted::nobody()),
        Access::Caller(action) => (action, false),
        Access::Writer(action) => (action, true),
    };
    let identified = match identify(state, parts).await {
        Ok(identified) => identified,
        Err(refusal) => {
            // that nobody could say who it is, is no denial
            if !refusal.is_unavailable() {
                state.kernel().record_denial(&Caller::stranger(), action);
            }
            return Err(refusal);
        }
    };
    let Some(known) = identified else { return anonymous(state, parts, action) };
    let caller = Caller::account(known.subject.clone());
    if writes && !(known.has(TRACE_WRITER) || known.has(ADMIN)) {
        state.kernel().record_denial(&caller, action);
        let text = "this needs the role trace_writer or admin";
        return Err(Refusal::plain(StatusCode::FORBIDDEN, text));
    }
    Ok(Admitted { caller, identified: Some(known) })
}

/// Nobody known, where that is allowed. A page of another site must not have a browser on this machine do it, and what a
/// proxy hands on does not come from this machine.
fn anonymous(state: &TracerState, parts: &Parts, action: Action) -> Result<Admitted, Refusal> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let refused = if header(FETCH_SITE) == Some("cross-site") {
        Some(Refusal::plain(StatusCode::FORBIDDEN, "pages of other sites are not let in"))
    } else if state.config().open == Open::Auto
        && (FORWARDED.iter().any(|name| parts.headers.contains_key(*name))
            || !header("host").is_some_and(is_here))
    {
        let challenge = Challenge::bearer(&state.config().realm);
        Some(Refusal::Caller(challenge, "no credential: without one only callers on this machine are let in"))
    } else {
        None
    };
    match refused {
        None => Ok(Admitted::nobody()),
        Some(refusal) => {
            state.kernel().record_denial(&Caller::stranger(), action);
            Err(refusal)
        }
    }
}

/// Whether a `Host` means this machine.
fn is_here(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(address, _)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Who the credential says it is; nobody where none is needed.
async fn identify(state: &TracerState, parts: &Parts) -> Result<Option<Identified>, Refusal> {
    let realm = &state.config().realm;
    let missing = |text: &'static str| Err(Refusal::Caller(Challenge::bearer(realm), text));
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
        if state.is_open() {
            return Ok(None);
        }
        return missing("no credential: send the header Authorization");
    };
    let credential = value.to_str().ok().and_then(|value| value.trim().split_once(' '));
    let (scheme, rest) = credential.map_or(("", ""), |(scheme, rest)| (scheme, rest.trim()));
    if scheme.eq_ignore_ascii_case("bearer")
        && let Some(tokens) = state.tokens()
    {
        return match tokens.identify(rest).await {
            Ok(known) => Ok(Some(known)),
            Err(TokenRefusal::Invalid(why)) => {
                Err(Refusal::Caller(Challenge::invalid_token(realm, why), why))
            }
            Err(TokenRefusal::Unavailable(error)) => Err(error.into()),
        };
    }
    if scheme.eq_ignore_ascii_case("basic")
        && let Some(passwords) = state.passwords()
    {
        if let Some((name, password)) = name_and_password(rest)
            && let Some(known) = passwords.identify(&name, &password).await?
        {
            return Ok(Some(known));
        }
        return Err(Refusal::Caller(Challenge::basic(realm), "wrong name or password"));
    }
    // nobody here could check it
    if state.is_open() { Ok(None) } else { missing("credentials of this kind are not taken here") }
}

/// Name and password of basic authentication (RFC 7617 §2).
fn name_and_password(text: &str) -> Option<(String, String)> {
    let pair = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
    let (name, password) = pair.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_here() {
        for host in ["localhost", "LocalHost:8090", "127.0.0.1:8090", "127.9.9.9", "[::1]:8090", "[::1]"] {
            assert!(is_here(host), "{host}");
        }
        for host in ["example.org", "localhost.example.org:80", "10.0.0.1", "[::2]", "", "127.0.0.1.example"]
        {
            assert!(!is_here(host), "{host}");
        }
    }
}
