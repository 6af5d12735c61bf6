//! Proofs: made before the answer, made later, checked.

use std::sync::Arc;

use strongroom_bytes::{
    BytesState, SCHEMA, commands::proof::make_pending, router, wire::event::RAW_FILE_RECEIVED,
};
use strongroom_testkit::{FakeAnchor, Mood, TestPlatform};

use crate::common::{BOEFJE_META_ID, Meta, Service, config};

const FILES: &[(&str, &str, &[&str])] = &[("0", "YQ==", &["a"]), ("1", "Yg==", &["b"])];

#[tokio::test]
async fn an_authority_that_fails_or_hangs_loses_no_upload_and_is_asked_again() {
    let service = Service::start().await;
    service.save_boefje_meta(&Meta::default()).await;
    service.anchor.set_mood(Mood::Failing);
    let failed = service.save_raw(BOEFJE_META_ID, &FILES[..1]).await;
    service.anchor.set_mood(Mood::Silent);
    let silent = service.save_raw(BOEFJE_META_ID, &FILES[1..]).await;
    let link = async |id: &str| {
        service.get(&format!("/bytes/raw/{id}/meta")).await.json()["hash_retrieval_link"].clone()
    };
    for id in [&failed[0], &silent[0]] {
        assert_eq!(link(id).await, serde_json::Value::Null);
        let reply = service.get(&format!("/bytes/raw/{id}/proof")).await.json();
        assert_eq!(
            (&reply["made"], &reply["hash"], &reply["proof"]),
            (&false.into(), &true.into(), &serde_json::Value::Null)
        );
    }
    service.anchor.set_mood(Mood::Failing);
    assert_eq!(make_pending(&service.state).await.unwrap(), 2);
    service.anchor.set_mood(Mood::Willing);
    assert_eq!(make_pending(&service.state).await.unwrap(), 0);
    for id in [&failed[0], &silent[0]] {
        assert!(link(id).await.as_str().unwrap().starts_with("proof of sha512:"));
        assert_eq!(service.get(&format!("/bytes/raw/{id}/proof")).await.json()["proof"], true);
    }
    assert_eq!(service.get(&format!("/bytes/raw/{}", failed[0])).await.text(), "a", "the content stays");
    let leaves = service.leaves().await;
    assert_eq!(leaves.iter().filter(|leaf| *leaf == "add_proof by bytes").count(), 2);
}

#[tokio::test]
async fn the_provider_is_shown_with_its_proof_trap_30() {
    let platform = TestPlatform::start(SCHEMA, RAW_FILE_RECEIVED).await;
    let mut service = Service::on(platform).await;
    let anchor = Arc::new(FakeAnchor::new(Some("http://tsa.example/")));
    let state = BytesState::new(service.platform.kernel.clone(), config(), Arc::clone(&anchor) as _);
    service.router = router(state);
    service.save_boefje_meta(&Meta::default()).await;
    let ids = service.save_raw(BOEFJE_META_ID, &FILES[..1]).await;
    let reply = service.get(&format!("/bytes/raw/{}/meta", ids[0])).await.json();
    assert_eq!(reply["signing_provider_url"], "http://tsa.example/");
}

#[tokio::test]
async fn a_proof_by_an_earlier_authority_is_not_called_wrong() {
    let mut service = Service::start().await;
    service.save_boefje_meta(&Meta::default()).await;
    let ids = service.save_raw(BOEFJE_META_ID, &FILES[..1]).await;
    let path = format!("/bytes/raw/{}/proof", ids[0]);
    assert_eq!(service.get(&path).await.json()["proof"], true);
    let anchor = Arc::new(FakeAnchor::new(Some("http://tsa.example/")));
    service.router = router(BytesState::new(service.platform.kernel.clone(), config(), anchor));
    let reply = service.get(&path).await.json();
    assert_eq!((&reply["made"], &reply["hash"]), (&true.into(), &true.into()));
    assert_eq!(reply["proof"], serde_json::Value::Null);
}

#[tokio::test]
async fn the_job_beside_makes_what_waits_before_it_stops() {
    let service = Service::start().await;
    service.save_boefje_meta(&Meta::default()).await;
    service.anchor.set_mood(Mood::Failing);
    let ids = service.save_raw(BOEFJE_META_ID, FILES).await;
    service.anchor.set_mood(Mood::Willing);
    let (_stop, stopped) = tokio::sync::watch::channel(true);
    strongroom_bytes::make_proofs(service.state.clone(), stopped).await;
    for id in ids {
        let reply = service.get(&format!("/bytes/raw/{id}/meta")).await.json();
        assert!(reply["hash_retrieval_link"].is_string(), "{reply}");
    }
}
