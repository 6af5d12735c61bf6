//! Takes out of objects what is dead in them: such objects are written anew, and the old ones removed. Those of which
//! more than half is dead at once, of the others one at each step.
//!
//! Old objects stay for a day, as deleted content does, so that a copy of the content store made within a day of a
//! copy of the database has all that one refers to. An erasure does not wait.

use strongroom_model::{Digest, Error, Timestamp};

use crate::{
    error::from_port,
    kernel::{Kernel, Packer},
    ports::{ContentKey, ObjectState, PackObject, PackPosition, Packing, Place, PortError, PortErrorKind},
    sweep::DELETE_AFTER,
};

use super::moving::{MAX_CONTENTS, Taken};

/// Objects that are listed at once.
const PAGE: usize = 1_024;
/// An object with less than this part of the full size live in it is small.
const SMALL: u64 = 8;
/// So many small objects are put together.
const MANY: usize = 8;

impl Kernel {
    /// Writes objects anew of which more than half is dead, and one of the others, puts small ones together, and
    /// removes those that were replaced, or never filled, a day ago or before. Returns how many were written anew or
    /// removed.
    ///
    /// # Errors
    /// `Unavailable`, `StorageFull`; a next call goes on.
    pub async fn compact_objects(&self) -> Result<u64, Error> {
        let Some((packer, packing)) = self.packer() else { return Ok(0) };
        let now = self.clock().now();
        let day = i64::try_from(DELETE_AFTER.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp::from_micros(now.micros().saturating_sub(day));
        let removed = packer.remove(packing, now, before).await.map_err(from_port)?;
        let objects = packer.filled(packing).await.map_err(from_port)?;
        packer.figures.lock().objects = objects.iter().filter(|object| object.live > 0).count() as u64;
        let mut written = 0;
        for group in packer.groups(&objects) {
            // in turn with moves and erasures, group by group
            let _turn = packer.turn.lock().await;
            match packer.write_anew(packing, &group, true).await {
                Ok(()) => written += group.len() as u64,
                // found and told by the scrub and by `verify`; the others need not wait for it, but for the next step
                Err(error) if is_damage(&error) => {
                    tracing::error!(%error, "objects of small content cannot be written anew");
                }
                Err(error) => return Err(from_port(error)),
            }
        }
        Ok(removed + written)
    }

    /// Has no object keep anything that no content is at, and none that was replaced be there any longer.
    pub(crate) async fn purge_objects(&self) -> Result<(), Error> {
        let Some((packer, packing)) = self.packer() else { return Ok(()) };
        let turn = packer.turn.lock().await;
        for object in packer.filled(packing).await.map_err(from_port)? {
            if object.live == object.payload || object.live == 0 {
                continue;
            }
            // what is damaged goes as well, and what stands beside it stays as it is
            match packer.write_anew(packing, &[object], false).await {
                // an object that is gone keeps nothing
                Err(error) if error.kind != PortErrorKind::Missing => return Err(from_port(error)),
                Ok(()) | Err(_) => {}
            }
        }
        drop(turn);
        let now = self.clock().now();
        packer.remove(packing, now, None).await.map(|_| ()).map_err(from_port)
    }

    /// Whether `key` names an object of small contents and not a content.
    pub(crate) fn is_object(&self, key: &ContentKey) -> bool {
        self.packer().is_some_and(|(packer, _)| *packer.part.objects.domain() == key.domain)
    }

    /// Removes an object that is in the store and that the database does not know.
    pub(crate) async fn sweep_object(&self, digest: &Digest) -> Result<bool, Error> {
        let Some((packer, packing)) = self.packer() else { return Ok(false) };
        // one that is being written is known before it is there
        if packing.knows_object(digest).await.map_err(from_port)? {
            return Ok(false);
        }
        packer.part.objects.remove(digest).await.map_err(from_port)?;
        Ok(true)
    }
}

/// Bytes in an object at which no content is.
fn dead(object: &PackObject) -> u64 {
    object.payload.saturating_sub(object.live)
}

fn is_damage(error: &PortError) -> bool {
    matches!(error.kind, PortErrorKind::Missing | PortErrorKind::Corrupt)
}

impl Packer {
    /// All objects in which contents may be.
    async fn filled(&self, packing: &dyn Packing) -> Result<Vec<PackObject>, PortError> {
        let mut filled = all(packing).await?;
        filled.retain(|object| object.state == ObjectState::Filled);
        Ok(filled)
    }

    /// Condemns what is empty, and removes what was condemned before `before`; everything when there is no such time.
    async fn remove(
        &self,
        packing: &dyn Packing,
        now: Timestamp,
        before: Option<Timestamp>,
    ) -> Result<u64, PortError> {
        let _turn = self.turn.lock().await;
        packing.condemn_objects(now).await?;
        let mut removed = 0;
        for object in all(packing).await? {
            let ObjectState::Condemned(since) = object.state else { continue };
            if before.is_some_and(|before| since > before) {
                continue;
            }
            // in this order: an object that is there is known
            self.part.objects.remove(&object.digest).await?;
            packing.forget_object(object.number).await?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Objects to be written anew: those of which more than half is dead; small ones, when there are many; and one
    /// more, the one with most dead in it, so that what is deleted goes in the end.
    fn choose(&self, objects: &[PackObject]) -> Vec<PackObject> {
        let is_wasteful = |object: &PackObject| object.live < dead(object);
        let is_small = |object: &PackObject| object.live < self.part.bytes / SMALL;
        let damaged = self.damaged.lock();
        let filled = objects.iter().filter(|object| object.live > 0 && !damaged.contains(&object.number));
        let many = filled.clone().filter(|object| is_small(object)).count() >= MANY;
        let (mut chosen, others): (Vec<_>, Vec<_>) =
            filled.copied().partition(|object| is_wasteful(object) || (many && is_small(object)));
        let worst = others.into_iter().filter(|object| dead(object) > 0).max_by_key(dead);
        chosen.extend(worst);
        chosen.sort_unstable_by_key(|object| object.live);
        chosen
    }

    /// Such objects, together as far as one object holds what is live in them.
    fn groups(&self, objects: &[PackObject]) -> Vec<Vec<PackObject>> {
        let mut groups: Vec<(u64, Vec<PackObject>)> = Vec::new();
        for object in self.choose(objects) {
            match groups.last_mut() {
                Some((live, group)) if *live + object.live <= self.part.bytes => {
                    *live += object.live;
                    group.push(object);
                }
                _ => groups.push((object.live, vec![object])),
            }
        }
        let is_useful =
            |group: &Vec<PackObject>| group.len() > 1 || group.iter().any(|object| dead(object) > 0);
        groups.into_iter().map(|(_, group)| group).filter(is_useful).collect()
    }

    /// Puts what is live in `objects` into new ones, `only_sound` if they are read as they were written: else the one
    /// damaged on its way here would take the place of a sound one. The caller has the turn.
    async fn write_anew(
        &self,
        packing: &dyn Packing,
        objects: &[PackObject],
        only_sound: bool,
    ) -> Result<(), PortError> {
        let mut taken: Vec<Taken> = Vec::new();
        for object in objects {
            let entries = packing.packed_contents(object.number).await?;
            let mut keys = Vec::with_capacity(entries.len());
            let mut positions: Vec<PackPosition> = Vec::with_capacity(entries.len());
            for entry in entries {
                let Place::Object(position) = entry.place else { continue };
                keys.push((entry.key, entry.place));
                positions.push(position.at);
            }
            if keys.is_empty() {
                continue;
            }
            let read = self.part.objects.payloads(&object.digest, object.size, &positions).await;
            let payloads = match read {
                Ok((_, false)) if only_sound => {
                    let number = object.number;
                    Err(PortError::corrupt(format!("object {number} is not as it was written")))
                }
                read => read.map(|(payloads, _)| payloads),
            };
            let payloads = payloads.inspect_err(|error| {
                if is_damage(error) {
                    self.damaged.lock().insert(object.number);
                }
            })?;
            taken.extend(keys.into_iter().zip(payloads).map(|((key, from), payload)| (key, from, payload)));
        }
        while !taken.is_empty() {
            let rest = taken.split_off(taken.len().min(MAX_CONTENTS));
            self.write(packing, std::mem::replace(&mut taken, rest)).await?;
        }
        Ok(())
    }
}

/// All objects, whatever their state.
async fn all(packing: &dyn Packing) -> Result<Vec<PackObject>, PortError> {
    let mut objects: Vec<PackObject> = Vec::new();
    loop {
        let after = objects.last().map(|object| object.number);
        let page = packing.objects(after, PAGE).await?;
        if page.is_empty() {
            return Ok(objects);
        }
        objects.extend(page);
    }
}
