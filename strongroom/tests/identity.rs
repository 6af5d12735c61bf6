//! Bearer tokens of identity providers, through the program: a provider that is away at the start, one of our own,
//! and a real one where the environment names it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_testkit::{FakeProvider, SigningKey};

use crate::support::{Client, Room, Server};

const TRACES: &str = "/tracer/api/v1/traces";

fn trace() -> Value {
    json!({"userId": "u1", "userAction": "USE_DATASETS", "datasetsIds": ["d1"], "toolName": null})
}

fn room(issuer: &str) -> Room {
    Room::new().with("STRONGROOM_TRACER__OIDC__ISSUER", issuer)
}

fn now() -> strongroom_model::Timestamp {
    strongroom_kernel::ports::Clock::now(&strongroom_kernel::ports::SystemClock)
}

/// The status of a post with `token`, and what the refusal says of itself.
fn post(server: &Server, token: &str) -> (u16, Option<String>, Option<String>) {
    let mut client = Client::new(server.main);
    let headers =
        [("Authorization", &*format!("bearer {token}")), ("Content-Type", "application/json;charset=UTF-8")];
    let answer = client.ask("POST", TRACES, &headers, trace().to_string().as_bytes()).unwrap();
    let header = |name| answer.header(name).map(str::to_owned);
    (answer.status, header("retry-after"), header("www-authenticate"))
}

/// The status of a post, once it is neither "try again" nor, within the pause between two tries, "unknown key".
fn post_until_known(server: &Server, token: &str) -> u16 {
    let begun = std::time::Instant::now();
    loop {
        let (status, _, challenge) = post(server, token);
        let unknown = challenge.is_some_and(|challenge| challenge.contains("a key its issuer does not have"));
        if status != 503 && !unknown {
            return status;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{status}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn a_provider_that_is_away_at_the_start_stops_nothing_and_opens_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let provider: Arc<FakeProvider> = runtime.block_on(FakeProvider::serve("/realms/CHAIMELEON"));
    provider.answer(false);
    let room = room(&provider.issuer());
    let server = Server::start(&room);
    let token = |subject: &str, roles: &[&str]| provider.token(&provider.claims(subject, roles, now()));
    let writer = token("writer", &["trace_writer"]);
    let (status, retry_after, challenge) = post(&server, &writer);
    assert_eq!((status, retry_after.is_some(), challenge), (503, true, None));
    room.wait_for_line("fetch keys of the identity provider");
    provider.answer(true);
    assert_eq!(post_until_known(&server, &writer), 200);
    assert_eq!(post(&server, &token("reader", &[])).0, 403);
    let (status, _, challenge) = post(
        &server,
        &SigningKey::rsa_second("first")
            .token(&json!({"iss": provider.issuer(), "sub": "x", "exp": 4_000_000_000_u64})),
    );
    assert_eq!(status, 401);
    assert!(challenge.unwrap().contains("signature is wrong"));
    provider.rotate([SigningKey::p256("new")]);
    assert_eq!(post_until_known(&server, &token("writer", &["trace_writer"])), 200);
    let page = Client::new(server.main).get("/metrics").unwrap().success().text();
    assert!(page.contains("strongroom_identity_provider_keys 1"), "{page}");
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}

#[test]
fn a_real_providers_tokens_are_taken_by_their_roles() {
    let Ok(issuer) = std::env::var("STRONGROOM_TEST_OIDC_ISSUER") else {
        println!("skipped: STRONGROOM_TEST_OIDC_ISSUER is not set");
        return;
    };
    let address: SocketAddr = issuer.strip_prefix("http://").unwrap().parse().unwrap();
    let token = |client: &str, resource: &str| {
        let form = format!(
            "grant_type=client_credentials&client_id={client}&client_secret=for-tests-only&scope=trace&resource={resource}"
        );
        let typed = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = Client::new(address).ask("POST", "/token", &typed, form.as_bytes()).unwrap().success();
        answer.json()["access_token"].as_str().unwrap().to_owned()
    };
    let room = room(&issuer);
    let server = Server::start(&room);
    for (client, resource, status) in [
        ("writer", "urn:tracer:RS256", 200),
        ("chief", "urn:tracer:EdDSA", 200),
        ("reader", "urn:tracer:ES256", 403),
        ("writer", "urn:other", 401),
    ] {
        assert_eq!(post_until_known(&server, &token(client, resource)), status, "{client} {resource}");
    }
    assert_eq!(server.stop(), Some(0));
    room.verify().assert_clean();
}
