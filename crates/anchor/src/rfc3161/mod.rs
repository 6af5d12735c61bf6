//! Time stamps of an authority (RFC 3161), verified before they count.
//!
//! [`Rfc3161`] is the port; `request` and `answer` are what goes over the wire; [`token`] verifies, with `signer`,
//! `signature` and [`trust`] each for its part; `structures` is the ASN.1. Nothing here keeps anything.

mod answer;
mod error;
mod hash;
mod request;
mod signature;
mod signer;
mod structures;
mod time;
mod token;
mod trust;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use strongroom_fetch::Fetcher;
use strongroom_kernel::ports::{Anchor, AnchorProof, PortError, Rng, RngExt};

pub use answer::read_answer;
pub use error::TokenError;
pub use hash::{HashAlgorithm, UnknownHash};
pub use request::Certificates;
pub use token::{Stamp, verify_token};
pub use trust::{Trust, TrustError};

use token::Expected;

/// How long a proof may be, in bytes of its base64 text.
const LONGEST_LINK: usize = 64 * 1024;

/// What an [`Rfc3161`] asks of whom.
#[derive(Debug, Clone)]
pub struct Rfc3161Settings {
    /// URL of the authority, `http` or `https`.
    pub url: String,
    /// How texts are hashed.
    pub imprint: HashAlgorithm,
    /// Whether tokens shall carry certificates.
    pub certificates: Certificates,
    /// Where chains must end.
    pub trust: Trust,
}

/// Has an authority stamp the SHA-256 (or what is configured) of texts, and verifies its tokens.
///
/// The proof is the token in DER, as standard base64; the provider is the authority's URL in its normal form (a
/// bare host gets a trailing `/`), without user and password.
#[derive(Clone)]
pub struct Rfc3161 {
    settings: Rfc3161Settings,
    provider: String,
    fetcher: Fetcher,
    rng: Arc<dyn Rng>,
}

impl Rfc3161 {
    /// Asks through `fetcher`, whose limits bound each request, with nonces from `rng`.
    ///
    /// # Errors
    /// `Refused` when the URL is none.
    pub fn new(settings: Rfc3161Settings, fetcher: Fetcher, rng: Arc<dyn Rng>) -> Result<Self, PortError> {
        let provider = strongroom_fetch::public_form(&settings.url)?;
        Ok(Self { settings, provider, fetcher, rng })
    }

    /// Verifies `proof` for `text` and tells what it says, its time among it.
    ///
    /// # Errors
    /// As [`Anchor::check`].
    pub fn read(&self, text: &str, proof: &AnchorProof) -> Result<Stamp, PortError> {
        const CONTEXT: &str = "check time stamp";
        if proof.provider.is_none() {
            return Err(PortError::refused("check time stamp: nobody attested this text"));
        }
        let token = BASE64_STANDARD
            .decode(&proof.link)
            .map_err(|error| PortError::corrupt("check time stamp: it is not base64").with_source(error))?;
        verify_token(text, &token, &self.settings.trust).map_err(|error| error.port(CONTEXT))
    }

    async fn ask(&self, request: Vec<u8>) -> Result<Vec<u8>, PortError> {
        let answer = self.fetcher.post(&self.settings.url, "application/timestamp-query", request).await?;
        Ok(answer.success("ask time-stamp authority")?.body.into())
    }
}

#[async_trait]
impl Anchor for Rfc3161 {
    async fn anchor(&self, text: &str) -> Result<AnchorProof, PortError> {
        const CONTEXT: &str = "have text stamped";
        let Rfc3161Settings { imprint, certificates, trust, .. } = &self.settings;
        let failed = |error: TokenError| error.port(CONTEXT);
        let nonce = request::nonce(self.rng.bytes());
        let request = request::encode(text, *imprint, &nonce, *certificates).map_err(failed)?;
        let answer = self.ask(request).await?;
        let token = read_answer(&answer).map_err(failed)?;
        token::verify(text, &token, trust, Expected::Fresh { imprint: *imprint, nonce: &nonce })
            .map_err(failed)?;
        let link = BASE64_STANDARD.encode(token);
        if link.len() > LONGEST_LINK {
            return Err(PortError::refused(format!(
                "{CONTEXT}: the token is longer than {LONGEST_LINK} characters"
            )));
        }
        Ok(AnchorProof { link, provider: Some(self.provider.clone()) })
    }

    /// Tokens that rest on SHA-1 are accepted, and those made without certificates, if the signer's is configured.
    async fn check(&self, text: &str, proof: &AnchorProof) -> Result<(), PortError> {
        self.read(text, proof).map(drop)
    }

    fn provider(&self) -> Option<&str> {
        Some(&self.provider)
    }
}

impl fmt::Debug for Rfc3161 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rfc3161").field("provider", &self.provider).finish_non_exhaustive()
    }
}
