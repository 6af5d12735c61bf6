//! Packs in memory, with syncs that can be made to fail.

use bytes::Bytes;
use parking_lot::Mutex;
use strongroom_kernel::ports::{PackPosition, Packs, PendingSync, PortError};

/// Packs that remember what was appended, and how often.
#[derive(Debug, Default)]
pub struct MemoryPacks {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    contents: Vec<Option<Vec<u8>>>,
    calls: usize,
    failing: bool,
}

impl MemoryPacks {
    /// How many contents were ever appended, and in how many calls.
    pub fn appended(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.contents.len(), state.calls)
    }

    /// The next sync fails.
    pub fn fail_next_sync(&self) {
        self.state.lock().failing = true;
    }
}

impl Packs for MemoryPacks {
    fn append(&self, contents: &[&[u8]]) -> Result<(Vec<PackPosition>, PendingSync), PortError> {
        let mut state = self.state.lock();
        state.calls += 1;
        let mut positions = Vec::new();
        for content in contents {
            positions.push(PackPosition {
                pack: 3,
                offset: state.contents.len() as u64,
                length: u32::try_from(content.len()).expect("small content"),
            });
            state.contents.push(Some(content.to_vec()));
        }
        let fails = std::mem::take(&mut state.failing);
        let sync = move || if fails { Err(PortError::unavailable("sync packs")) } else { Ok(()) };
        Ok((positions, PendingSync::new(sync)))
    }

    fn read(&self, position: PackPosition) -> Result<Bytes, PortError> {
        let state = self.state.lock();
        let found =
            usize::try_from(position.offset).ok().and_then(|place| state.contents.get(place)?.clone());
        found.map(Bytes::from).ok_or_else(|| PortError::missing("read packs"))
    }

    fn stands(&self, position: PackPosition) -> Result<(), PortError> {
        let place = usize::try_from(position.offset).ok();
        let stands = place.is_some_and(|place| place < self.state.lock().contents.len());
        if stands { Ok(()) } else { Err(PortError::corrupt("find an entry of packs")) }
    }

    fn erase(&self, position: PackPosition) -> Result<(), PortError> {
        let place = usize::try_from(position.offset).map_err(|_| PortError::missing("erase in packs"))?;
        if let Some(content) = self.state.lock().contents.get_mut(place) {
            *content = None;
        }
        Ok(())
    }

    fn recover(&self, _end: Option<PackPosition>) -> Result<(), PortError> {
        Ok(())
    }
}
