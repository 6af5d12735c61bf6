//! What the operator says of his providers.

use std::time::Duration;

use super::Algorithm;

/// Most issuers.
const MOST_ISSUERS: usize = 16;
/// Largest leeway between clocks.
const MOST_LEEWAY: Duration = Duration::from_mins(5);

/// Whose tokens count, and how.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The providers; at least one.
    pub issuers: Vec<IssuerSettings>,
    /// Our own name at the providers: their client, whose roles count and for whom tokens are made.
    pub client_id: String,
    /// Other audiences whose tokens are taken besides those for `client_id`. Keycloak writes `account` into the
    /// tokens of all users of a realm.
    pub more_audiences: Vec<String>,
    /// Whether tokens for others are refused.
    pub audience: AudienceCheck,
    /// Where the roles stand in the token, from the outermost member inwards; empty for
    /// `resource_access`, `client_id`, `roles`, which is Keycloak's way.
    pub roles_at: Vec<String>,
    /// Algorithms that are allowed; empty for all of [`Algorithm::ALL`].
    pub algorithms: Vec<Algorithm>,
    /// How far clocks may be apart; up to five minutes.
    pub leeway: Duration,
    /// When keys are fetched.
    pub timing: Timing,
}

/// One provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerSettings {
    /// Its name as it stands in `iss` of its tokens: an address of http or https, to the letter.
    pub issuer: String,
    /// Where its discovery document is, if not below that address; for a provider that we reach by another name
    /// than browsers do.
    pub discovery_url: Option<String>,
    /// Where its keys are, for one without discovery.
    pub keys_url: Option<String>,
}

/// Whether a token must be meant for us (`aud`, RFC 7519 §4.1.3; `azp`, OpenID Connect Core §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AudienceCheck {
    /// A token with an audience must name us in it, or have been issued to us (`azp`); one without any is taken,
    /// as Keycloak gives to clients that have no roles anywhere.
    #[default]
    WhenPresent,
    /// As before, but a token without an audience must have been issued to us.
    Required,
    /// Not looked at: any token of the issuer is taken, whomever it is for.
    Off,
}

/// When keys are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How often, while all is well.
    pub refresh: Duration,
    /// Least time between two tries that tokens with unknown keys bring about.
    pub pause: Duration,
    /// How long keys hold while the provider does not answer.
    pub keep: Duration,
    /// How long one try may take, and a request waits for it at most.
    pub patience: Duration,
}

impl Default for Timing {
    /// Every five minutes, not again within ten seconds, kept for a day, five seconds for a try.
    fn default() -> Self {
        Self {
            refresh: Duration::from_mins(5),
            pause: Duration::from_secs(10),
            keep: Duration::from_hours(24),
            patience: Duration::from_secs(5),
        }
    }
}

/// What is wrong with settings, by the name of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {text}")]
pub struct SettingsError {
    /// The field of [`OidcSettings`] or [`IssuerSettings`].
    pub field: &'static str,
    /// What it must be.
    pub text: &'static str,
}

impl OidcSettings {
    /// Tokens of the provider `issuer` for `client_id`, all else as it is by default: leeway of five seconds,
    /// `account` as a further audience.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        let issuer = IssuerSettings { issuer: issuer.into(), discovery_url: None, keys_url: None };
        Self {
            issuers: vec![issuer],
            client_id: client_id.into(),
            more_audiences: vec!["account".to_owned()],
            audience: AudienceCheck::default(),
            roles_at: Vec::new(),
            algorithms: Vec::new(),
            leeway: Duration::from_secs(5),
            timing: Timing::default(),
        }
    }

    /// Fills in what is empty and checks the rest.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn checked(mut self) -> Result<Self, SettingsError> {
        let wrong = |field, text| Err(SettingsError { field, text });
        if self.issuers.is_empty() || self.issuers.len() > MOST_ISSUERS {
            return wrong("issuer", "there must be one, and at most 16");
        }
        for (place, issuer) in self.issuers.iter().enumerate() {
            issuer.check()?;
            if self.issuers[..place].iter().any(|earlier| earlier.issuer == issuer.issuer) {
                return wrong("issuer", "is named twice");
            }
        }
        if self.client_id.is_empty() {
            return wrong("client_id", "must not be empty");
        }
        if self.leeway > MOST_LEEWAY {
            return wrong("leeway", "must be 5 minutes at most");
        }
        let timing = self.timing;
        if timing.refresh < timing.pause || timing.pause < Duration::from_secs(1) {
            return wrong("refresh", "must not be shorter than the pause, and that not than 1 s");
        }
        if timing.keep < timing.refresh {
            return wrong("keep", "must not be shorter than the rhythm of fetching");
        }
        if self.roles_at.is_empty() {
            let keycloak = ["resource_access", &self.client_id, "roles"];
            self.roles_at = keycloak.into_iter().map(str::to_owned).collect();
        }
        if self.algorithms.is_empty() {
            self.algorithms = Algorithm::ALL.to_vec();
        }
        Ok(self)
    }
}

impl IssuerSettings {
    fn check(&self) -> Result<(), SettingsError> {
        let is_url = |text: &str| {
            let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
                && text.len() <= 2048
                && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let text = "must be an address beginning with https:// or http://";
        if !is_url(&self.issuer) || self.issuer.contains(['?', '#']) {
            return Err(SettingsError { field: "issuer", text });
        }
        if !self.discovery_url.as_deref().is_none_or(is_url) {
            return Err(SettingsError { field: "discovery_url", text });
        }
        if !self.keys_url.as_deref().is_none_or(is_url) {
            return Err(SettingsError { field: "keys_url", text });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_filled_in() {
        let settings = OidcSettings::new("https://idp/realms/R", "tracer-webservice").checked().unwrap();
        assert_eq!(settings.roles_at, ["resource_access", "tracer-webservice", "roles"]);
        assert_eq!(settings.algorithms, Algorithm::ALL);
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let check = |change: fn(&mut OidcSettings), field| {
            let mut settings = OidcSettings::new("https://idp/realms/R", "tracer-webservice");
            change(&mut settings);
            assert_eq!(settings.checked().unwrap_err().field, field);
        };
        check(|settings| settings.issuers.clear(), "issuer");
        check(|settings| settings.issuers.push(settings.issuers[0].clone()), "issuer");
        for issuer in [
            "",
            "idp",
            "ftp://idp",
            "https://",
            "https:///x",
            "https://idp/a b",
            "https://idp?x",
            "https://idp#x",
        ] {
            let wrong = OidcSettings::new(issuer, "c").checked().unwrap_err();
            assert_eq!(wrong.field, "issuer", "{issuer}");
        }
        check(|settings| settings.issuers[0].discovery_url = Some("x".to_owned()), "discovery_url");
        check(|settings| settings.issuers[0].keys_url = Some("x".to_owned()), "keys_url");
        check(|settings| settings.client_id.clear(), "client_id");
        check(|settings| settings.leeway = Duration::from_secs(301), "leeway");
        check(|settings| settings.timing.refresh = Duration::from_secs(9), "refresh");
        check(|settings| settings.timing.pause = Duration::ZERO, "refresh");
        check(|settings| settings.timing.keep = Duration::from_mins(4), "keep");
    }
}
