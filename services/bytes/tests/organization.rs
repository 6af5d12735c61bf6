//! Deleting all that an organisation has, and what it has had for too long.

use strongroom_bytes::{
    commands::organization::{Deleted, delete_organization, expire_jobs},
    config::Retention,
};
use strongroom_kernel::verify::Verdict;
use strongroom_model::Caller;

use crate::common::{BOEFJE_META_ID, Meta, Service, UNKNOWN_ID, id};

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

/// Ended so many days before the time of these tests.
const OLD: &str = "2025-02-01T00:00:00Z";
const YOUNG: &str = "2025-02-27T00:00:00Z";

#[tokio::test]
async fn jobs_go_with_all_they_have_when_they_are_older_than_they_are_kept() {
    let service = Service::start().await;
    let metas = [(1, "acme", OLD), (2, "acme", YOUNG), (3, "archive", OLD), (4, "fleeting", YOUNG)];
    let mut files = Vec::new();
    for (number, organization, ended_at) in metas {
        let id = id(number);
        service.save_boefje_meta(&Meta { id: &id, organization, ended_at, ..Meta::default() }).await;
        files.extend(service.save_raw(&id, &[("0", "aGVsbG8=", &["a"]), ("1", "eW91", &["b"])]).await);
    }
    service.save_normalizer_meta(&id(11), &files[0]).await;
    service.save_normalizer_meta(&id(12), &files[2]).await;
    let kernel = &service.platform.kernel;
    let organizations = [("archive".to_owned(), 0), ("fleeting".to_owned(), 3)].into();
    let retention = Retention { days: 20, organizations };
    let caller = Caller::system("retention");
    let mut steps = 0;
    let expired = expire_jobs(kernel, &caller, &retention, |_| steps += 1).await.unwrap();
    let expected = Deleted { normalizer_metas: 1, raw_files: 4, boefje_metas: 2, done: true };
    assert_eq!((expired, steps), (expected, 5));
    for (file, (number, ..)) in files.chunks(2).zip(metas) {
        let status = if number % 3 == 1 { 404 } else { 200 };
        assert_eq!(service.get(&format!("/bytes/raw/{}", file[0])).await.status, status, "{number}");
        assert_eq!(
            service.get(&format!("/bytes/boefje_meta/{}", id(number))).await.status,
            status,
            "{number}"
        );
    }
    assert_eq!(service.get(&format!("/bytes/normalizer_meta/{}", id(11))).await.status, 404);
    assert_eq!(service.get(&format!("/bytes/normalizer_meta/{}", id(12))).await.status, 200);
    let again = expire_jobs(kernel, &caller, &retention, |_| steps += 1).await.unwrap();
    assert_eq!((again, steps), (Deleted { done: true, ..Deleted::default() }, 5));
    let report = service.platform.verify(Vec::new()).await;
    assert_eq!(report.verdict(), Verdict::Clean, "{report:?}");
    let leaves = service.leaves().await;
    assert_eq!(leaves.iter().filter(|leaf| *leaf == "expire_jobs by retention").count(), 5, "{leaves:?}");
}

#[tokio::test]
async fn more_jobs_than_go_together_all_go() {
    let service = Service::start().await;
    for number in 0..120 {
        let id = id(number);
        service.save_boefje_meta(&Meta { id: &id, ended_at: OLD, ..Meta::default() }).await;
    }
    let retention = Retention { days: 1, ..Retention::default() };
    let kernel = &service.platform.kernel;
    let expired = expire_jobs(kernel, &Caller::system("retention"), &retention, |_| ()).await.unwrap();
    assert_eq!(expired.boefje_metas, 120);
    let nothing = Retention::default();
    assert!(nothing.keeps_everything() && nothing.of("acme").is_none());
}
