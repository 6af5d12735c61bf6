//! Content against digests, and references against rows.

use std::collections::HashMap;

use futures::TryStreamExt;
use strongroom_model::{Digest, DigestHasher, Domain};

use crate::{
    ports::{ContentEntry, ContentKey, PortError, PortErrorKind, RowFilter},
    row::Value,
};

use super::{Progress, Report, Verification};

const PAGE: usize = 512;

/// Reads every content once. Memory grows with the number of contents, 40 bytes each.
pub(super) async fn verify(
    asked: &Verification,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), PortError> {
    let mut references = references(asked).await?;
    progress.begin("contents", references.len() as u64);
    let mut after: Option<ContentKey> = None;
    loop {
        let page = asked.database.contents(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        for entry in &page {
            let counted = references.remove(&short(&entry.key)).unwrap_or(0);
            if counted > entry.references {
                report.tampered(format!("content {}: more rows refer to it than it knows", entry.key.digest));
            }
            match digest_of(asked, entry).await {
                Ok(found) if found == (entry.key.digest, entry.size) => {}
                Ok(_) => report.tampered(format!("content {}: not what was stored", entry.key.digest)),
                Err(error) => {
                    let what = format!("content {}: {error}", entry.key.digest);
                    match error.kind {
                        PortErrorKind::Corrupt | PortErrorKind::Missing => report.tampered(what),
                        _ => report.unknown(what),
                    }
                }
            }
            report.contents += 1;
        }
        progress.advance(page.len() as u64);
    }
    if !references.is_empty() {
        report.tampered(format!("{} contents that rows refer to are missing", references.len()));
    }
    Ok(())
}

async fn digest_of(asked: &Verification, entry: &ContentEntry) -> Result<(Digest, u64), PortError> {
    let mut hasher = DigestHasher::new();
    let mut size = 0;
    let mut stream = asked.content(&entry.key).await?;
    while let Some(piece) = stream.try_next().await? {
        hasher.update(&piece);
        size += piece.len() as u64;
    }
    Ok((hasher.finish(), size))
}

/// How many rows refer to each content.
async fn references(asked: &Verification) -> Result<HashMap<[u8; 32], u64>, PortError> {
    let mut references = HashMap::new();
    for table in asked.tables() {
        let Some(content) = table.content else { continue };
        let columns = (table.position(content.domain), table.position(content.digest));
        let (Some(domain), Some(digest)) = columns else { continue };
        let mut after = -1;
        loop {
            let page = asked.database.rows(table, RowFilter::After { after, limit: 2_048 }).await?;
            let Some(last) = page.last() else { break };
            after = last.order;
            for key in page.iter().filter_map(|row| key_of(&row.values[domain], &row.values[digest])) {
                *references.entry(short(&key)).or_insert(0) += 1;
            }
        }
    }
    Ok(references)
}

fn key_of(domain: &Value, digest: &Value) -> Option<ContentKey> {
    match (domain, digest) {
        (Value::Text(domain), Value::Digest(digest)) => {
            Some(ContentKey { domain: Domain::parse(domain).ok()?, digest: *digest })
        }
        _ => None,
    }
}

fn short(key: &ContentKey) -> [u8; 32] {
    *Digest::of(format!("{}\0{}", key.domain, key.digest).as_bytes()).as_bytes()
}
