//! Verification of hashes and proofs, beyond what the kernel checks.

use std::sync::Arc;

use strongroom_bytes::{audit::RawFileAudit, tables::RawFile};
use strongroom_kernel::{
    Operation, Row as _, State,
    ports::RowFilter,
    verify::{Audit, Verdict},
};

use crate::common::{BOEFJE_META_ID, Meta, Service};

async fn service() -> Service {
    let service = Service::start().await;
    service.save_boefje_meta(&Meta::default()).await;
    service.save_raw(BOEFJE_META_ID, &[("0", "YQ==", &["a"]), ("1", "Yg==", &["b"])]).await;
    service
}

/// Findings after `spoil` changed the first raw file's row behind the kernel's back.
async fn findings(service: &Service, spoil: impl FnOnce(&mut RawFile)) -> Vec<String> {
    let database = service.platform.kernel.database();
    let page = RowFilter::After { after: -1, limit: 1 };
    let row = database.rows(RawFile::TABLE, page).await.unwrap().remove(0);
    let mut raw = RawFile::from_values(row.values).unwrap();
    spoil(&mut raw);
    let put = Operation::Put { table: RawFile::TABLE, values: raw.values(), expectation: State::Any.into() };
    database.replay(vec![(row.version, vec![put])]).await.unwrap();
    let audit: Arc<dyn Audit> = Arc::new(RawFileAudit::new(Arc::clone(&service.anchor) as _));
    let report = service.platform.verify(vec![audit]).await;
    report.findings.into_iter().map(|finding| finding.text).collect()
}

#[tokio::test]
async fn hashes_and_proofs_as_they_were_made_hold() {
    let service = service().await;
    let audit: Arc<dyn Audit> = Arc::new(RawFileAudit::new(Arc::clone(&service.anchor) as _));
    let report = service.platform.verify(vec![audit]).await;
    assert_eq!(report.verdict(), Verdict::Clean, "{report:?}");
}

#[tokio::test]
async fn a_hash_of_other_content_is_named() {
    let service = service().await;
    let found = findings(&service, |raw| raw.secure_hash = Some(format!("sha512:{}", "0".repeat(128)))).await;
    assert!(found.iter().any(|text| text.contains("its hash is not that of its content")), "{found:?}");
}

#[tokio::test]
async fn a_proof_of_another_hash_is_named() {
    let service = service().await;
    let found = findings(&service, |raw| raw.proof_link = Some("proof of something else".to_owned())).await;
    assert!(found.iter().any(|text| text.contains("its proof does not hold")), "{found:?}");
}
