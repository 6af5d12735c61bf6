//! A realm with one fake provider, on clocks that stand still.

use std::sync::Arc;

use strongroom_identity::oidc::{Documents, OidcSettings, Realm, Refusal};
use strongroom_kernel::ports::Clock as _;
use strongroom_model::Timestamp;
use strongroom_testkit::{FakeProvider, FixedClock};
use tokio::{sync::watch, task::JoinHandle};

pub(crate) const ISSUER: &str = "https://idp.example/realms/CHAIMELEON";
const NOW: i64 = 1_741_083_642_017_305;

/// A realm whose keys are kept fresh, on a paused clock of the runtime.
pub(crate) struct Given {
    pub(crate) provider: Arc<FakeProvider>,
    pub(crate) realm: Realm,
    pub(crate) clock: Arc<FixedClock>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Given {
    /// With the usual settings.
    pub(crate) fn new() -> Self {
        Self::with(OidcSettings::new(ISSUER, "tracer-webservice"))
    }

    pub(crate) fn with(settings: OidcSettings) -> Self {
        let provider = FakeProvider::new(ISSUER);
        Self::of(provider, settings)
    }

    pub(crate) fn of(provider: Arc<FakeProvider>, settings: OidcSettings) -> Self {
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(NOW).unwrap()));
        let documents = Arc::clone(&provider) as Arc<dyn Documents>;
        let realm = Realm::new(settings, &documents, Arc::clone(&clock) as _).unwrap();
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn({
            let realm = realm.clone();
            async move { realm.refresh(stopped).await }
        });
        Self { provider, realm, clock, stop, task }
    }

    /// The claims of a user who may write.
    pub(crate) fn claims(&self) -> serde_json::Value {
        self.provider.claims("0b0c", &["trace_writer"], self.clock.now())
    }

    /// A good token of the provider, unlike all others.
    pub(crate) fn token(&self, unlike: &str) -> String {
        let mut claims = self.claims();
        claims["jti"] = unlike.into();
        self.provider.token(&claims)
    }

    /// Who bears `token`, by his subject.
    pub(crate) async fn ask(&self, token: &str) -> Result<String, Refusal> {
        self.realm.identify(token).await.map(|found| found.subject.clone())
    }

    pub(crate) async fn stop(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}
