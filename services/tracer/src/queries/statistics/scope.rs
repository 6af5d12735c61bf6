//! What a question covers: leaves, and an interval of one of the two clocks.

use strongroom_kernel::{Kernel, Probed, from_port};
use strongroom_model::{Error, ErrorKind, Timestamp};

use super::Event;
use crate::wire::statistics::{Basis, Question};

/// The time a trace says may be so much before the time the ledger took it in.
const LATE_MICROS: i64 = 60_000_000;

/// The part of the ledger a question covers.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The clock of the interval.
    pub basis: Basis,
    /// Not before this, if anything.
    pub from: Option<Timestamp>,
    /// Before this, if anything.
    pub to: Option<Timestamp>,
    /// Leaves the answer is about.
    pub size: u64,
    /// First sequence of units that can count.
    pub first: u64,
    /// First sequence behind those.
    pub end: u64,
}

/// What an answer is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf {
    /// Leaves it is about.
    pub size: u64,
    /// Root over them.
    pub root: [u8; 32],
    /// The signed checkpoint of that size.
    pub checkpoint: String,
    /// Whether nothing can come that would count before the end of the interval.
    pub complete: bool,
}

impl Scope {
    /// The scope of `question`.
    ///
    /// # Errors
    /// `Invalid` for more leaves than are published; `Unavailable`.
    pub async fn new(kernel: &Kernel, question: &Question) -> Result<Self, Error> {
        let published = kernel.ledger().published().size;
        let size = question.tree_size.unwrap_or(published);
        if size > published {
            let text = format!("treeSize must be at most {published}, which is published now");
            return Err(Error::new(ErrorKind::Invalid, text));
        }
        Self::at(kernel, size, question.basis, question.from, question.to).await
    }

    /// The interval of `basis` from `from` to `to` in the first `size` leaves.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn at(
        kernel: &Kernel,
        size: u64,
        basis: Basis,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Self, Error> {
        let mut scope = Self { basis, from, to, size, first: 0, end: 0 };
        let ends = match basis {
            Basis::Log => scope.sequences(kernel, &from.into_iter().chain(to).collect::<Vec<_>>()).await?,
            Basis::Claimed => Vec::new(),
        };
        let mut ends = ends.into_iter();
        if basis == Basis::Log && from.is_some() {
            scope.first = ends.next().unwrap_or(0);
        }
        scope.end = match ends.next() {
            Some(end) => end,
            None => kernel.ledger().sequence_behind(size).await.map_err(from_port)?,
        };
        Ok(scope)
    }

    /// What the answer is bound to.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn as_of(&self, kernel: &Kernel) -> Result<AsOf, Error> {
        let ledger = kernel.ledger();
        let checkpoint = ledger.checkpoint_at(self.size).await.map_err(|error| {
            Error::new(ErrorKind::Unavailable, "the ledger cannot be read now")
                .with_context("make the checkpoint of a statistic")
                .with_source(error)
        })?;
        let complete = match (self.to, self.size.checked_sub(1)) {
            (Some(to), Some(last)) => {
                let last = ledger.time_of(last).await.map_err(from_port)?.micros();
                match self.basis {
                    Basis::Log => last >= to.micros(),
                    Basis::Claimed => last.saturating_sub(LATE_MICROS) >= to.micros(),
                }
            }
            _ => false,
        };
        Ok(AsOf { size: self.size, root: *checkpoint.root.as_bytes(), checkpoint: checkpoint.text, complete })
    }

    /// Where `event` stands on the clock of the interval: sequences rise with the ledger's time.
    pub fn place(&self, event: &Event) -> i64 {
        match self.basis {
            Basis::Log => i64::try_from(event.sequence).unwrap_or(i64::MAX),
            Basis::Claimed => event.time.micros(),
        }
    }

    /// Where the instants stand on it: an event is before one exactly if its place is below.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn places(&self, kernel: &Kernel, times: &[Timestamp]) -> Result<Vec<i64>, Error> {
        match self.basis {
            Basis::Claimed => Ok(times.iter().map(|time| time.micros()).collect()),
            Basis::Log => {
                let sequences = self.sequences(kernel, times).await?;
                Ok(sequences
                    .into_iter()
                    .map(|sequence| i64::try_from(sequence).unwrap_or(i64::MAX))
                    .collect())
            }
        }
    }

    /// When the event at a place was.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn time_at(&self, kernel: &Kernel, place: i64) -> Result<Timestamp, Error> {
        match self.basis {
            Basis::Claimed => Ok(Timestamp::from_micros(place).unwrap_or(Timestamp::UNIX_EPOCH)),
            Basis::Log => {
                let sequence = u64::try_from(place).unwrap_or(0);
                kernel.ledger().time_of_unit(sequence, self.size).await.map_err(from_port)
            }
        }
    }

    /// The first sequences at or after each of `times`, among the leaves of the scope.
    async fn sequences(&self, kernel: &Kernel, times: &[Timestamp]) -> Result<Vec<u64>, Error> {
        let ledger = kernel.ledger();
        let mut probed = Probed::new();
        let mut sequences = Vec::with_capacity(times.len());
        let mut known: Option<(u64, u64)> = None;
        for time in times {
            let leaves = ledger.leaves_before(*time, self.size, &mut probed).await.map_err(from_port)?;
            let sequence = match known {
                Some((same, sequence)) if same == leaves => sequence,
                _ => ledger.sequence_behind(leaves).await.map_err(from_port)?,
            };
            known = Some((leaves, sequence));
            sequences.push(sequence);
        }
        Ok(sequences)
    }
}
