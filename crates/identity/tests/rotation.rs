//! The provider changes its keys, goes away, comes back. Time is the runtime's, paused: it moves when nobody works.

use std::time::Duration;

use strongroom_identity::oidc::{Invalid, OidcSettings, Refusal, Timing};
use strongroom_testkit::{FakeProvider, SigningKey};
use tokio::time::{Instant, advance, sleep};

use crate::support::{Given, ISSUER};

const UNKNOWN: Result<String, Refusal> = Err(Refusal::Invalid(Invalid::UnknownKey));
const AWAY: Result<String, Refusal> = Err(Refusal::Unavailable { retry_after: Duration::from_secs(5) });

#[expect(clippy::unnecessary_wraps, reason = "answers are compared with it")]
fn fine() -> Result<String, Refusal> {
    Ok("0b0c".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_asked_for_once_and_found() {
    let given = Given::new();
    assert_eq!(given.ask(&given.token("a")).await, fine());
    assert_eq!(given.provider.asked(), 1);
    given.provider.rotate([SigningKey::rsa_second("second"), SigningKey::rsa_first("first")]);
    advance(Duration::from_secs(10)).await;
    let tokens: Vec<String> = (0..50).map(|n| given.token(&n.to_string())).collect();
    let all = futures::future::join_all(tokens.iter().map(|token| given.ask(token))).await;
    assert!(all.iter().all(|answer| *answer == fine()), "{all:?}");
    assert_eq!(given.provider.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_do_not_make_us_ask_more_often_than_agreed() {
    let given = Given::new();
    assert_eq!(given.ask(&given.token("a")).await, fine());
    let strange = SigningKey::p256("strange");
    for n in 0..100 {
        let mut claims = given.claims();
        claims["jti"] = n.into();
        assert_eq!(given.ask(&strange.token(&claims)).await, UNKNOWN);
        advance(Duration::from_millis(250)).await;
    }
    // 25 s: at the start, and twice since
    assert_eq!(given.provider.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_have_ended_make_nobody_ask() {
    let given = Given::new();
    assert_eq!(given.ask(&given.token("a")).await, fine());
    advance(Duration::from_secs(30)).await;
    let mut claims = given.claims();
    claims["exp"] = 1.into();
    let old = SigningKey::p256("strange").token(&claims);
    assert_eq!(given.ask(&old).await, Err(Refusal::Invalid(Invalid::Expired)));
    assert_eq!(given.provider.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_withdrawn_lets_nobody_in_any_more_not_even_a_remembered_token() {
    let given = Given::new();
    let token = given.token("a");
    assert_eq!(given.ask(&token).await, fine());
    given.provider.rotate([SigningKey::rsa_second("second")]);
    sleep(Duration::from_secs(301)).await;
    assert_eq!(given.provider.asked(), 2);
    assert_eq!(given.ask(&token).await, UNKNOWN);
    assert_eq!(given.ask(&given.token("b")).await, fine());
}

#[tokio::test(start_paused = true)]
async fn without_any_key_nobody_is_let_in_and_nobody_told_off() {
    let provider = FakeProvider::new(ISSUER);
    provider.answer(false);
    let given = Given::of(provider, OidcSettings::new(ISSUER, "tracer-webservice"));
    assert_eq!(given.ask(&given.token("a")).await, AWAY);
    assert_eq!(given.ask(&SigningKey::p256("x").token(&given.claims())).await, AWAY);
    let status = given.realm.status();
    assert_eq!((status[0].keys, status[0].age, status[0].failures), (0, None, 1));
    given.provider.answer(true);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(given.ask(&given.token("a")).await, fine());
    assert_eq!(given.realm.status()[0].keys, 1);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_is_waited_for_so_long_and_no_longer() {
    let provider = FakeProvider::new(ISSUER);
    provider.hold();
    let given = Given::of(provider, OidcSettings::new(ISSUER, "tracer-webservice"));
    let begun = Instant::now();
    assert_eq!(given.ask(&given.token("a")).await, AWAY);
    assert!(begun.elapsed() >= Duration::from_secs(5) && begun.elapsed() < Duration::from_secs(6));
    // the next one is not kept waiting: it is known by now
    assert_eq!(given.ask(&given.token("a")).await, AWAY);
    assert!(begun.elapsed() < Duration::from_secs(6));
    given.provider.release();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(given.ask(&given.token("a")).await, fine());
}

#[tokio::test(start_paused = true)]
async fn known_keys_hold_for_a_while_when_the_provider_goes_away() {
    let given = Given::new();
    let token = given.token("a");
    assert_eq!(given.ask(&token).await, fine());
    given.provider.answer(false);
    sleep(Duration::from_hours(23)).await;
    assert_eq!(given.ask(&token).await, fine());
    assert_eq!(given.ask(&given.token("b")).await, fine());
    // whether a strange key is a new one of the provider nobody can say now
    assert_eq!(given.ask(&SigningKey::p256("x").token(&given.claims())).await, AWAY);
    sleep(Duration::from_hours(2)).await;
    assert_eq!(given.ask(&token).await, AWAY);
    assert_eq!(given.ask(&given.token("c")).await, AWAY);
    given.provider.answer(true);
    sleep(Duration::from_mins(1)).await;
    assert_eq!(given.ask(&token).await, fine());
}

#[tokio::test(start_paused = true)]
async fn while_it_is_away_tries_become_rarer_up_to_half_a_minute() {
    let given = Given::new();
    assert_eq!(given.ask(&given.token("a")).await, fine());
    given.provider.answer(false);
    sleep(Duration::from_mins(15)).await;
    // from minute 5 on, after 1, 2, 4, 8, 16 s and then every 30 s
    let failures = given.realm.status()[0].failures;
    assert!((20..=26).contains(&failures), "{failures}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_of_another_name_is_not_believed() {
    let given = Given::new();
    assert_eq!(given.ask(&given.token("a")).await, fine());
    given.provider.rename("https://idp.example/realms/EVIL");
    given.provider.rotate([SigningKey::rsa_second("second")]);
    sleep(Duration::from_mins(10)).await;
    assert_eq!(given.provider.asked(), 1);
    let mut claims = given.claims();
    claims["iss"] = ISSUER.into();
    assert_eq!(given.ask(&given.provider.token(&claims)).await, AWAY);
}

#[tokio::test(start_paused = true)]
async fn each_issuer_has_its_own_keys() {
    let (one, other) = (FakeProvider::new(ISSUER), FakeProvider::new("https://second.example"));
    other.rotate([SigningKey::p256("first")]);
    let mut settings = OidcSettings::new(ISSUER, "tracer-webservice");
    let mut second = settings.issuers[0].clone();
    second.issuer = other.issuer();
    settings.issuers.push(second);
    settings.timing = Timing { patience: Duration::from_secs(5), ..settings.timing };
    let given = Given::of(one, settings);
    assert_eq!(given.ask(&given.token("a")).await, fine());
    // the second one is not reachable by the first one's documents
    let token = other.token(&other.claims("0b0c", &[], strongroom_kernel::ports::Clock::now(&*given.clock)));
    assert_eq!(given.ask(&token).await, AWAY);
    let mut claims = given.claims();
    claims["iss"] = other.issuer().into();
    assert_eq!(given.ask(&given.provider.token(&claims)).await, AWAY);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_does_not_stop_the_try_he_brought_about() {
    let given = Given::new();
    assert_eq!(given.ask(&given.token("a")).await, fine());
    given.provider.rotate([SigningKey::rsa_second("second")]);
    advance(Duration::from_secs(10)).await;
    given.provider.hold();
    let token = given.token("b");
    let mut asking = Box::pin(given.ask(&token));
    assert!(futures::poll!(&mut asking).is_pending());
    drop(asking);
    tokio::task::yield_now().await;
    given.provider.release();
    assert_eq!(given.ask(&token).await, fine());
    assert_eq!(given.provider.asked(), 2);
}
