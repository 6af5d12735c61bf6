//! The original's environment variables for its Keycloak.

use super::OidcConfig;

/// Names of the variables, as its framework reads them: dashes may be left out.
const URL: [&str; 2] = ["KEYCLOAK_AUTH_SERVER_URL", "KEYCLOAK_AUTHSERVERURL"];
const REALM: [&str; 1] = ["KEYCLOAK_REALM"];
const CLIENT: [&str; 1] = ["KEYCLOAK_RESOURCE"];

/// Lets the original's variables win over `oidc`; gives what an operator should know, if there is anything.
///
/// Address and realm together are the issuer, the resource is our client there. Empty ones count as not set.
pub fn apply(oidc: &mut OidcConfig, variables: &[(String, String)]) -> Option<String> {
    let of = |names: &[&str]| {
        let named = |(name, text): &&(String, String)| names.contains(&name.as_str()) && !text.is_empty();
        variables.iter().find(named).map(|(_, text)| text.as_str())
    };
    let warning = match (of(&URL), of(&REALM)) {
        (Some(url), Some(realm)) => {
            oidc.issuer = Some(format!("{}/realms/{realm}", url.trim_end_matches('/')));
            None
        }
        (None, None) => None,
        _ => Some("KEYCLOAK_AUTH_SERVER_URL and KEYCLOAK_REALM have an effect only together".to_owned()),
    };
    if let Some(client) = of(&CLIENT) {
        client.clone_into(&mut oidc.client_id);
    }
    warning
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> (Option<String>, String, Option<String>) {
        let mut oidc = OidcConfig::default();
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let variables: Vec<_> = variables.iter().map(owned).collect();
        let warning = apply(&mut oidc, &variables);
        (oidc.issuer, oidc.client_id, warning)
    }

    #[test]
    fn address_and_realm_are_the_issuer() {
        let issuer = Some("https://idp/auth/realms/CHAIMELEON".to_owned());
        for name in URL {
            let (found, client, warning) = with(&[
                (name, "https://idp/auth/"),
                ("KEYCLOAK_REALM", "CHAIMELEON"),
                ("KEYCLOAK_RESOURCE", "tracer"),
            ]);
            assert_eq!((found, client.as_str(), warning), (issuer.clone(), "tracer", None));
        }
    }

    #[test]
    fn one_without_the_other_is_told() {
        assert_eq!(with(&[]), (None, "tracer-webservice".to_owned(), None));
        assert_eq!(with(&[("KEYCLOAK_REALM", "")]), (None, "tracer-webservice".to_owned(), None));
        let (issuer, _, warning) = with(&[("KEYCLOAK_REALM", "R")]);
        assert!(issuer.is_none() && warning.unwrap().contains("only together"));
    }
}
