//! Attestations of checkpoints against the tree, and what services attest of their own.

use async_trait::async_trait;

use crate::{
    anchoring::AnchoredCheckpoint,
    ports::{ByteStream, ContentKey, Place, PortError, PortErrorKind, RowFilter},
    row::Row,
};

use super::{Progress, Report, Verification};

/// What a service can check of its own rows beyond what the kernel sees, such as proofs of a time-stamp authority.
#[async_trait]
pub trait Audit: std::fmt::Debug + Send + Sync {
    /// Looks, and reports what it finds.
    ///
    /// # Errors
    /// When it cannot look; the kernel reports that.
    async fn audit(
        &self,
        asked: &Verification,
        report: &mut Report,
        progress: &dyn Progress,
    ) -> Result<(), PortError>;
}

/// Checks every kept attestation whose provider is configured; roots come from the walk over the leaves.
pub(super) async fn verify(
    asked: &Verification,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), PortError> {
    let table = AnchoredCheckpoint::TABLE;
    if !asked.tables().any(|known| known == table) {
        return Ok(());
    }
    progress.begin("anchored checkpoints", asked.database.count_rows(table).await?);
    let mut after = -1;
    loop {
        let page = asked.database.rows(table, RowFilter::After { after, limit: 256 }).await?;
        let Some(last) = page.last() else { break };
        after = last.order;
        progress.advance(page.len() as u64);
        for row in page {
            let row = AnchoredCheckpoint::from_values(row.values)?;
            let proof = row.proof();
            let anchors =
                asked.anchors.iter().filter(|anchor| anchor.provider() == proof.provider.as_deref());
            let text = row
                .text(asked.verifier.name().as_str())
                .map_err(|error| PortError::corrupt("read an anchored checkpoint").with_source(error))?;
            for anchor in anchors {
                match anchor.check(&text, &proof).await {
                    Ok(()) => {}
                    Err(error) if error.kind == PortErrorKind::Refused => {}
                    Err(error) if error.kind == PortErrorKind::Corrupt => {
                        report
                            .tampered(format!("anchor of {} at {} leaves: {error}", row.provider, row.size));
                    }
                    Err(error) => {
                        report.unknown(format!("anchor of {} at {} leaves: {error}", row.provider, row.size));
                    }
                }
            }
        }
    }
    for audit in &asked.audits {
        if let Err(error) = audit.audit(asked, report, progress).await {
            report.failed(&error);
        }
    }
    Ok(())
}

impl Verification {
    /// The bytes of a content, wherever they are; not verified.
    ///
    /// # Errors
    /// `Missing` when there is no such content, `Unavailable`, `Corrupt`.
    pub async fn content(&self, key: &ContentKey) -> Result<ByteStream, PortError> {
        let entry = self.database.content(key).await?;
        let entry = entry.ok_or_else(|| PortError::missing(format!("find content {}", key.digest)))?;
        let whole = |bytes: bytes::Bytes| -> ByteStream { Box::pin(futures::stream::iter([Ok(bytes)])) };
        match entry.place {
            Place::Pack(_) | Place::Database | Place::Object(_) => {
                self.small().bytes(&entry).await.map(whole)
            }
            Place::Store => self.store.read(key, 0..entry.size.saturating_add(1)).await,
        }
    }
}
