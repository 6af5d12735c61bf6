//! Content on its way in: small pieces stay in memory and ride in the unit, larger ones are durable before it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use strongroom_model::{Digest, DigestHasher, Domain, Error};

use crate::{
    error::from_port,
    kernel::{InFlight, InFlightGuard, Kernel},
    ports::{ContentKey, ContentStore, Staged},
    unit::{LargeContent, MAX_SMALL_CONTENT, SmallContent, Unit},
};

/// Content that arrives in pieces; memory does not grow with its length. Dropping it discards it.
pub struct Upload {
    store: Arc<dyn ContentStore>,
    in_flight: InFlight,
    hasher: DigestHasher,
    size: u64,
    small: BytesMut,
    staged: Option<Box<dyn Staged>>,
}

/// Content that has arrived: in memory when small, durable when large. Keep it until its unit is committed.
#[derive(Debug)]
pub struct Uploaded {
    /// Where it is deduplicated.
    pub domain: Domain,
    /// SHA-256 of it.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    small: Option<Bytes>,
    _in_flight: Option<InFlightGuard>,
}

impl Kernel {
    /// Begins content whose digest and length are not known yet.
    pub fn upload(&self) -> Upload {
        Upload {
            store: Arc::clone(&self.inner.store),
            in_flight: self.inner.in_flight.clone(),
            hasher: DigestHasher::new(),
            size: 0,
            small: BytesMut::new(),
            staged: None,
        }
    }
}

impl Upload {
    /// Takes the next piece.
    ///
    /// # Errors
    /// `StorageFull`, `Unavailable`; the upload is then lost.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), Error> {
        self.hasher.update(&piece);
        self.size += piece.len() as u64;
        if let Some(staged) = &mut self.staged {
            return staged.write(piece).await.map_err(from_port);
        }
        if self.small.len() + piece.len() <= MAX_SMALL_CONTENT {
            self.small.extend_from_slice(&piece);
            return Ok(());
        }
        self.spill().await?.write(piece).await.map_err(from_port)
    }

    /// Keeps it out of memory and of the unit, however short it is: for requests of many small contents.
    ///
    /// # Errors
    /// `StorageFull`, `Unavailable`; the upload is then lost.
    pub async fn leave_memory(&mut self) -> Result<(), Error> {
        self.spill().await.map(|_| ())
    }

    async fn spill(&mut self) -> Result<&mut Box<dyn Staged>, Error> {
        if self.staged.is_none() {
            let mut staged = self.store.stage().await.map_err(from_port)?;
            let begun = std::mem::take(&mut self.small).freeze();
            if !begun.is_empty() {
                staged.write(begun).await.map_err(from_port)?;
            }
            self.staged = Some(staged);
        }
        Ok(self.staged.as_mut().expect("it was staged a moment ago, if not before"))
    }

    /// Length so far, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Ends it. Large content is durable when this returns, though nothing refers to it yet.
    ///
    /// # Errors
    /// `StorageFull`, `Unavailable`.
    pub async fn finish(self, domain: &Domain) -> Result<Uploaded, Error> {
        let Self { store: _, in_flight, hasher, size, small, staged } = self;
        let digest = hasher.finish();
        let uploaded =
            |small, guard| Uploaded { domain: domain.clone(), digest, size, small, _in_flight: guard };
        let Some(staged) = staged else { return Ok(uploaded(Some(small.freeze()), None)) };
        let key = ContentKey { domain: domain.clone(), digest };
        let guard = in_flight.enter(&key).await;
        staged.keep(&key).await.map_err(from_port)?;
        Ok(uploaded(None, Some(guard)))
    }
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Upload").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Unit {
    /// Takes uploaded content along; a row of the unit should refer to it.
    pub fn attach(&mut self, uploaded: &Uploaded) {
        let Uploaded { domain, digest, size, small, .. } = uploaded;
        match small {
            Some(bytes) => {
                self.small.push(SmallContent {
                    domain: domain.clone(),
                    digest: *digest,
                    bytes: bytes.clone(),
                    sealed: None,
                });
            }
            None => self.large.push(LargeContent { domain: domain.clone(), digest: *digest, size: *size }),
        }
    }
}
