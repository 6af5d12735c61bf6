//! Identity providers: whose tokens a service takes, and the way out to them.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, anyhow};
use async_trait::async_trait;
use strongroom_fetch::{AddressPolicy, Fetcher, Limits};
use strongroom_identity::oidc::{Documents, OidcSettings, Realm};
use strongroom_kernel::ports::{PortError, SystemClock};
use strongroom_tracer::config::OidcConfig;

use super::gauges::{Gauge, figure};

/// What fetching a provider's document may cost.
const LIMITS: Limits = Limits {
    connect_timeout: Duration::from_secs(2),
    total_timeout: Duration::from_secs(4),
    max_body: 256 << 10,
    redirects: 3,
};

/// The providers of section `[tracer.oidc]`, if there are any. Asks nobody yet.
///
/// # Errors
/// When a key of the section is wrong, or the HTTP client cannot be set up.
pub(super) fn of_tracer(config: &OidcConfig) -> Result<Option<Realm>> {
    let settings = config.settings().map_err(|error| anyhow!("tracer.oidc.{}: {}", error.key, error.text))?;
    settings.map(realm).transpose()
}

/// How it stands with the providers of `realm`, for the metrics page.
pub(super) fn gauges(realm: &Realm) -> Vec<Gauge> {
    let status = realm.status();
    let fewest = status.iter().map(|issuer| issuer.keys).min().unwrap_or_default();
    let oldest = status.iter().filter_map(|issuer| issuer.age).max().unwrap_or_default();
    let failures = status.iter().map(|issuer| issuer.failures).sum::<u64>();
    vec![
        ("identity_provider_keys", "Keys of identity providers that are known", figure(fewest as u64)),
        ("identity_provider_keys_age_seconds", "How long ago they were fetched", oldest.as_secs_f64()),
        ("identity_provider_failures", "Tries to fetch them that failed", figure(failures)),
    ]
}

fn realm(settings: OidcSettings) -> Result<Realm> {
    // the addresses are the operator's, and providers stand inside his network
    let fetcher =
        Fetcher::new(LIMITS, AddressPolicy::Any).context("set up the client for identity providers")?;
    let documents = Arc::new(Fetched(fetcher)) as Arc<dyn Documents>;
    Realm::new(settings, &documents, Arc::new(SystemClock)).context("set up the identity providers")
}

/// Documents over HTTP.
#[derive(Debug)]
struct Fetched(Fetcher);

#[async_trait]
impl Documents for Fetched {
    async fn get(&self, url: &str) -> Result<Vec<u8>, PortError> {
        let answer = self.0.get(url).await?.success("get")?;
        Ok(answer.body.into())
    }
}

#[cfg(test)]
mod tests;
