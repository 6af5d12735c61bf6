//! Writes down what became of a try: found, to be tried again, or given up.

use std::time::Duration;

use async_trait::async_trait;
use strongroom_kernel::{Command, Snapshot, State, Unit, Value, ports::FetchError};
use strongroom_model::{Caller, Error, ErrorKind, Timestamp};

use super::Fetched;
use crate::{
    commands::FETCH_RESOURCE,
    tables::{FAILED, FETCHED, FETCHING, ResourceFetch, SERVICE},
};

/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// What became of a try of `file`.
#[derive(Debug)]
pub struct SettleFetch {
    /// The file as it was when the try began.
    pub file: ResourceFetch,
    /// What was found, or why nothing was.
    pub outcome: Result<Fetched, FetchError>,
    /// When the try ended.
    pub now: Timestamp,
    /// Tries after which a file is given up.
    pub most_tries: u32,
    /// Pause after the first try that failed; each further one is twice as long, up to an hour.
    pub pause: Duration,
}

#[async_trait]
impl Command for SettleFetch {
    type Reply = ();

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, ()), Error> {
        let key = [Value::Id(self.file.trace), Value::Int(self.file.place)];
        let row = snapshot.get::<ResourceFetch>(&key, "the trace was erased").await?;
        if row.state != FETCHING {
            return Err(Error::new(ErrorKind::Conflict, "the file was settled before"));
        }
        let mut unit = Unit::new(&Caller::system(SERVICE), FETCH_RESOURCE);
        unit.about("trace", row.trace);
        unit.put(&self.settled(row), State::Present);
        Ok((unit, ()))
    }
}

impl SettleFetch {
    fn settled(&self, row: ResourceFetch) -> ResourceFetch {
        let row = ResourceFetch { changed: self.now, ..row };
        if row.url.is_none() {
            // what was found there meanwhile is not written down either
            let message = Some("its address was erased".to_owned());
            return ResourceFetch { state: FAILED.to_owned(), message, ..row };
        }
        match &self.outcome {
            Ok(found) => ResourceFetch {
                url: None,
                state: FETCHED.to_owned(),
                message: None,
                content_hash: Some(found.content_hash.clone()),
                content_hash_type: Some(found.algorithm.name().to_owned()),
                content_length: i64::try_from(found.length).ok(),
                source_hash: Some(found.source_hash.clone()),
                ..row
            },
            Err(error) => {
                let tries = row.tries + 1;
                let again = error.may_pass() && tries < i64::from(self.most_tries);
                let state = if again { FETCHING } else { FAILED };
                let (message, due) = (Some(error.to_string()), self.due(tries));
                ResourceFetch { state: state.to_owned(), tries, due, message, ..row }
            }
        }
    }

    /// When the next try is due after `tries` failed.
    fn due(&self, tries: i64) -> Timestamp {
        let doubled = u32::try_from(tries - 1).unwrap_or(u32::MAX).min(20);
        let pause = self.pause.saturating_mul(1 << doubled).min(LONGEST_PAUSE);
        let micros = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(self.now.micros().saturating_add(micros)).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use strongroom_kernel::Uuid;

    use super::*;

    fn after(tries: i64, outcome: Result<Fetched, FetchError>) -> ResourceFetch {
        let now = Timestamp::from_micros(1_000_000_000).unwrap();
        let file = ResourceFetch {
            trace: Uuid::from_u128(1),
            place: 0,
            url: Some("https://files.test/a".to_owned()),
            state: FETCHING.to_owned(),
            tries,
            due: now,
            changed: now,
            message: None,
            content_hash: None,
            content_hash_type: None,
            content_length: None,
            source_hash: None,
        };
        let settle =
            SettleFetch { file: file.clone(), outcome, now, most_tries: 8, pause: Duration::from_secs(5) };
        settle.settled(file)
    }

    #[test]
    fn what_may_pass_is_tried_again_after_growing_pauses_and_given_up_in_the_end() {
        let seconds = |row: &ResourceFetch| (row.due.micros() - row.changed.micros()) / 1_000_000;
        for (tries, pause) in [(0, 5), (1, 10), (2, 20), (6, 320)] {
            let row = after(tries, Err(FetchError::Time));
            assert_eq!((row.state.as_str(), row.tries, seconds(&row)), (FETCHING, tries + 1, pause));
        }
        assert_eq!(after(7, Err(FetchError::Time)).state, FAILED);
        let row = after(0, Err(FetchError::Status(404)));
        assert_eq!((row.state.as_str(), row.tries), (FAILED, 1));
        assert_eq!(row.message.as_deref(), Some("the server answered with status 404"));
        assert!(row.url.is_some(), "it may be asked for again");
    }
}
