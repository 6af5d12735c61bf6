//! Who calls: what a credential says of its bearer, and who checks credentials.

use std::fmt::Debug;

use async_trait::async_trait;
use strongroom_inspect::Algorithm;
use strongroom_model::Error;

/// Role that may do everything.
pub const ADMIN: &str = "admin";
/// Role that may add traces.
pub const TRACE_WRITER: &str = "trace_writer";
/// Role that may ask for statistics, where not everybody may read all traces.
pub const STATISTICS: &str = "statistics";

/// What a valid credential says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// The caller's id, as traces have it.
    pub subject: String,
    /// His roles in this service.
    pub roles: Vec<String>,
}

/// Why a bearer token is not taken.
#[derive(Debug)]
pub enum TokenRefusal {
    /// It does not hold; the text goes into the challenge (RFC 6750 §3.1) and must tell no secrets.
    Invalid(&'static str),
    /// Nobody can say now whether it holds.
    Unavailable(Error),
}

/// Checks bearer tokens.
#[async_trait]
pub trait Tokens: Debug + Send + Sync {
    /// Who bears `token`.
    ///
    /// # Errors
    /// [`TokenRefusal`].
    async fn identify(&self, token: &str) -> Result<Identified, TokenRefusal>;
}

/// Checks names and passwords.
#[async_trait]
pub trait Passwords: Debug + Send + Sync {
    /// Who has this name and this password; `None` for a wrong pair.
    ///
    /// # Errors
    /// `Unavailable` when too many ask at once.
    async fn identify(&self, name: &str, password: &str) -> Result<Option<Identified>, Error>;
}

/// The id of an account by its name: lower-case hex of SHA3-512, as the original derives it.
pub fn subject_of(name: &str) -> String {
    hex::encode(Algorithm::Sha3_512.digest(name.as_bytes()))
}

impl Identified {
    /// Whether it has the role.
    pub fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|known| known == role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_the_id_the_original_gives_it() {
        let subject = subject_of("admin");
        assert_eq!(subject.len(), 128);
        assert!(subject.starts_with("5a38afb1") && subject.ends_with("ca41a9d19d"), "{subject}");
    }
}
