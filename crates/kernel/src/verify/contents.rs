//! Content against digests, and references against rows.

use std::{collections::HashMap, time::Duration};

use futures::TryStreamExt;
use strongroom_model::{Digest, DigestHasher, Domain};

use crate::{
    ports::{
        ContentEntry, ContentKey, PackPosition, Place, PortError, PortErrorKind, Query, Reach, RowFilter,
    },
    row::{Kind, Value},
};

use super::{Progress, Report, Verification};

const PAGE: usize = 512;

/// Contents whose number of references is looked at a second time; more than that are counted only.
const SECOND_LOOKS: usize = 256;
/// How often a second look is repeated while rows come and go, and after which pause.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Reads every content once; returns where the last of those in the packs stands. Memory grows with the number of
/// contents, 40 bytes each.
pub(super) async fn verify(
    asked: &Verification,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<Option<PackPosition>, PortError> {
    let mut suspects = Vec::new();
    let mut end = None;
    let mut references = references(asked).await?;
    progress.begin("contents", references.len() as u64);
    let mut after: Option<ContentKey> = None;
    loop {
        let page = asked.database.contents(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        for entry in &page {
            let counted = references.remove(&short(&entry.key)).unwrap_or(0);
            if counted != entry.references {
                suspects.push(entry.key.clone());
            }
            if (entry.references == 0) != entry.unreferenced_since.is_some() {
                let what = "since when nobody refers to it does not fit how many do";
                report.tampered(format!("content {}: {what}", entry.key.digest));
            }
            if let Place::Pack(position) = entry.place {
                end = end.max(Some(position));
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
    look_again(asked, &suspects, report).await?;
    Ok(end)
}

/// Rows that came or went while all were counted explain a difference: then it is gone, or another, now.
async fn look_again(
    asked: &Verification,
    suspects: &[ContentKey],
    report: &mut Report,
) -> Result<(), PortError> {
    for key in suspects.iter().take(SECOND_LOOKS) {
        let mut looks = LOOKS;
        while let Some((counted, known)) = difference(asked, key).await? {
            looks -= 1;
            if looks == 0 {
                let digest = key.digest;
                report.tampered(format!("content {digest}: {counted} rows refer to it, it knows of {known}"));
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    if let Some(more) = suspects.len().checked_sub(SECOND_LOOKS).filter(|more| *more > 0) {
        report.unknown(format!("{more} more contents may know another number of rows than refer to them"));
    }
    Ok(())
}

/// Counts the rows that refer to one content, between two looks at how many it knows of; `None` when they agree, or
/// when it is gone.
async fn difference(asked: &Verification, key: &ContentKey) -> Result<Option<(u64, u64)>, PortError> {
    let known = async || Ok(asked.database.content(key).await?.map(|entry| entry.references));
    let Some(before) = known().await? else { return Ok(None) };
    let mut counted = 0;
    for table in asked.tables() {
        let Some(content) = table.content else { continue };
        let (name, domain, digest) = (table.name, content.domain, content.digest);
        let sql = format!("SELECT COUNT(*) FROM {name} WHERE {domain} = $1 AND {digest} = $2");
        let params = [Value::Text(key.domain.to_string()), Value::Digest(key.digest)];
        let snapshot = asked.database.snapshot().await?;
        let query = Query { sql: &sql, params: &params, columns: &[Kind::Int], reach: Reach::Scan };
        match snapshot.query(query).await?.first().map(Vec::as_slice) {
            Some([Value::Int(rows)]) => counted += rows.unsigned_abs(),
            _ => return Err(PortError::corrupt("a count is no number")),
        }
    }
    let Some(after) = known().await? else { return Ok(None) };
    let agree = (before.min(after)..=before.max(after)).contains(&counted);
    Ok((!agree).then_some((counted, after)))
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
