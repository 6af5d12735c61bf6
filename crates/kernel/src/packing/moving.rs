//! Moves what waits in the database into an object, and contents of objects into another.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use strongroom_model::{Error, Timestamp};

use crate::{
    error::from_port,
    kernel::{Kernel, Packer, Turn},
    ports::{
        ContentKey, ObjectState, PackMove, PackObject, PackPosition, Packing, Place, PortError, Waiting,
    },
};

/// Contents of one object at most.
pub(super) const MAX_CONTENTS: usize = 16_384;
/// Contents whose places change in one transaction, so that commits do not wait long for it.
const AT_ONCE: usize = 1_024;
/// Contents that are read from the database at once: 4 MiB at most.
const PAGE: usize = 64;

/// A content with its bytes as stored, and where they were taken from.
pub(super) type Taken = (ContentKey, Place, Bytes);

impl Kernel {
    /// Moves small content that waits in the database into one object, if enough waits for a whole one or some waits
    /// long enough. Returns whether enough is left for another.
    ///
    /// # Errors
    /// `Unavailable`, `StorageFull`, `Internal`: nothing is lost; a next call begins anew.
    pub async fn pack(&self) -> Result<bool, Error> {
        let Some((packer, packing)) = self.packer() else { return Ok(false) };
        let mut turn = packer.turn.lock().await;
        let waiting = packer.look(packing).await.map_err(from_port)?;
        if !packer.is_due(&mut turn, waiting, self.clock().now()) {
            return Ok(false);
        }
        let taken = packer.take(packing, &mut turn).await.map_err(from_port)?;
        let (contents, bytes) = packer.write(packing, taken).await.map_err(from_port)?;
        turn.waiting_since = None;
        let left = packer.look(packing).await.map_err(from_port)?;
        let mut figures = packer.figures.lock();
        figures.moved_contents += contents;
        figures.moved_bytes += bytes;
        figures.objects += u64::from(contents > 0);
        // where nothing could be moved, another try at once would end alike
        Ok(contents > 0 && packer.is_enough(left))
    }
}

impl Packer {
    async fn look(&self, packing: &dyn Packing) -> Result<Waiting, PortError> {
        let waiting = packing.waiting().await?;
        let mut figures = self.figures.lock();
        (figures.waiting_contents, figures.waiting_bytes) = (waiting.contents, waiting.bytes);
        Ok(waiting)
    }

    fn is_enough(&self, waiting: Waiting) -> bool {
        waiting.bytes >= self.part.bytes || waiting.contents >= MAX_CONTENTS as u64
    }

    fn is_due(&self, turn: &mut Turn, waiting: Waiting, now: Timestamp) -> bool {
        if waiting.contents == 0 {
            turn.waiting_since = None;
            return false;
        }
        let since = *turn.waiting_since.get_or_insert(now);
        let waited = Duration::from_micros(u64::try_from(now.micros() - since.micros()).unwrap_or(0));
        self.is_enough(waiting) || waited >= self.part.after
    }

    /// Contents for one object: those behind the last ones taken, then those from the beginning.
    async fn take(&self, packing: &dyn Packing, turn: &mut Turn) -> Result<Vec<Taken>, PortError> {
        let mut taken: Vec<Taken> = Vec::new();
        let mut bytes = 0;
        let began = turn.taken.clone();
        let mut around = began.is_none();
        let mut after = began.clone();
        'pages: loop {
            let page = packing.waiting_contents(after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else {
                if around {
                    break;
                }
                (around, after) = (true, None);
                continue;
            };
            after = Some(last.clone());
            for (key, payload) in page {
                let is_around = around && began.as_ref().is_some_and(|began| key > *began);
                bytes += payload.len() as u64;
                let is_full = bytes > self.part.bytes || taken.len() == MAX_CONTENTS;
                if is_around || (is_full && !taken.is_empty()) {
                    break 'pages;
                }
                turn.taken = Some(key.clone());
                taken.push((key, Place::Database, payload));
            }
        }
        Ok(taken)
    }

    /// Puts contents into a new object; returns how many, and how many bytes, are there now. Contents that were
    /// forgotten or moved meanwhile stay as they are, and are dead in the object.
    pub(super) async fn write(
        &self,
        packing: &dyn Packing,
        taken: Vec<Taken>,
    ) -> Result<(u64, u64), PortError> {
        if taken.is_empty() {
            return Ok((0, 0));
        }
        let number = packing.next_object().await?;
        let (places, payloads): (Vec<_>, Vec<Bytes>) =
            taken.into_iter().map(|(key, from, payload)| ((key, from), payload)).unzip();
        let payload = payloads.iter().map(|payload| payload.len() as u64).sum();
        let objects = Arc::clone(&self.part.objects);
        let laid_out = tokio::task::spawn_blocking(move || objects.lay_out(number, &payloads))
            .await
            .map_err(|error| PortError::unavailable("put small content together").with_source(error))?;
        let (digest, size) = (laid_out.digest, laid_out.bytes.len() as u64);
        // before it is written: what a crash leaves is known by this
        let object = PackObject { number, digest, size, payload, live: 0, state: ObjectState::Begun };
        packing.begin_object(&object).await?;
        self.part.objects.write(&laid_out).await?;
        // it is whole and durable: from here on contents may be looked for in it
        let moves: Vec<PackMove> = places
            .into_iter()
            .zip(&laid_out.positions)
            .map(|((key, from), to): ((ContentKey, Place), &PackPosition)| PackMove { key, from, to: *to })
            .collect();
        let mut moved = (0, 0);
        for part in moves.chunks(AT_ONCE) {
            let (contents, bytes) = packing.fill_object(number, part).await?;
            moved = (moved.0 + contents, moved.1 + bytes);
        }
        Ok(moved)
    }
}
