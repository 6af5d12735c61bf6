//! The destruction itself: content, openings, events, kept answers. Each step may be done twice.

use std::{collections::HashSet, time::Duration};

use serde_json::{Value as Json, json};
use strongroom_model::{Domain, Error};

use crate::{
    error::from_port,
    index,
    kernel::Kernel,
    ports::{
        ContentEntry, ContentKey, Erasure, ObjectPosition, PackPosition, Place, PortError, StoredRecord,
    },
    record,
};

use super::plan::Plan;

/// Records of one step.
const RECORDS: usize = 200;
/// How often, and after which pauses, a content is looked for that is being uploaded again just now.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

impl Kernel {
    /// What is known of the contents of `plan`, to be noted before the entries go.
    pub(super) async fn entries(&self, plan: &Plan) -> Result<Vec<ContentEntry>, Error> {
        let mut entries = Vec::new();
        for key in plan.contents.keys() {
            entries.extend(self.inner.database.content(key).await.map_err(from_port)?);
        }
        Ok(entries)
    }

    /// Destroys contents to which nothing refers any more; returns which.
    ///
    /// The entry goes first, in one step with the check that nobody refers to it. Where the bytes were is noted
    /// with the intent: after a crash between the two they are destroyed by that.
    pub(super) async fn destroy_contents(
        &self,
        noted: &[ContentEntry],
    ) -> Result<HashSet<ContentKey>, Error> {
        let mut destroyed = HashSet::new();
        for entry in noted {
            let mut looks = LOOKS;
            let _deleting = loop {
                match self.inner.in_flight.claim(&entry.key) {
                    Some(claim) => break claim,
                    // whoever uploads it now will refer to it: then it is not ours to destroy
                    None if looks == 0 => return Err(crate::error::unavailable("content is being uploaded")),
                    None => looks -= 1,
                }
                tokio::time::sleep(PAUSE).await;
            };
            let database = &self.inner.database;
            let now = database.content(&entry.key).await.map_err(from_port)?;
            if let Some(now) = now {
                if database.forget_content(&entry.key).await.map_err(from_port)? {
                    self.delete(&now).await?;
                    destroyed.insert(now.key);
                }
            } else {
                self.delete(entry).await?;
                destroyed.insert(entry.key.clone());
            }
        }
        Ok(destroyed)
    }

    /// Destroys openings and events of `plan`, and all kept answers.
    pub(super) async fn destroy_values(&self, plan: &Plan) -> Result<(), Error> {
        let events: Vec<(String, u64)> = plan.events.iter().cloned().collect();
        // also with nothing to destroy: answers kept for repetitions may hold anything
        let erasure = Erasure { openings: Vec::new(), events };
        self.inner.database.erase(erasure).await.map_err(from_port)?;
        let indexes: Vec<u64> = plan.openings.keys().copied().collect();
        for part in indexes.chunks(RECORDS) {
            let mut changed = Vec::with_capacity(part.len());
            for index in part {
                let before = self.record_at(*index).await?;
                let places = plan.openings[index].iter().copied();
                let openings = record::without(&before, places).map_err(from_port)?;
                changed.push((before.clone(), StoredRecord { openings, ..before }));
            }
            // held over both steps: a record must not be indexed as it was after its names were taken out
            let mut indexer = self.inner.indexer.lock().await;
            index::forget(self.inner.database.as_ref(), &mut indexer, &changed).await.map_err(from_port)?;
            let openings = changed.into_iter().map(|(_, after)| (after.sequence, after.openings)).collect();
            let erasure = Erasure { openings, events: Vec::new() };
            self.inner.database.erase(erasure).await.map_err(from_port)?;
        }
        Ok(())
    }

    async fn record_at(&self, index: u64) -> Result<StoredRecord, Error> {
        let page = self.inner.database.records(index, 1).await.map_err(from_port)?;
        let gone = || from_port(PortError::corrupt(format!("record {index} is missing")));
        page.into_iter().next().ok_or_else(gone)
    }
}

/// Contents as the note of the intent has them.
pub(super) fn contents_to_json(entries: &[ContentEntry]) -> Json {
    entries
        .iter()
        .map(|ContentEntry { key, size, place, .. }| {
            let place = match place {
                Place::Pack(at) => json!([at.pack, at.offset, at.length]),
                Place::Store => json!("store"),
                Place::Database => json!("database"),
                Place::Object(ObjectPosition { object, at }) => {
                    json!([at.pack, at.offset, at.length, object.to_string()])
                }
            };
            json!({
                "digest": key.digest.to_string(), "domain": key.domain.as_str(), "place": place, "size": size,
            })
        })
        .collect()
}

/// Back from there; `None` when it is not such a note.
pub(super) fn contents_from_json(json: &Json) -> Option<Vec<ContentEntry>> {
    let entry = |json: &Json| {
        let place = match &json["place"] {
            Json::String(word) if word == "store" => Place::Store,
            Json::String(word) if word == "database" => Place::Database,
            json => {
                let at = PackPosition {
                    pack: u32::try_from(json[0].as_u64()?).ok()?,
                    offset: json[1].as_u64()?,
                    length: u32::try_from(json[2].as_u64()?).ok()?,
                };
                match &json[3] {
                    Json::Null => Place::Pack(at),
                    object => Place::Object(ObjectPosition { object: object.as_str()?.parse().ok()?, at }),
                }
            }
        };
        let (domain, digest) = (json["domain"].as_str()?, json["digest"].as_str()?);
        let key = ContentKey { domain: Domain::parse(domain).ok()?, digest: digest.parse().ok()? };
        Some(ContentEntry {
            key,
            size: json["size"].as_u64()?,
            place,
            references: 0,
            unreferenced_since: None,
        })
    };
    json.as_array()?.iter().map(entry).collect()
}
