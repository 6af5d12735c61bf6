//! Real tokens of real providers, checked as the program checks them. Where none is named they say "skipped".

use std::{future::Future, time::Duration};

use serde_json::{Value, json};
use strongroom_identity::oidc::{Identified, Invalid, Refusal};
use strongroom_testkit::FakeProvider;
use tokio::sync::watch;

use super::*;

const SECRET: &str = "for-tests-only";

/// A realm of that issuer whose keys are kept fresh as long as `test` runs.
async fn with_realm<F: Future<Output = ()>>(issuer: &str, test: impl FnOnce(Realm) -> F) {
    let mut settings = OidcSettings::new(issuer, "tracer-webservice");
    settings.timing.pause = Duration::from_secs(1);
    let realm = realm(settings).unwrap();
    let (stop, stopped) = watch::channel(false);
    let refreshing = tokio::spawn({
        let realm = realm.clone();
        async move { realm.refresh(stopped).await }
    });
    test(realm).await;
    stop.send(true).unwrap();
    refreshing.await.unwrap();
}

fn given(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        println!("skipped: {variable} is not set");
    }
    value
}

/// The access token a provider gives for this form.
async fn token(url: &str, form: &[(&str, &str)]) -> String {
    let fetcher = Fetcher::new(LIMITS, AddressPolicy::Any).unwrap();
    let answer = fetcher.post_form(url, form).await.unwrap();
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let answer = answer.success("ask for a token").expect(&text);
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn client_token(issuer: &str, client: &str, resource: &str) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client),
        ("client_secret", SECRET),
        ("scope", "trace"),
        ("resource", resource),
    ];
    token(&format!("{issuer}/token"), &form).await
}

fn summary(found: &Identified) -> (&str, Vec<&str>) {
    (&found.subject, found.client_roles.iter().map(String::as_str).collect())
}

#[tokio::test]
async fn a_provider_over_http_is_found_with_its_new_keys_too() {
    let provider = FakeProvider::serve("/realms/CHAIMELEON").await;
    with_realm(&provider.issuer(), |realm| async move {
        let token =
            |subject| provider.token(&provider.claims(subject, &["admin"], super::super::clock().now()));
        let found = realm.identify(&token("a")).await.unwrap();
        assert_eq!(summary(&found), ("a", vec!["admin"]));
        provider.rotate([strongroom_testkit::SigningKey::ed25519("new")]);
        let token = token("b");
        // within the pause after the start the new key may be unknown yet
        let found = loop {
            match realm.identify(&token).await {
                Err(Refusal::Invalid(Invalid::UnknownKey)) => tokio::task::yield_now().await,
                other => break other.unwrap(),
            }
        };
        assert_eq!(summary(&found), ("b", vec!["admin"]));
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_not_there_lets_nobody_in() {
    with_realm("http://127.0.0.1:1/realms/R", |realm| async move {
        let provider = FakeProvider::new("http://127.0.0.1:1/realms/R");
        let claims = provider.claims("a", &["admin"], super::super::clock().now());
        let refusal = realm.identify(&provider.token(&claims)).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Unavailable { .. }), "{refusal:?}");
    })
    .await;
}

#[tokio::test]
async fn oidc_providers_tokens_are_taken_in_every_algorithm_and_after_a_change_of_keys() {
    let Some(issuer) = given("STRONGROOM_TEST_OIDC_ISSUER") else { return };
    with_realm(&issuer.clone(), |realm| async move {
        for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
            let token = client_token(&issuer, "writer", &format!("urn:tracer:{algorithm}")).await;
            let found = realm.identify(&token).await.unwrap();
            assert_eq!(summary(&found), ("writer", vec!["trace_writer"]), "{algorithm}");
        }
        let reader = client_token(&issuer, "reader", "urn:tracer:RS256").await;
        assert_eq!(summary(&realm.identify(&reader).await.unwrap()), ("reader", vec![]));
        let other = client_token(&issuer, "writer", "urn:other").await;
        assert_eq!(realm.identify(&other).await.unwrap_err(), Refusal::Invalid(Invalid::Audience));
        let before = client_token(&issuer, "chief", "urn:tracer:ES256").await;
        assert_eq!(summary(&realm.identify(&before).await.unwrap()), ("chief", vec!["admin"]));
        let fetcher = Fetcher::new(LIMITS, AddressPolicy::Any).unwrap();
        fetcher.post_form(&format!("{issuer}/-/rotate"), &[]).await.unwrap();
        let after = client_token(&issuer, "chief", "urn:tracer:ES256").await;
        let found = loop {
            match realm.identify(&after).await {
                Err(Refusal::Invalid(Invalid::UnknownKey)) => tokio::task::yield_now().await,
                other => break other.unwrap(),
            }
        };
        assert_eq!(summary(&found), ("chief", vec!["admin"]));
        // the old key was withdrawn, so what it signed no longer counts
        let refusal = realm.identify(&before).await.unwrap_err();
        assert_eq!(refusal, Refusal::Invalid(Invalid::UnknownKey));
    })
    .await;
}

#[tokio::test]
async fn what_the_mock_server_signs_is_held_to_its_claims() {
    let Some(issuer) = given("STRONGROOM_TEST_OIDC_MOCK") else { return };
    with_realm(&issuer.clone(), |realm| async move {
        let check = async |claims: Value| {
            let form = [("grant_type", "client_credentials"), ("claims", &claims.to_string())];
            let token = token(&format!("{issuer}/token"), &form).await;
            realm.identify(&token).await.map(|found| found.client_roles.clone())
        };
        let good = json!({
            "sub": "jo", "aud": "tracer-webservice",
            "resource_access": {"tracer-webservice": {"roles": ["admin"]}},
        });
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            claims
        };
        let invalid = |invalid| Err(Refusal::Invalid(invalid));
        assert_eq!(check(good.clone()).await, Ok(vec!["admin".to_owned()]));
        assert_eq!(check(with("exp", json!(1))).await, invalid(Invalid::Expired));
        assert_eq!(check(with("nbf", json!(4_000_000_000_u64))).await, invalid(Invalid::NotYet));
        assert_eq!(check(with("aud", json!(["x", "y"]))).await, invalid(Invalid::Audience));
        assert_eq!(check(with("iss", json!("http://evil.example"))).await, invalid(Invalid::Issuer));
        assert_eq!(check(with("sub", json!(null))).await, invalid(Invalid::Subject));
    })
    .await;
}

#[tokio::test]
async fn keycloaks_tokens_say_who_and_with_which_client_roles() {
    let Some(keycloak) = given("STRONGROOM_TEST_KEYCLOAK_URL") else { return };
    let issuer = format!("{}/realms/CHAIMELEON", keycloak.trim_end_matches('/'));
    with_realm(&issuer.clone(), |realm| async move {
        let url = format!("{issuer}/protocol/openid-connect/token");
        let client = async |name: &str| {
            let form = [("grant_type", "client_credentials"), ("client_id", name), ("client_secret", SECRET)];
            token(&url, &form).await
        };
        let user_form = |name| {
            let form = [("grant_type", "password"), ("client_id", "dataset-explorer"), ("scope", "openid")];
            form.into_iter().chain([("username", name), ("password", SECRET)]).collect::<Vec<_>>()
        };
        let found = realm.identify(&client("dataset-service").await).await.unwrap();
        assert_eq!(found.client_roles, ["trace_writer"]);
        assert_eq!(found.name.as_deref(), Some("service-account-dataset-service"));
        let chief = realm.identify(&token(&url, &user_form("chief")).await).await.unwrap();
        assert_eq!(
            (chief.client_roles.as_slice(), chief.name.as_deref()),
            (&["admin".to_owned()][..], Some("chief"))
        );
        assert_eq!(chief.client.as_deref(), Some("dataset-explorer"));
        // a user without any role for us reads, as in the original
        let reader = realm.identify(&token(&url, &user_form("reader")).await).await.unwrap();
        assert_eq!((reader.client_roles.len(), reader.subject.len()), (0, 36));
        // made for another service
        let other = realm.identify(&client("someone-else").await).await.unwrap_err();
        assert_eq!(other, Refusal::Invalid(Invalid::Audience));
        // an ID token is no access token
        let fetcher = Fetcher::new(LIMITS, AddressPolicy::Any).unwrap();
        let answer = fetcher.post_form(&url, &user_form("chief")).await.unwrap().success("ask").unwrap();
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let refusal = realm.identify(answer["id_token"].as_str().unwrap()).await.unwrap_err();
        assert_eq!(refusal, Refusal::Invalid(Invalid::Kind));
        // its refresh token is signed with a secret of its own
        let refusal = realm.identify(answer["refresh_token"].as_str().unwrap()).await.unwrap_err();
        assert_eq!(refusal, Refusal::Invalid(Invalid::Algorithm));
    })
    .await;
}
