//! Free space that content never takes: what the database and the ledger need to stop in good order.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use strongroom_kernel::ports::{PortError, PortErrorKind};

/// How long a look at the file system is good for while there is plenty of space.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// Free space of one file system that must stay free.
///
/// The file system is asked at most once a second while there is plenty, and each time while there is not.
#[derive(Debug)]
pub struct Reserve {
    folder: PathBuf,
    bytes: u64,
    seen: Mutex<Option<Seen>>,
}

#[derive(Debug)]
struct Seen {
    at: Instant,
    free: u64,
}

impl Reserve {
    /// Keeps `bytes` free on the file system of `folder`; 0 keeps nothing and asks nothing.
    pub fn new(folder: &Path, bytes: u64) -> Self {
        Self { folder: folder.to_owned(), bytes, seen: Mutex::new(None) }
    }

    /// The same reserve on the file system of another `folder`.
    #[must_use]
    pub fn at(&self, folder: &Path) -> Self {
        Self::new(folder, self.bytes)
    }

    /// Bytes that content may still take.
    ///
    /// # Errors
    /// `Unavailable` when the file system does not say.
    pub fn left(&self) -> Result<u64, PortError> {
        Ok(self.free()?.saturating_sub(self.bytes))
    }

    /// Agrees to `wanted` more bytes.
    ///
    /// # Errors
    /// `Full` when the reserve would be touched, `Unavailable` when the file system does not say.
    pub(crate) fn take(&self, wanted: u64) -> Result<(), PortError> {
        if self.bytes == 0 {
            return Ok(());
        }
        let needed = wanted.saturating_add(self.bytes);
        let mut seen = self.seen.lock();
        let free = match &*seen {
            Some(seen) if seen.at.elapsed() < GOOD_FOR && seen.free >= needed => seen.free,
            _ => self.free()?,
        };
        if free < needed {
            *seen = None;
            return Err(PortError::new(PortErrorKind::Full, "take space: the disk reserve would be touched"));
        }
        let at = seen
            .as_ref()
            .filter(|seen| seen.at.elapsed() < GOOD_FOR)
            .map_or_else(Instant::now, |seen| seen.at);
        *seen = Some(Seen { at, free: free - wanted });
        Ok(())
    }

    fn free(&self) -> Result<u64, PortError> {
        // The folder may not have been made yet: the nearest one above it is on the same file system.
        let mut folder = self.folder.as_path();
        loop {
            match rustix::fs::statvfs(folder) {
                Ok(stat) => return Ok(stat.f_bavail.saturating_mul(stat.f_frsize)),
                Err(rustix::io::Errno::NOENT) if folder.parent().is_some() => {
                    folder = strongroom_durable::parent(folder);
                }
                Err(error) => return Err(PortError::io("ask for free space", error.into())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_out_of_the_reserve() {
        let folder = tempfile::tempdir().unwrap();
        let all = Reserve::new(&folder.path().join("not/made/yet"), 0).left().unwrap();
        assert!(all > 0);
        let greedy = Reserve::new(folder.path(), u64::MAX / 2);
        assert_eq!(greedy.take(1).unwrap_err().kind, PortErrorKind::Full);
        assert_eq!(greedy.left().unwrap(), 0);
        let modest = Reserve::new(folder.path(), 1);
        modest.take(1).unwrap();
        assert_eq!(modest.take(u64::MAX).unwrap_err().kind, PortErrorKind::Full);
        modest.take(1).unwrap();
    }

    #[test]
    fn what_was_agreed_to_counts_before_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::new(folder.path(), 1);
        *reserve.seen.lock() = Some(Seen { at: Instant::now(), free: 101 });
        reserve.take(60).unwrap();
        assert_eq!(reserve.seen.lock().as_ref().unwrap().free, 41);
    }
}
