//! Who a valid token says its bearer is.

use strongroom_model::Timestamp;

/// The bearer of a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// `sub`: his name at the issuer, 1 to 255 characters without control characters. In Keycloak a UUID.
    pub subject: String,
    /// `iss`: who says so. With several issuers a subject is one person only if they never give a name twice.
    pub issuer: String,
    /// The roles he has for us, sorted, without repeats.
    pub client_roles: Vec<String>,
    /// `preferred_username`, or else `name`, for people to read; not proven to be anybody's alone.
    pub name: Option<String>,
    /// `azp` or `client_id`: the client the token was issued to.
    pub client: Option<String>,
    /// Until when the token holds, without leeway.
    pub expires: Timestamp,
}

impl Identified {
    /// Whether he has `role`, letter by letter.
    pub fn has_role(&self, role: &str) -> bool {
        self.client_roles.iter().any(|own| own == role)
    }
}
