//! What a token must say to let its bearer in (RFC 7519 §4.1, OpenID Connect Core §2, RFC 9068 §2.2), as Keycloak
//! writes it. Pure: the signature is checked elsewhere, and both must hold.

use serde_json::{Map, Value};
use strongroom_model::Timestamp;

use super::{AudienceCheck, Identified, Invalid, OidcSettings};

/// Longest subject, in characters (OpenID Connect Core §2).
const MOST_SUBJECT: usize = 255;
/// Longest name, role or client, in characters; longer ones are passed over.
const MOST_WORD: usize = 255;
/// Most roles that are kept.
const MOST_ROLES: usize = 256;

/// From when until when a token holds, in microseconds of Unix time, leeway included: `from <= now < until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: i64,
    pub(super) until: i64,
}

impl Window {
    /// # Errors
    /// [`Invalid::Expired`], [`Invalid::NotYet`].
    pub(super) fn check(self, now: Timestamp) -> Result<(), Invalid> {
        if now.micros() >= self.until {
            return Err(Invalid::Expired);
        }
        if now.micros() < self.from {
            return Err(Invalid::NotYet);
        }
        Ok(())
    }
}

/// Who `claims`, issued by `issuer`, say their bearer is, if they hold at `now`.
///
/// # Errors
/// [`Invalid`].
pub(super) fn check(
    claims: &Map<String, Value>,
    issuer: &str,
    settings: &OidcSettings,
    now: Timestamp,
) -> Result<(Identified, Window), Invalid> {
    check_kind(claims)?;
    let (window, expires) = window(claims, settings)?;
    window.check(now)?;
    check_audience(claims, settings)?;
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    let sound =
        (1..=MOST_SUBJECT).contains(&subject.chars().count()) && !subject.chars().any(char::is_control);
    if !sound {
        return Err(Invalid::Subject);
    }
    let identified = Identified {
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        client_roles: roles(claims, &settings.roles_at),
        name: word(claims, "preferred_username").or_else(|| word(claims, "name")),
        client: word(claims, "azp").or_else(|| word(claims, "client_id")),
        expires,
    };
    Ok((identified, window))
}

/// Turns away what is signed by the provider but is no access token for whoever bears it.
fn check_kind(claims: &Map<String, Value>) -> Result<(), Invalid> {
    // Keycloak says `Bearer`, `ID`, `Refresh`, `DPoP`, … in a claim; others say nothing
    let typ = claims.get("typ").map(|typ| typ.as_str().unwrap_or_default());
    let bearer = typ.is_none_or(|typ| typ.eq_ignore_ascii_case("bearer"));
    let id_token = claims.contains_key("at_hash") || claims.contains_key("c_hash");
    let logout = claims.contains_key("events");
    if !bearer || id_token || logout {
        return Err(Invalid::Kind);
    }
    if claims.get("cnf").is_some_and(|bound| !bound.is_null()) {
        return Err(Invalid::Bound);
    }
    Ok(())
}

fn window(claims: &Map<String, Value>, settings: &OidcSettings) -> Result<(Window, Timestamp), Invalid> {
    let leeway = i64::try_from(settings.leeway.as_micros()).unwrap_or(i64::MAX);
    let expires = time(claims, "exp")?.ok_or(Invalid::Expired)?;
    let starts = [time(claims, "nbf")?, time(claims, "iat")?].into_iter().flatten().max();
    let from = starts.map_or(i64::MIN, |starts| starts.saturating_sub(leeway));
    let end = Timestamp::from_micros(expires).unwrap_or(Timestamp::MAX);
    Ok((Window { from, until: expires.saturating_add(leeway) }, end))
}

/// A `NumericDate` (RFC 7519 §2), in microseconds; fractions of seconds are allowed.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, Invalid> {
    let Some(value) = claims.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    if let Some(seconds) = value.as_i64() {
        return Ok(Some(seconds.saturating_mul(1_000_000)));
    }
    // `as` keeps to the ends of the range, which are beyond all times; NaN is no JSON
    #[expect(clippy::cast_possible_truncation, reason = "saturates, which is what is meant")]
    let micros = |seconds: f64| (seconds * 1_000_000.0) as i64;
    value.as_f64().map(|seconds| Some(micros(seconds))).ok_or(Invalid::Time)
}

fn check_audience(claims: &Map<String, Value>, settings: &OidcSettings) -> Result<(), Invalid> {
    if settings.audience == AudienceCheck::Off {
        return Ok(());
    }
    let ours =
        |name: &str| name == settings.client_id || settings.more_audiences.iter().any(|more| more == name);
    let issued_to_us = claims.get("azp").and_then(Value::as_str) == Some(settings.client_id.as_str());
    let (present, named) = match claims.get("aud") {
        None | Some(Value::Null) => (false, false),
        Some(Value::String(one)) => (true, ours(one)),
        Some(Value::Array(many)) => (!many.is_empty(), many.iter().filter_map(Value::as_str).any(ours)),
        Some(_) => (true, false),
    };
    let fine = named || issued_to_us || (!present && settings.audience == AudienceCheck::WhenPresent);
    if fine { Ok(()) } else { Err(Invalid::Audience) }
}

/// The list of words at `path`, or the words of one text (as `scope` is written); nothing else is a role.
fn roles(claims: &Map<String, Value>, path: &[String]) -> Vec<String> {
    let Some((first, rest)) = path.split_first() else { return Vec::new() };
    let found = rest.iter().try_fold(claims.get(first), |value, name| Some(value?.get(name)));
    let mut roles: Vec<String> = match found.flatten() {
        Some(Value::Array(many)) => many
            .iter()
            .filter_map(Value::as_str)
            .filter(is_word)
            .take(MOST_ROLES)
            .map(str::to_owned)
            .collect(),
        Some(Value::String(text)) => {
            text.split_ascii_whitespace().filter(is_word).take(MOST_ROLES).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    roles.sort_unstable();
    roles.dedup();
    roles
}

fn word(claims: &Map<String, Value>, name: &str) -> Option<String> {
    claims.get(name).and_then(Value::as_str).filter(is_word).map(str::to_owned)
}

fn is_word(text: &&str) -> bool {
    (1..=MOST_WORD).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_741_083_642;

    fn settings() -> OidcSettings {
        OidcSettings::new("https://idp/realms/R", "tracer-webservice").checked().unwrap()
    }

    /// A user's token as Keycloak writes it.
    fn keycloak() -> Value {
        json!({
            "exp": NOW + 300, "iat": NOW, "jti": "onrtro:1", "iss": "https://idp/realms/R",
            "aud": ["tracer-webservice", "account"], "sub": "0b0c", "typ": "Bearer", "azp": "explorer",
            "sid": "1", "acr": "1", "allowed-origins": ["/*"],
            "realm_access": {"roles": ["admin", "offline_access"]},
            "resource_access": {
                "tracer-webservice": {"roles": ["trace_writer", "b", "trace_writer"]},
                "account": {"roles": ["manage-account"]},
            },
            "scope": "email profile", "name": "Jo Doe", "preferred_username": "jo", "email": "jo@x",
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = keycloak();
        claims[name] = value;
        claims
    }

    fn run(claims: &Value, settings: &OidcSettings, now: i64) -> Result<Identified, Invalid> {
        let now = Timestamp::from_micros(now * 1_000_000).unwrap();
        check(claims.as_object().unwrap(), "https://idp/realms/R", settings, now).map(|(found, _)| found)
    }

    #[test]
    fn a_keycloak_token_says_who_and_with_which_client_roles() {
        let found = run(&keycloak(), &settings(), NOW).unwrap();
        assert_eq!((found.subject.as_str(), found.name.as_deref()), ("0b0c", Some("jo")));
        assert_eq!(found.client.as_deref(), Some("explorer"));
        assert_eq!(found.client_roles, ["b", "trace_writer"]);
        assert!(
            found.has_role("trace_writer") && !found.has_role("Trace_writer") && !found.has_role("admin")
        );
        assert_eq!(found.expires.micros(), (NOW + 300) * 1_000_000);
    }

    #[test]
    fn a_token_holds_between_its_times_give_or_take_the_leeway() {
        let at = |claims: &Value, now| run(claims, &settings(), now).map(drop);
        let claims = keycloak();
        assert_eq!(at(&claims, NOW + 304), Ok(()));
        assert_eq!(at(&claims, NOW + 305), Err(Invalid::Expired));
        assert_eq!(at(&claims, NOW - 5), Ok(()));
        assert_eq!(at(&claims, NOW - 6), Err(Invalid::NotYet));
        let late = with("nbf", json!(NOW + 50));
        assert_eq!(at(&late, NOW + 44), Err(Invalid::NotYet));
        assert_eq!(at(&late, NOW + 45), Ok(()));
        let strict = OidcSettings { leeway: Duration::ZERO, ..settings() };
        assert_eq!(run(&claims, &strict, NOW + 299).map(drop), Ok(()));
        assert_eq!(run(&claims, &strict, NOW + 300).map(drop), Err(Invalid::Expired));
    }

    #[test]
    fn times_that_are_none_and_tokens_without_end_are_refused() {
        let at = |name: &str, value: Value| run(&with(name, value), &settings(), NOW).map(drop);
        assert_eq!(at("exp", Value::Null), Err(Invalid::Expired));
        assert_eq!(at("exp", json!("tomorrow")), Err(Invalid::Time));
        assert_eq!(at("exp", json!([])), Err(Invalid::Time));
        assert_eq!(at("exp", json!(1e300)), Ok(()));
        assert_eq!(at("exp", json!(u64::MAX)), Ok(()));
        assert_eq!(at("exp", json!(i64::MIN)), Err(Invalid::Expired));
        assert_eq!(at("exp", json!(1_741_083_642.5)), Ok(()));
        assert_eq!(at("iat", json!("now")), Err(Invalid::Time));
        assert_eq!(at("iat", json!(1e300)), Err(Invalid::NotYet));
        assert_eq!(at("nbf", json!(-1)), Ok(()));
    }

    #[test]
    fn a_token_for_somebody_else_is_refused() {
        let check = |audience, aud: Value, azp: &str, expected| {
            let mut claims = with("aud", aud.clone());
            claims["azp"] = json!(azp);
            let settings = OidcSettings { audience, ..settings() };
            assert_eq!(run(&claims, &settings, NOW).map(drop), expected, "{audience:?} {aud} {azp}");
        };
        let (wrong, none) = (Err(Invalid::Audience), Value::Null);
        for rule in [AudienceCheck::WhenPresent, AudienceCheck::Required] {
            check(rule, json!("tracer-webservice"), "x", Ok(()));
            check(rule, json!(["a", "tracer-webservice"]), "x", Ok(()));
            check(rule, json!("account"), "x", Ok(()));
            check(rule, json!("other"), "x", wrong);
            check(rule, json!(["other", 7]), "x", wrong);
            check(rule, json!({"tracer-webservice": 1}), "x", wrong);
            check(rule, json!("Tracer-Webservice"), "x", wrong);
            check(rule, json!("other"), "tracer-webservice", Ok(()));
            check(rule, none.clone(), "tracer-webservice", Ok(()));
        }
        for empty in [none, json!([])] {
            check(AudienceCheck::WhenPresent, empty.clone(), "x", Ok(()));
            check(AudienceCheck::Required, empty, "x", wrong);
        }
        check(AudienceCheck::Off, json!("other"), "x", Ok(()));
        let strict = OidcSettings { more_audiences: Vec::new(), ..settings() };
        assert_eq!(run(&with("aud", json!("account")), &strict, NOW).map(drop), wrong);
    }

    #[test]
    fn what_is_no_access_token_is_refused() {
        let at = |name: &str, value: Value| run(&with(name, value), &settings(), NOW).map(drop);
        for typ in [json!("ID"), json!("Refresh"), json!("Offline"), json!("DPoP"), json!(7)] {
            assert_eq!(at("typ", typ), Err(Invalid::Kind));
        }
        assert_eq!(at("typ", json!("bearer")), Ok(()));
        assert_eq!(at("at_hash", json!("x")), Err(Invalid::Kind));
        assert_eq!(at("events", json!({})), Err(Invalid::Kind));
        assert_eq!(at("cnf", json!({"jkt": "x"})), Err(Invalid::Bound));
    }

    #[test]
    fn a_token_without_a_subject_is_refused() {
        let at = |value: Value| run(&with("sub", value), &settings(), NOW).map(drop);
        for subject in [Value::Null, json!(""), json!(7), json!("a\nb"), json!("x".repeat(256))] {
            assert_eq!(at(subject), Err(Invalid::Subject));
        }
        assert_eq!(at(json!("x".repeat(255))), Ok(()));
    }

    #[test]
    fn roles_of_other_clients_and_of_the_realm_do_not_count() {
        let at = |path: &[&str], claims: &Value| {
            let roles_at = path.iter().map(|&name| name.to_owned()).collect();
            run(claims, &OidcSettings { roles_at, ..settings() }, NOW).unwrap().client_roles
        };
        let other = with("resource_access", json!({"other": {"roles": ["admin"]}}));
        assert_eq!(at(&["resource_access", "tracer-webservice", "roles"], &other), [""; 0]);
        assert_eq!(at(&["resource_access", "other", "roles"], &other), ["admin"]);
        assert_eq!(at(&["scope"], &other), ["email", "profile"]);
        for odd in [json!(7), json!({}), json!([[], 7, "", "\n", "x".repeat(256)])] {
            assert_eq!(at(&["roles"], &with("roles", odd)), [""; 0]);
        }
        let many: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        assert_eq!(at(&["roles"], &with("roles", json!(many))).len(), MOST_ROLES);
    }

    proptest! {
        #[test]
        fn a_token_never_holds_after_its_end_nor_before_its_start(
            exp in any::<i64>(), nbf in any::<i64>(), leeway in 0u64..300, now in 0i64..4_000_000_000,
        ) {
            let mut claims = with("exp", json!(exp));
            claims["nbf"] = json!(nbf);
            claims["iat"] = Value::Null;
            let settings = OidcSettings { leeway: Duration::from_secs(leeway), ..settings() };
            let holds = run(&claims, &settings, now).is_ok();
            let (now, leeway) = (i128::from(now), i128::from(leeway));
            prop_assert_eq!(holds, now < i128::from(exp) + leeway && now >= i128::from(nbf) - leeway);
        }
    }
}
