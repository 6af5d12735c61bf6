//! Small content, wherever it is: in packs, in the database, or in an object, also while it is being moved.

use bytes::Bytes;

use crate::ports::{ContentEntry, Database, PackObjects, Packs, Place, PortError, PortErrorKind, Sealer};

/// How often a content is looked for again that was moved away meanwhile.
const MOVES: u32 = 8;

/// Where small content may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Small<'k> {
    pub(crate) database: &'k dyn Database,
    pub(crate) packs: Option<&'k dyn Packs>,
    pub(crate) objects: Option<&'k dyn PackObjects>,
    pub(crate) sealer: Option<&'k dyn Sealer>,
}

impl Small<'_> {
    /// The plain bytes of a content that is not in the store by itself; not verified.
    ///
    /// # Errors
    /// `Missing`, `Unavailable`, `Corrupt`.
    pub(crate) async fn bytes(&self, entry: &ContentEntry) -> Result<Bytes, PortError> {
        let mut place = entry.place;
        for _ in 0..MOVES {
            let missing = match self.at(entry, place).await {
                Err(error) if error.kind == PortErrorKind::Missing => error,
                read => return read,
            };
            match self.database.content(&entry.key).await? {
                Some(now) if now.place != place => place = now.place,
                _ => return Err(missing),
            }
        }
        Err(PortError::unavailable(format!("content {} is moved again and again", entry.key.digest)))
    }

    async fn at(&self, entry: &ContentEntry, place: Place) -> Result<Bytes, PortError> {
        match place {
            Place::Pack(position) => self
                .packs
                .ok_or_else(|| PortError::missing("open packs: none are configured"))?
                .read(position),
            Place::Database => self.open(self.database.small_content(&entry.key).await?.into()),
            Place::Object(position) => {
                let none = || PortError::missing("open objects of small content: none are configured");
                self.open(self.objects.ok_or_else(none)?.read(position).await?)
            }
            Place::Store => Err(PortError::corrupt("a small content went to the store by itself")),
        }
    }

    fn open(&self, stored: Bytes) -> Result<Bytes, PortError> {
        match self.sealer {
            Some(sealer) if !stored.is_empty() => sealer.open(&stored),
            _ => Ok(stored),
        }
    }
}
