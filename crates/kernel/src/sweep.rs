//! Deferred deletion and rolling scrub: what nobody refers to goes after a day, what stays is looked at again.

use std::time::Duration;

use strongroom_model::{Error, ErrorKind};

use crate::{
    error::from_port,
    kernel::Kernel,
    ports::{ContentEntry, ContentKey, Place, PortErrorKind},
};

/// Content is kept this long after the last reference to it went.
pub const DELETE_AFTER: Duration = Duration::from_hours(24);

const PAGE: usize = 256;
const SCRUB_POSITION: &str = "scrub/position";

/// One step of the rolling scrub.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScrubStep {
    /// Contents looked at.
    pub contents: u64,
    /// Digests of those that are not what was stored, with the words of the finding.
    pub broken: Vec<String>,
    /// The scrub came to the end and begins again.
    pub round_ended: bool,
}

impl Kernel {
    /// Deletes content nobody has referred to for [`DELETE_AFTER`]; returns how many.
    ///
    /// The entry goes first, in one step with the check that nobody refers to it, the bytes after it: a crash
    /// between leaves unreferenced bytes, never a row without its content.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let before =
            self.inner.clock.now().micros() - i64::try_from(DELETE_AFTER.as_micros()).unwrap_or(i64::MAX);
        let Some(before) = strongroom_model::Timestamp::from_micros(before) else { return Ok(0) };
        let mut deleted = 0;
        loop {
            let page = self.inner.database.unreferenced(before, PAGE).await.map_err(from_port)?;
            let full = page.len() == PAGE;
            let mut progressed = false;
            for entry in page {
                let Some(_deleting) = self.inner.in_flight.claim(&entry.key) else { continue };
                if self.inner.database.forget_content(&entry.key).await.map_err(from_port)? {
                    self.delete(&entry).await?;
                    deleted += 1;
                    progressed = true;
                }
            }
            if !full || !progressed {
                return Ok(deleted);
            }
        }
    }

    /// Destroys the bytes of a content whose entry is gone.
    pub(crate) async fn delete(&self, entry: &ContentEntry) -> Result<(), Error> {
        match entry.place {
            Place::Pack(position) => match &self.inner.packs {
                Some(packs) => packs.erase(position).map_err(from_port),
                None => Ok(()),
            },
            Place::Store => self.inner.store.remove(&entry.key).await.map_err(from_port),
            // what is dead in an object is taken out with others, or at once for an erasure
            Place::Database | Place::Object(_) => Ok(()),
        }
    }

    /// The scrub begins anew, and nothing says how far it was.
    pub(crate) fn forget_scrub_position(&self) {
        self.note(SCRUB_POSITION, None);
    }

    /// Deletes large content that no unit ever referred to, and objects of small content that the database does not
    /// know: what a crash left between upload and unit.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn sweep_orphans(&self) -> Result<u64, Error> {
        let mut deleted = self.inner.store.sweep_staged().await.map_err(from_port)?;
        let mut after: Option<ContentKey> = None;
        loop {
            let page = self.inner.store.list(after.as_ref(), PAGE).await.map_err(from_port)?;
            let Some((last, _)) = page.last() else { return Ok(deleted) };
            after = Some(last.clone());
            for (key, _) in page {
                if self.is_object(&key) {
                    deleted += u64::from(self.sweep_object(&key.digest).await?);
                    continue;
                }
                // claimed before the database is asked: a unit that commits later finds its upload gone or whole
                let Some(_deleting) = self.inner.in_flight.claim(&key) else { continue };
                if self.inner.database.content(&key).await.map_err(from_port)?.is_none() {
                    self.inner.store.remove(&key).await.map_err(from_port)?;
                    deleted += 1;
                }
            }
        }
    }

    /// Verifies the next `limit` contents after the stored position, and stores the new one.
    ///
    /// # Errors
    /// `Unavailable`; broken content is no error but part of the answer.
    pub async fn scrub_step(&self, limit: usize) -> Result<ScrubStep, Error> {
        let noted = match self.inner.recall(SCRUB_POSITION).await {
            // a round that begins anew loses nothing
            Err(error) if error.kind == PortErrorKind::Corrupt => None,
            noted => noted.map_err(from_port)?,
        };
        let position = noted.and_then(|text| parse_position(&text));
        let page = self.inner.database.contents(position.as_ref(), limit).await.map_err(from_port)?;
        let mut step = ScrubStep { round_ended: page.len() < limit, ..ScrubStep::default() };
        for entry in &page {
            if let Err(error) = self.scrub(entry).await {
                if error.kind() == ErrorKind::Unavailable {
                    return Err(error);
                }
                step.broken.push(format!("content {}: {}", entry.key.digest, error.diagnosis()));
            }
            step.contents += 1;
        }
        let next = page.last().filter(|_| !step.round_ended);
        self.note(
            SCRUB_POSITION,
            next.map(|entry| format!("{} {}", entry.key.digest, entry.key.domain).into_bytes()),
        );
        Ok(step)
    }

    async fn scrub(&self, entry: &ContentEntry) -> Result<(), Error> {
        let gone_meanwhile = |error: Error| async {
            let still = self.inner.database.content(&entry.key).await.map_err(from_port)?;
            if still.is_none() { Ok(()) } else { Err(error) }
        };
        match self.verified(&entry.key, None).await {
            Ok(_) => Ok(()),
            Err(error) => gone_meanwhile(error).await,
        }
    }
}

fn parse_position(text: &[u8]) -> Option<ContentKey> {
    let (digest, domain) = std::str::from_utf8(text).ok()?.split_once(' ')?;
    Some(ContentKey { digest: digest.parse().ok()?, domain: strongroom_model::Domain::parse(domain).ok()? })
}
