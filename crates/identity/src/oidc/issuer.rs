//! One provider: its keys as they are known now, and the task that keeps them fresh.
//!
//! The task is the only one that asks the provider. Requests that meet an unknown key wake it and wait for its next
//! try; however many there are, there is one try, and not two within [`Timing::pause`].

use std::{sync::Arc, time::Duration};

use strongroom_kernel::ports::{PortError, PortErrorKind};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout},
};
use tracing::{info, warn};

use super::{Documents, IssuerSettings, KeySet, Timing, discovery};

/// Pause after the first failed try; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause between tries while the provider is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A provider and what is known of it.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) settings: IssuerSettings,
    timing: Timing,
    documents: Arc<dyn Documents>,
    state: watch::Sender<State>,
    wanted: Notify,
}

/// What is known of a provider now.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    keys: Option<Arc<KeySet>>,
    /// How often the keys changed.
    pub(super) generation: u64,
    /// When they were last fetched.
    fetched: Option<Instant>,
    /// Tries that came to an end.
    tries: u64,
    /// Those of them that failed.
    failures: u64,
    /// When the latest try began.
    begun: Option<Instant>,
    /// Whether one is under way.
    trying: bool,
    /// Whether the latest one failed.
    pub(super) failed: bool,
}

/// How it stands with a provider, for metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerStatus {
    /// Its name.
    pub issuer: String,
    /// How many keys are known.
    pub keys: usize,
    /// How old they are; `None` before the first ones.
    pub age: Option<Duration>,
    /// Tries that failed since the start.
    pub failures: u64,
}

impl Issuer {
    pub(super) fn new(settings: IssuerSettings, timing: Timing, documents: Arc<dyn Documents>) -> Self {
        let state = watch::Sender::new(State::default());
        Self { settings, timing, documents, state, wanted: Notify::new() }
    }

    /// What is known now.
    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// The keys of `state`, if they are not too old to count.
    pub(super) fn keys<'a>(&self, state: &'a State) -> Option<&'a Arc<KeySet>> {
        state.fetched.filter(|fetched| fetched.elapsed() <= self.timing.keep)?;
        state.keys.as_ref()
    }

    /// What is known after a further try, if one may be made now or is under way; else `state` again. Waits for
    /// [`Timing::patience`] at most.
    pub(super) async fn later(&self, state: State) -> State {
        if !state.trying {
            if !self.may_try(&state) {
                return state;
            }
            self.wanted.notify_one();
        }
        let mut watch = self.state.subscribe();
        let tried = watch.wait_for(|now| now.tries > state.tries);
        match timeout(self.timing.patience, tried).await {
            Ok(Ok(now)) => now.clone(),
            // nobody tries, or it takes too long: as if it had failed
            _ => State { failed: true, ..state },
        }
    }

    fn may_try(&self, state: &State) -> bool {
        !state.trying && state.begun.is_none_or(|begun| begun.elapsed() >= self.timing.pause)
    }

    /// How it stands.
    pub(super) fn status(&self) -> IssuerStatus {
        let state = self.state.borrow();
        IssuerStatus {
            issuer: self.settings.issuer.clone(),
            keys: state.keys.as_ref().map_or(0, |keys| keys.len()),
            age: state.fetched.map(|fetched| fetched.elapsed()),
            failures: state.failures,
        }
    }

    /// Keeps the keys fresh until `stop` says true.
    pub(super) async fn refresh(&self, mut stop: watch::Receiver<bool>) {
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::select! {
                () = self.try_once() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            let failed = self.state.borrow().failed;
            let next = Instant::now() + if failed { pause } else { self.timing.refresh };
            pause = if failed { (pause * 2).min(LONGEST_PAUSE) } else { FIRST_PAUSE };
            loop {
                tokio::select! {
                    () = sleep_until(next) => break,
                    // a late call for a try that was just made is none
                    () = self.wanted.notified() => if self.may_try(&self.state.borrow()) { break },
                    _ = stop.wait_for(|stop| *stop) => return,
                }
            }
        }
        self.state.send_modify(|state| state.trying = false);
    }

    async fn try_once(&self) {
        self.state.send_modify(|state| {
            state.trying = true;
            state.begun = Some(Instant::now());
        });
        let late = || PortError::unavailable("no answer in time");
        let fetched = timeout(self.timing.patience, self.fetch()).await.unwrap_or_else(|_| Err(late()));
        let issuer = &self.settings.issuer;
        self.state.send_modify(|state| {
            let failed_before = std::mem::replace(&mut state.failed, fetched.is_err());
            state.trying = false;
            state.tries += 1;
            match fetched {
                Ok(keys) => {
                    if state.keys.as_deref() != Some(&keys) {
                        info!(issuer, keys = keys.len(), "keys of the identity provider are new");
                        state.generation += 1;
                        state.keys = Some(Arc::new(keys));
                    } else if failed_before {
                        info!(issuer, "the identity provider answers again");
                    }
                    state.fetched = Some(Instant::now());
                }
                Err(error) => {
                    state.failures += 1;
                    // told once, not with every try
                    if !failed_before {
                        let cause = error.source.as_ref().map(ToString::to_string);
                        warn!(issuer, error = %error.context, cause, "fetch keys of the identity provider");
                    }
                }
            }
        });
    }

    async fn fetch(&self) -> Result<KeySet, PortError> {
        let url = match self.settings.keys_url.clone() {
            Some(url) => url,
            None => self.discover().await?,
        };
        let document = self.documents.get(&url).await?;
        KeySet::read(&document).map_err(|error| unusable(&error))
    }

    /// Where the keys are, as the provider says.
    async fn discover(&self) -> Result<String, PortError> {
        let issuer = &self.settings.issuer;
        let place = self.settings.discovery_url.clone().unwrap_or_else(|| discovery::url_of(issuer));
        let document = self.documents.get(&place).await?;
        discovery::keys_url(&document, &place, issuer).map_err(|error| unusable(&error))
    }
}

fn unusable(error: &dyn std::error::Error) -> PortError {
    PortError::new(PortErrorKind::Refused, error.to_string())
}
