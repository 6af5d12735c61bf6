//! Fetches what is due, a few files at a time, until it is told to stop.

use std::{collections::HashSet, time::Duration};

use futures::{
    StreamExt as _,
    future::BoxFuture,
    stream::{self, FuturesUnordered},
};
use strongroom_kernel::{Uuid, ports::FetchError};
use strongroom_model::{Error, ErrorKind};
use tokio::sync::watch;

use super::{SettleFetch, try_once};
use crate::{TracerState, queries, tables::ResourceFetch};

/// Files that are fetched at one time.
const SIDE_BY_SIDE: usize = 8;
/// Longest time without a look at what is due.
const LONGEST_REST: Duration = Duration::from_mins(1);
/// Pause after the database did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Place of a file: its trace, and its place among the resources.
type Key = (Uuid, i64);

/// Fetches what is due and what comes until `stop` says true. What is on its way then is begun anew by the next start.
pub async fn fetch_resources(state: TracerState, mut stop: watch::Receiver<bool>) {
    if state.fetch().is_none() {
        return;
    }
    let mut running: FuturesUnordered<BoxFuture<'_, Key>> = FuturesUnordered::new();
    let mut begun: HashSet<Key> = HashSet::new();
    loop {
        let woken = state.fetches().notified();
        let rest = match begin(&state, &mut running, &mut begun).await {
            Ok(rest) => rest,
            Err(error) => {
                tracing::warn!(error = %error.diagnosis(), "files to be fetched not looked at");
                PAUSE
            }
        };
        tokio::select! {
            Some(ended) = running.next(), if !running.is_empty() => {
                begun.remove(&ended);
            }
            () = woken => {}
            () = tokio::time::sleep(rest) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Begins what is due and not under way; says how long until something else is.
async fn begin<'s>(
    state: &'s TracerState,
    running: &mut FuturesUnordered<BoxFuture<'s, Key>>,
    begun: &mut HashSet<Key>,
) -> Result<Duration, Error> {
    let most = 2 * SIDE_BY_SIDE as u64;
    let waiting = queries::waiting_fetches(&state.kernel().snapshot().await?, most).await?;
    let now = state.kernel().clock().now();
    for file in waiting {
        let key = (file.trace, file.place);
        if begun.contains(&key) {
            continue;
        }
        if running.len() == SIDE_BY_SIDE {
            return Ok(LONGEST_REST);
        }
        let wait = u64::try_from(file.due.micros().saturating_sub(now.micros())).unwrap_or(0);
        if wait > 0 {
            return Ok(Duration::from_micros(wait).min(LONGEST_REST));
        }
        begun.insert(key);
        running.push(Box::pin(async move {
            if let Err(error) = one(state, file).await {
                tracing::warn!(error = %error.diagnosis(), "what became of a file was not written down");
                tokio::time::sleep(PAUSE).await;
            }
            key
        }));
    }
    Ok(LONGEST_REST)
}

/// Tries everything that is due once, and returns how many files that were.
///
/// # Errors
/// `Unavailable`, `StorageFull`.
pub async fn fetch_due(state: &TracerState) -> Result<usize, Error> {
    let mut tried = 0;
    loop {
        let now = state.kernel().clock().now();
        let mut due =
            queries::waiting_fetches(&state.kernel().snapshot().await?, SIDE_BY_SIDE as u64).await?;
        due.retain(|file| file.due <= now);
        if due.is_empty() {
            return Ok(tried);
        }
        tried += due.len();
        let mut running = stream::iter(due).map(|file| one(state, file)).buffer_unordered(SIDE_BY_SIDE);
        while let Some(ended) = running.next().await {
            ended?;
        }
    }
}

/// One try of `file`, and what became of it.
async fn one(state: &TracerState, file: ResourceFetch) -> Result<(), Error> {
    let Some(fetch) = state.fetch() else { return Ok(()) };
    let config = &state.config().fetch;
    let outcome = match &file.url {
        Some(url) => try_once(fetch, url, config.limits(), state.config().hash_algorithm).await,
        // erased before anybody was asked: it is given up, or it would be due for ever
        None => Err(FetchError::Url),
    };
    if let Err(error) = &outcome {
        tracing::info!(trace = %file.trace, place = file.place, %error, "file of a resource not fetched");
    }
    let now = state.kernel().clock().now();
    let settle = SettleFetch { file, outcome, now, most_tries: config.tries, pause: config.pause() };
    match state.kernel().run(&settle).await {
        Ok(_) => Ok(()),
        // erased, or settled by somebody else meanwhile
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
