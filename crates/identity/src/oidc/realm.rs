//! All providers together: from the text of a token to who bears it.

use std::sync::Arc;

use strongroom_kernel::ports::Clock;
use tokio::sync::watch;

use super::{
    Compact, Documents, Identified, Invalid, IssuerStatus, OidcSettings, Refusal, SettingsError, claims,
    issuer::{Issuer, State},
    jwk::Key,
    key_set::Found,
    seen::{Seen, SeenTokens},
};

/// The providers whose tokens count. Cheap to clone.
///
/// [`Realm::refresh`] must run beside it: without it no key is ever known, and everybody is told to try again.
#[derive(Debug, Clone)]
pub struct Realm {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: OidcSettings,
    issuers: Vec<Issuer>,
    seen: SeenTokens,
    clock: Arc<dyn Clock>,
}

impl Realm {
    /// The providers of `settings`, reached by `documents`. Asks nobody yet.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn new(
        settings: OidcSettings,
        documents: &Arc<dyn Documents>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SettingsError> {
        let settings = settings.checked()?;
        let issuer = |one| Issuer::new(one, settings.timing, Arc::clone(documents));
        let issuers = settings.issuers.iter().cloned().map(issuer).collect();
        let inner = Inner { settings, issuers, seen: SeenTokens::default(), clock };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Who bears `token`.
    ///
    /// Waits up to [`Timing::patience`](super::Timing) for a provider whose key is needed.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn identify(&self, token: &str) -> Result<Arc<Identified>, Refusal> {
        let inner = &*self.inner;
        if token.len() > super::compact::MOST_BYTES {
            return Err(Invalid::TooLong.into());
        }
        let digest = SeenTokens::digest(token);
        if let Some(seen) = inner.seen.find(&digest)
            && inner.still_holds(&seen)?
        {
            return Ok(seen.identified);
        }
        let compact = Compact::read(token, &inner.settings.algorithms)?;
        let issuer = compact.claims.get("iss").and_then(|issuer| issuer.as_str());
        let found = inner.issuers.iter().position(|one| Some(one.settings.issuer.as_str()) == issuer);
        let place = found.ok_or(Invalid::Issuer)?;
        let issuer = &inner.issuers[place];
        let now = inner.clock.now();
        // before the key is looked for: tokens that have ended or are for others must not bring tries about
        let (identified, window) =
            claims::check(&compact.claims, &issuer.settings.issuer, &inner.settings, now)?;
        let generation = inner.check_signature(issuer, &compact).await?;
        let identified = Arc::new(identified);
        let seen = Seen { identified: Arc::clone(&identified), window, issuer: place, generation };
        inner.seen.remember(digest, seen, now);
        Ok(identified)
    }

    /// Keeps the keys of all providers fresh until `stop` says true. To be run once.
    pub async fn refresh(&self, stop: watch::Receiver<bool>) {
        let each = self.inner.issuers.iter().map(|issuer| issuer.refresh(stop.clone()));
        futures::future::join_all(each).await;
    }

    /// How it stands with each provider.
    pub fn status(&self) -> Vec<IssuerStatus> {
        self.inner.issuers.iter().map(Issuer::status).collect()
    }
}

impl Inner {
    /// Whether a token that was checked before needs no more than a look at the clock.
    fn still_holds(&self, seen: &Seen) -> Result<bool, Refusal> {
        seen.window.check(self.clock.now())?;
        let issuer = &self.issuers[seen.issuer];
        let state = issuer.state();
        Ok(state.generation == seen.generation && issuer.keys(&state).is_some())
    }

    /// Checks the signature with the key it names, asking the provider for it if need be; gives the generation of
    /// the keys it was checked with.
    async fn check_signature(&self, issuer: &Issuer, compact: &Compact<'_>) -> Result<u64, Refusal> {
        let known = |state: &State| -> Option<Key> {
            let keys = issuer.keys(state)?;
            match keys.find(compact.kid.as_deref(), compact.algorithm) {
                Found::Key(key) => Some(key.clone()),
                Found::Unknown => None,
            }
        };
        let mut state = issuer.state();
        let mut key = known(&state);
        if key.is_none() {
            state = issuer.later(state).await;
            key = known(&state);
        }
        let Some(key) = key else {
            // who cannot ask cannot say that a key does not exist
            let can_tell = issuer.keys(&state).is_some() && !state.failed;
            let retry_after = self.settings.timing.patience;
            return Err(if can_tell {
                Invalid::UnknownKey.into()
            } else {
                Refusal::Unavailable { retry_after }
            });
        };
        if !key.verifies(compact.algorithm, compact.signed.as_bytes(), &compact.signature) {
            return Err(Invalid::Signature.into());
        }
        Ok(state.generation)
    }
}
