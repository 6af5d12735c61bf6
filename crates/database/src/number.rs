//! Numbers and times as both databases keep them: signed, 64 bits.

use strongroom_kernel::ports::{PortError, RunState};
use strongroom_model::Timestamp;

/// Row orders of one unit.
pub(crate) const ORDERS: i64 = 1024;

/// Offsets of one stream; positions leave 22 bits for the number of the stream.
const OFFSETS: i64 = 1 << 40;

/// A stored number that cannot be negative.
///
/// # Errors
/// `Corrupt` naming `what`.
pub(crate) fn unsigned(number: i64, what: &'static str) -> Result<u64, PortError> {
    u64::try_from(number)
        .map_err(|error| PortError::corrupt(format!("{what} is negative")).with_source(error))
}

/// A number as a database keeps it; beyond 63 bits it becomes the greatest.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A page size as a database takes it.
pub(crate) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A stored time.
///
/// # Errors
/// `Corrupt` when it is outside the years 1 to 9999.
pub(crate) fn time(micros: i64) -> Result<Timestamp, PortError> {
    Timestamp::from_micros(micros).ok_or_else(|| PortError::corrupt("a stored time is out of range"))
}

/// The order of a row first put by the unit of `sequence` at `place` among what it writes.
pub(crate) fn order(sequence: u64, place: usize) -> i64 {
    signed(sequence).saturating_mul(ORDERS).saturating_add(limit(place))
}

/// Where the event of stream `number` at `offset` stands; an offset beyond all streams' stands at the end.
pub(crate) fn position(number: i64, offset: i64) -> i64 {
    number * OFFSETS + offset.clamp(0, OFFSETS - 1)
}

/// The offset of the event at `position`.
pub(crate) fn offset(position: i64) -> u64 {
    (position % OFFSETS).unsigned_abs()
}

/// The number that stands for the state of a run of the index of terms.
pub(crate) const fn state_number(state: RunState) -> i64 {
    match state {
        RunState::Building => 0,
        RunState::Live => 1,
        RunState::Retired => 2,
    }
}

/// The state that a number stands for.
///
/// # Errors
/// `Corrupt` when it stands for none.
pub(crate) fn run_state(number: i64) -> Result<RunState, PortError> {
    match number {
        0 => Ok(RunState::Building),
        1 => Ok(RunState::Live),
        2 => Ok(RunState::Retired),
        _ => Err(PortError::corrupt("the state of a run of terms is unknown")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_a_stream_lie_together() {
        assert_eq!(offset(position(3, 17)), 17);
        assert!(position(3, i64::MAX) < position(4, 0));
        assert_eq!(position(3, -1), position(3, 0));
    }

    #[test]
    fn rows_of_a_unit_lie_before_those_of_the_next() {
        assert!(order(6, 999) < order(7, 0));
        assert_eq!(order(0, 0), 0);
    }
}
