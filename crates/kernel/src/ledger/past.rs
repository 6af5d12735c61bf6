//! What the ledger was at an earlier size, and when its leaves were added.

use strongroom_ledger::Leaf;
use strongroom_model::Timestamp;

use crate::ports::{PortError, StoredRecord};

use super::{LedgerView, ProofError, Published};

/// So many leaves are read at once instead of one by one.
const FEW: u64 = 256;

/// Leaves whose times are known already: several searches for times share it.
#[derive(Debug, Clone, Default)]
pub struct Probed(Vec<(u64, Timestamp)>);

impl Probed {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Between which of the first `size` leaves the first one at or after `time` is.
    fn bounds(&self, time: Timestamp, size: u64) -> (u64, u64) {
        let earlier = self.0.partition_point(|(_, known)| *known < time);
        let low = earlier.checked_sub(1).map_or(0, |place| self.0[place].0 + 1);
        let high = self.0.get(earlier).map_or(size, |(index, _)| (*index).min(size));
        (low.min(high), high)
    }

    fn learn(&mut self, index: u64, time: Timestamp) {
        let place = self.0.partition_point(|(known, _)| *known < index);
        if self.0.get(place).is_none_or(|(known, _)| *known != index) {
            self.0.insert(place, (index, time));
        }
    }
}

impl LedgerView {
    /// The checkpoint over the first `size` leaves with our signature alone: always the same text for the same size.
    ///
    /// # Errors
    /// [`ProofError::NotPublished`] for more leaves than the published checkpoint covers.
    pub async fn checkpoint_at(&self, size: u64) -> Result<Published, ProofError> {
        if size > self.published().size {
            return Err(ProofError::NotPublished);
        }
        let root = self.root_at(size).await?;
        Ok(Published::sign(self.origin(), size, root, &self.inner.signer))
    }

    /// How many of the first `size` leaves were added before `time`. The log's time never goes back, so these are
    /// the first ones.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn leaves_before(
        &self,
        time: Timestamp,
        size: u64,
        probed: &mut Probed,
    ) -> Result<u64, PortError> {
        let (mut low, mut high) = probed.bounds(time, size);
        while high - low > FEW {
            let middle = low + (high - low) / 2;
            let found = self.time_of(middle).await?;
            probed.learn(middle, found);
            if found < time {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low == high {
            return Ok(low);
        }
        let few = usize::try_from(high - low).unwrap_or(usize::MAX);
        let leaves = self.inner.database.leaves(low, few).await?;
        for leaf in &leaves {
            if time_in(leaf)? >= time {
                break;
            }
            low += 1;
        }
        Ok(low)
    }

    /// When the leaf at `index` was added.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt` when there is no such leaf.
    pub async fn time_of(&self, index: u64) -> Result<Timestamp, PortError> {
        let leaves = self.inner.database.leaves(index, 1).await?;
        leaves
            .first()
            .map_or_else(|| Err(PortError::corrupt("read a leaf: it is missing")), |leaf| time_in(leaf))
    }

    /// When the unit with this sequence was added, which is among the first `size` leaves.
    ///
    /// # Errors
    /// As [`LedgerView::time_of`].
    pub async fn time_of_unit(&self, sequence: u64, size: u64) -> Result<Timestamp, PortError> {
        time_in(&self.record_of_unit(sequence, size).await?.leaf)
    }

    /// The record of the unit with this sequence, which is among the first `size` leaves.
    ///
    /// # Errors
    /// As [`LedgerView::time_of`].
    pub async fn record_of_unit(&self, sequence: u64, size: u64) -> Result<StoredRecord, PortError> {
        // sequences have gaps at most, so an index is never above its sequence, and mostly the same
        let (mut low, mut high) = (0, size.min(sequence.saturating_add(1)));
        let mut guess = high.checked_sub(1);
        while let Some(index) = guess {
            let records = self.inner.database.records(index, 1).await?;
            let Some(record) = records.into_iter().next() else { break };
            if record.sequence == sequence {
                return Ok(record);
            }
            if record.sequence < sequence {
                low = index + 1;
            } else {
                high = index;
            }
            guess = (low < high).then(|| low + (high - low) / 2);
        }
        Err(PortError::corrupt("read a record: it is missing"))
    }

    /// The first sequence behind the first `size` leaves.
    ///
    /// # Errors
    /// As [`LedgerView::time_of`].
    pub async fn sequence_behind(&self, size: u64) -> Result<u64, PortError> {
        let Some(last) = size.checked_sub(1) else { return Ok(0) };
        match self.inner.database.records(last, 1).await?.first() {
            Some(record) => Ok(record.sequence + 1),
            None => Err(PortError::corrupt("read a record: it is missing")),
        }
    }
}

fn time_in(leaf: &[u8]) -> Result<Timestamp, PortError> {
    let leaf = Leaf::decode(leaf).map_err(|error| PortError::corrupt("read a leaf").with_source(error))?;
    Timestamp::from_micros(leaf.time_micros)
        .ok_or_else(|| PortError::corrupt("read a leaf: its time is none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_narrows_the_search() {
        let time = |micros| Timestamp::from_micros(micros).unwrap();
        let mut probed = Probed::new();
        assert_eq!(probed.bounds(time(5), 100), (0, 100));
        probed.learn(50, time(5));
        probed.learn(20, time(2));
        probed.learn(70, time(5));
        probed.learn(50, time(5));
        assert_eq!(probed.0.len(), 3);
        assert_eq!(probed.bounds(time(2), 100), (0, 20));
        assert_eq!(probed.bounds(time(3), 100), (21, 50));
        assert_eq!(probed.bounds(time(5), 100), (21, 50));
        assert_eq!(probed.bounds(time(6), 100), (71, 100));
        assert_eq!(probed.bounds(time(6), 60), (60, 60));
    }
}
