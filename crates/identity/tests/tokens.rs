//! Who gets in with which token.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use std::time::Duration;
use strongroom_identity::oidc::{Algorithm, Invalid, OidcSettings, Refusal};
use strongroom_testkit::SigningKey;

use crate::support::{Given, ISSUER};

fn invalid<T>(invalid: Invalid) -> Result<T, Refusal> {
    Err(Refusal::Invalid(invalid))
}

#[tokio::test(start_paused = true)]
async fn a_token_of_the_provider_says_who_and_what() {
    let given = Given::new();
    let found = given.realm.identify(&given.token("a")).await.unwrap();
    assert_eq!((found.subject.as_str(), found.issuer.as_str()), ("0b0c", ISSUER));
    assert_eq!(found.client_roles, ["trace_writer"]);
    assert_eq!(found.name.as_deref(), Some("jo"));
    given.stop().await;
}

#[tokio::test(start_paused = true)]
async fn every_algorithm_is_checked_by_its_own_key() {
    let rsa = |algorithm| SigningKey::rsa_first(algorithm).with_algorithm(algorithm);
    let keys: Vec<SigningKey> =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].into_iter().map(rsa).collect();
    let others = [SigningKey::p256("p256"), SigningKey::p384("p384"), SigningKey::ed25519("ed25519")];
    let keys: Vec<SigningKey> = keys.into_iter().chain(others).collect();
    assert_eq!(keys.len(), Algorithm::ALL.len());
    let given = Given::new();
    given.provider.rotate(keys.clone());
    let strangers = [SigningKey::p256("p256"), SigningKey::p384("p384"), SigningKey::ed25519("ed25519")];
    for key in &keys {
        assert_eq!(given.ask(&key.token(&given.claims())).await.as_deref(), Ok("0b0c"));
    }
    for key in strangers {
        assert_eq!(given.ask(&key.token(&given.claims())).await, invalid(Invalid::Signature));
    }
    let stranger = SigningKey::rsa_second("PS256").with_algorithm("PS256");
    assert_eq!(given.ask(&stranger.token(&given.claims())).await, invalid(Invalid::Signature));
}

#[tokio::test(start_paused = true)]
async fn a_key_of_nobody_is_refused() {
    let given = Given::new();
    let claims = given.claims();
    let same_name = SigningKey::rsa_second("first").token(&claims);
    assert_eq!(given.ask(&same_name).await, invalid(Invalid::Signature));
    let other_name = SigningKey::rsa_second("second").token(&claims);
    assert_eq!(given.ask(&other_name).await, invalid(Invalid::UnknownKey));
    // a token brings its own key along: nobody asked it to
    let own = SigningKey::p256("x");
    let header = json!({"alg": "ES256", "jwk": own.public(), "jku": "https://evil.example/keys"});
    assert_eq!(given.ask(&own.token_with(&header, &claims)).await, invalid(Invalid::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn a_name_is_not_needed_while_there_is_one_key() {
    let given = Given::new();
    let nameless = SigningKey::rsa_first("").without_name();
    assert_eq!(given.ask(&nameless.token(&given.claims())).await.as_deref(), Ok("0b0c"));
    let given = Given::new();
    given.provider.rotate([SigningKey::rsa_first("first"), SigningKey::rsa_second("second")]);
    assert_eq!(given.ask(&nameless.token(&given.claims())).await, invalid(Invalid::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn nothing_symmetric_and_nothing_unsigned_gets_in() {
    let given = Given::new();
    assert!(given.ask(&given.token("a")).await.is_ok());
    let claims = BASE64_URL_SAFE_NO_PAD.encode(given.claims().to_string());
    for algorithm in ["none", "None", "HS256", "HS512"] {
        let header = BASE64_URL_SAFE_NO_PAD.encode(json!({"alg": algorithm, "kid": "first"}).to_string());
        for signature in ["", "AAAA"] {
            let token = format!("{header}.{claims}.{signature}");
            assert_eq!(given.ask(&token).await, invalid(Invalid::Algorithm), "{algorithm}");
        }
    }
    // the public key as the secret of an HMAC, the oldest trick
    let key = SigningKey::rsa_first("first");
    let lying = key.token_with(&json!({"alg": "ES256", "kid": "first"}), &given.claims());
    assert_eq!(given.ask(&lying).await, invalid(Invalid::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn claims_count_only_with_the_right_signature_and_the_other_way_round() {
    let given = Given::new();
    let check = async |name: &str, value: Value, expected| {
        let mut claims = given.claims();
        claims[name] = value;
        assert_eq!(given.ask(&given.provider.token(&claims)).await, expected, "{name}");
    };
    check("iss", json!("https://idp.example/realms/OTHER"), invalid(Invalid::Issuer)).await;
    check("iss", json!(format!("{ISSUER}/")), invalid(Invalid::Issuer)).await;
    check("iss", Value::Null, invalid(Invalid::Issuer)).await;
    check("aud", json!("other"), invalid(Invalid::Audience)).await;
    check("exp", json!(1_741_083_000), invalid(Invalid::Expired)).await;
    check("nbf", json!(1_741_084_000), invalid(Invalid::NotYet)).await;
    check("typ", json!("ID"), invalid(Invalid::Kind)).await;
    check("cnf", json!({"jkt": "x"}), invalid(Invalid::Bound)).await;
    check("sub", json!(""), invalid(Invalid::Subject)).await;
    check("sub", json!("A"), Ok("A".to_owned())).await;
}

#[tokio::test(start_paused = true)]
async fn only_allowed_algorithms_count() {
    let settings = OidcSettings::new(ISSUER, "tracer-webservice");
    let given = Given::with(OidcSettings { algorithms: vec![Algorithm::Es256], ..settings });
    assert_eq!(given.ask(&given.token("a")).await, invalid(Invalid::Algorithm));
}

#[tokio::test(start_paused = true)]
async fn a_remembered_token_ends_when_it_ends() {
    let given = Given::new();
    let token = given.token("a");
    assert!(given.ask(&token).await.is_ok());
    given.clock.advance(Duration::from_secs(304));
    assert!(given.ask(&token).await.is_ok());
    given.clock.advance(Duration::from_secs(1));
    assert_eq!(given.ask(&token).await, invalid(Invalid::Expired));
}

#[test]
fn a_token_with_any_character_changed_does_not_get_in() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let given = runtime.block_on(async { Given::new() });
    let token = given.token("a");
    runtime.block_on(given.ask(&token)).unwrap();
    let mut runner = TestRunner::new(Config::with_cases(300));
    let alphabet =
        prop::sample::select(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.".to_vec());
    let cases = (0..token.len(), alphabet);
    let outcome = runner.run(&cases, |(place, byte)| {
        let mut changed = token.clone().into_bytes();
        prop_assume!(changed[place] != byte);
        changed[place] = byte;
        let changed = String::from_utf8(changed).unwrap();
        prop_assert!(runtime.block_on(given.ask(&changed)).is_err());
        Ok(())
    });
    outcome.unwrap();
}
