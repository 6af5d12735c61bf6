//! Deleting all that an organisation has.

use strongroom_bytes::commands::organization::{Deleted, delete_organization};
use strongroom_model::Caller;

use crate::common::{BOEFJE_META_ID, Meta, Service, UNKNOWN_ID};

#[tokio::test]
async fn an_organisation_is_deleted_and_another_with_the_same_contents_stays() {
    let service = Service::start().await;
    service.save_boefje_meta(&Meta::default()).await;
    let other = Meta { id: UNKNOWN_ID, organization: "other", ..Meta::default() };
    service.save_boefje_meta(&other).await;
    let gone = service.save_raw(BOEFJE_META_ID, &[("0", "aGVsbG8=", &["a"]), ("1", "eW91", &["b"])]).await;
    let stays = service.save_raw(UNKNOWN_ID, &[("0", "aGVsbG8=", &["a"])]).await;
    let kernel = &service.platform.kernel;
    let caller = Caller::system("operator");
    let organization = Meta::default().organization;
    let mut steps = 0;
    let deleted = delete_organization(kernel, &caller, organization, |_| steps += 1).await.unwrap();
    let expected = Deleted { normalizer_metas: 0, raw_files: 2, boefje_metas: 1, done: true };
    assert_eq!((deleted, steps), (expected, 3));
    for id in &gone {
        assert_eq!(service.get(&format!("/bytes/raw/{id}")).await.status, 404);
    }
    assert_eq!(service.get(&format!("/bytes/boefje_meta/{BOEFJE_META_ID}")).await.status, 404);
    assert_eq!(service.get(&format!("/bytes/raw/{}", stays[0])).await.to_string(), "200 hello");
    // a new one under the same code begins with nothing, and the words may be said twice
    let again = delete_organization(kernel, &caller, organization, |_| ()).await.unwrap();
    assert_eq!(again, Deleted { done: true, ..Deleted::default() });
    service.save_boefje_meta(&Meta::default()).await;
    service.save_raw(BOEFJE_META_ID, &[("0", "bmV3", &["a"])]).await;
    let metrics = service.get("/bytes/metrics").await;
    let metrics = metrics.text();
    assert!(metrics.contains(&format!("\"{organization}\"")), "{metrics}");
}
