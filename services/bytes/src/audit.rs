//! What `strongroom verify` checks of this service beyond what the kernel sees: that every hash is that of its
//! content and its job's end, and that every proof holds for its hash.
//!
//! The route that checks one file for its caller is in [`crate::commands::proof`].

use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt as _;
use strongroom_kernel::{
    Row as _, Value,
    ports::{Anchor, AnchorProof, ContentKey, PortError, PortErrorKind, RowFilter},
    verify::{Audit, Progress, Report, Verification},
};

use crate::{
    tables::{BoefjeMeta, RawFile},
    wire::hash::{Algorithm, SecureHasher},
};

/// Rows of one page.
const PAGE: usize = 512;

/// Checks hashes and proofs of all raw files.
#[derive(Debug)]
pub struct RawFileAudit {
    anchor: Arc<dyn Anchor>,
}

impl RawFileAudit {
    /// Proofs by `anchor` are checked; those by others are left to whoever has their certificates.
    pub fn new(anchor: Arc<dyn Anchor>) -> Self {
        Self { anchor }
    }

    async fn check(&self, asked: &Verification, raw: RawFile, report: &mut Report) -> Result<(), PortError> {
        let Some(stored) = &raw.secure_hash else { return Ok(()) };
        match hash_of(asked, &raw, stored).await {
            Ok(Some(found)) if found != *stored => {
                report.tampered(format!(
                    "raw file {}: its hash is not that of its content and end time",
                    raw.id
                ));
            }
            Ok(_) => {}
            // missing or changed content is reported where all content is read
            Err(error) if matches!(error.kind, PortErrorKind::Corrupt | PortErrorKind::Missing) => {}
            Err(error) => return Err(error),
        }
        let Some(link) = raw.proof_link else { return Ok(()) };
        if raw.proof_provider.as_deref() != self.anchor.provider() {
            return Ok(());
        }
        let proof = AnchorProof { link, provider: raw.proof_provider };
        match self.anchor.check(stored, &proof).await {
            Ok(()) => {}
            // this kind of proof leaves nothing to check
            Err(error) if error.kind == PortErrorKind::Refused => {}
            Err(error) if matches!(error.kind, PortErrorKind::Corrupt | PortErrorKind::Missing) => {
                report.tampered(format!("raw file {}: its proof does not hold: {error}", raw.id));
            }
            Err(error) => report.unknown(format!("raw file {}: its proof was not checked: {error}", raw.id)),
        }
        Ok(())
    }
}

#[async_trait]
impl Audit for RawFileAudit {
    async fn audit(
        &self,
        asked: &Verification,
        report: &mut Report,
        progress: &dyn Progress,
    ) -> Result<(), PortError> {
        progress.begin("hashes and proofs of raw files", asked.database.count_rows(RawFile::TABLE).await?);
        let mut after = -1;
        loop {
            let page = asked.database.rows(RawFile::TABLE, RowFilter::After { after, limit: PAGE }).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.order;
            progress.advance(page.len() as u64);
            for row in page {
                self.check(asked, RawFile::from_values(row.values)?, report).await?;
            }
        }
    }
}

/// The hash as it should be; `None` where it cannot be computed again.
async fn hash_of(asked: &Verification, raw: &RawFile, stored: &str) -> Result<Option<String>, PortError> {
    let name = stored.split(':').next().unwrap_or_default();
    let Some(algorithm) = Algorithm::from_name(name) else { return Ok(None) };
    let job = RowFilter::Key(&[Value::Id(raw.boefje_meta)]);
    let Some(job) = asked.database.rows(BoefjeMeta::TABLE, job).await?.into_iter().next() else {
        return Err(PortError::missing("find the job of a raw file"));
    };
    let Some(ended_at) = BoefjeMeta::from_values(job.values)?.ended_at else { return Ok(None) };
    let key = ContentKey { domain: raw.domain.clone(), digest: raw.content };
    let mut hasher = SecureHasher::new(algorithm);
    let mut content = asked.content(&key).await?;
    while let Some(piece) = content.try_next().await? {
        hasher.update(&piece);
    }
    Ok(Some(hasher.finish(ended_at)))
}
