//! Providers whose bearer tokens are taken. Section `[tracer.oidc]`.

use std::time::Duration;

use serde::Deserialize;
use strongroom_identity::oidc::{
    Algorithm, AudienceCheck, IssuerSettings, OidcSettings, SettingsError, Timing,
};

/// Providers whose bearer tokens are taken, such as Keycloak. Section `[tracer.oidc]`. Since 0.2.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcConfig {
    /// Name of the provider as it stands in its tokens, to the letter; with Keycloak
    /// `https://HOST/realms/REALM`. No bearer tokens are taken without one.
    pub issuer: Option<String>,
    /// Where its discovery document is, if not below that address.
    pub discovery_url: Option<String>,
    /// Where its keys are, for a provider without discovery.
    pub keys_url: Option<String>,
    /// Names of further providers, found by discovery. None by default.
    pub further_issuers: Vec<String>,
    /// Our own name at the provider, whose client roles count. Default `tracer-webservice`.
    pub client_id: String,
    /// Audiences whose tokens are taken besides those for `client_id`. Default `["account"]`, which Keycloak writes
    /// into the tokens of all users of a realm.
    pub audiences: Vec<String>,
    /// Whether tokens for others are refused: `when_present` (default), `required` or `off`.
    pub audience_check: Audience,
    /// Where the roles stand in a token, from the outermost member inwards; empty (default) for
    /// `["resource_access", "<client_id>", "roles"]`.
    pub roles_at: Vec<String>,
    /// Algorithms that are allowed; empty (default) for RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and
    /// `EdDSA`.
    pub algorithms: Vec<String>,
    /// How far the clocks may be apart, in seconds, up to 300. Default 5.
    pub leeway_seconds: u64,
    /// How often keys are fetched, in seconds. Default 300.
    pub refresh_seconds: u64,
    /// How long keys hold while the provider does not answer, in seconds. Default 86400, a day.
    pub keep_seconds: u64,
}

/// Whether tokens for others are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Yes; a token for nobody in particular is taken.
    #[default]
    WhenPresent,
    /// Yes, and those for nobody in particular too.
    Required,
    /// No, as in the original.
    Off,
}

/// What is wrong with the section: the key below `tracer.oidc`, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcError {
    /// The key.
    pub key: &'static str,
    /// What it must be.
    pub text: String,
}

impl OidcConfig {
    /// The settings for a realm; `None` when no provider is named.
    ///
    /// # Errors
    /// [`OidcError`].
    pub fn settings(&self) -> Result<Option<OidcSettings>, OidcError> {
        let wrong = |key, text: &str| Err(OidcError { key, text: text.to_owned() });
        let named = self.issuer.clone().filter(|issuer| !issuer.is_empty());
        let alone =
            self.further_issuers.is_empty() && self.discovery_url.is_none() && self.keys_url.is_none();
        if named.is_none() && !alone {
            return wrong("issuer", "is needed");
        }
        // the other keys are checked all the same
        let issuer = named.clone().unwrap_or_else(|| "https://unset.invalid".to_owned());
        let mut settings = OidcSettings::new(issuer, &self.client_id);
        settings.issuers[0].discovery_url.clone_from(&self.discovery_url);
        settings.issuers[0].keys_url.clone_from(&self.keys_url);
        let further =
            |issuer: &String| IssuerSettings { issuer: issuer.clone(), discovery_url: None, keys_url: None };
        settings.issuers.extend(self.further_issuers.iter().map(further));
        settings.more_audiences.clone_from(&self.audiences);
        settings.audience = match self.audience_check {
            Audience::WhenPresent => AudienceCheck::WhenPresent,
            Audience::Required => AudienceCheck::Required,
            Audience::Off => AudienceCheck::Off,
        };
        settings.roles_at.clone_from(&self.roles_at);
        let algorithms: Result<Vec<Algorithm>, _> = self.algorithms.iter().map(|name| name.parse()).collect();
        settings.algorithms = match algorithms {
            Ok(algorithms) => algorithms,
            Err(error) => return wrong("algorithms", &error.to_string()),
        };
        settings.leeway = Duration::from_secs(self.leeway_seconds);
        settings.timing = Timing {
            refresh: Duration::from_secs(self.refresh_seconds),
            keep: Duration::from_secs(self.keep_seconds),
            ..Timing::default()
        };
        let checked = settings.checked().map_err(|SettingsError { field, text }| {
            let key = match field {
                "leeway" => "leeway_seconds",
                "refresh" => "refresh_seconds",
                "keep" => "keep_seconds",
                other => other,
            };
            OidcError { key, text: text.to_owned() }
        })?;
        Ok(named.map(|_| checked))
    }
}

impl Default for OidcConfig {
    fn default() -> Self {
        Self {
            issuer: None,
            discovery_url: None,
            keys_url: None,
            further_issuers: Vec::new(),
            client_id: "tracer-webservice".to_owned(),
            audiences: vec!["account".to_owned()],
            audience_check: Audience::default(),
            roles_at: Vec::new(),
            algorithms: Vec::new(),
            leeway_seconds: 5,
            refresh_seconds: 300,
            keep_seconds: 86_400,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://idp.example/realms/CHAIMELEON";

    fn with(change: impl FnOnce(&mut OidcConfig)) -> OidcConfig {
        let mut config = OidcConfig { issuer: Some(ISSUER.to_owned()), ..OidcConfig::default() };
        change(&mut config);
        config
    }

    #[test]
    fn without_a_provider_there_are_no_settings() {
        assert!(OidcConfig::default().settings().unwrap().is_none());
        let empty = OidcConfig { issuer: Some(String::new()), ..OidcConfig::default() };
        assert!(empty.settings().unwrap().is_none());
        let wrong = OidcConfig { leeway_seconds: 301, ..OidcConfig::default() };
        assert_eq!(wrong.settings().unwrap_err().key, "leeway_seconds");
        let lost = OidcConfig { keys_url: Some(ISSUER.to_owned()), ..OidcConfig::default() };
        assert_eq!(lost.settings().unwrap_err().key, "issuer");
    }

    #[test]
    fn all_of_it_reaches_the_settings() {
        let config = with(|config| {
            config.further_issuers = vec!["https://second.example".to_owned()];
            config.discovery_url = Some("http://keycloak:8080/x".to_owned());
            config.audiences.clear();
            config.audience_check = Audience::Required;
            config.algorithms = vec!["ES256".to_owned()];
            config.leeway_seconds = 0;
        });
        let settings = config.settings().unwrap().unwrap();
        assert_eq!(settings.issuers.len(), 2);
        assert_eq!(settings.issuers[0].discovery_url.as_deref(), Some("http://keycloak:8080/x"));
        assert_eq!(settings.client_id, "tracer-webservice");
        assert_eq!(settings.more_audiences, [""; 0]);
        assert_eq!(settings.audience, AudienceCheck::Required);
        assert_eq!(settings.algorithms, [Algorithm::Es256]);
        assert_eq!((settings.leeway, settings.timing), (Duration::ZERO, Timing::default()));
    }

    #[test]
    fn what_cannot_work_is_refused_by_its_key() {
        let check = |change: fn(&mut OidcConfig), key| {
            assert_eq!(with(change).settings().unwrap_err().key, key);
        };
        check(|config| config.issuer = Some("idp".to_owned()), "issuer");
        check(|config| config.algorithms.push("HS256".to_owned()), "algorithms");
        check(|config| config.algorithms.push("none".to_owned()), "algorithms");
        check(|config| config.leeway_seconds = 301, "leeway_seconds");
        check(|config| config.refresh_seconds = 0, "refresh_seconds");
        check(|config| config.keep_seconds = 10, "keep_seconds");
        check(|config| config.client_id.clear(), "client_id");
    }
}
