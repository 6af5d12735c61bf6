//! Bearer tokens of identity providers, and the local administrator, as the gate asks for them.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use strongroom_identity::{
    oidc::{Realm, Refusal},
    password::{LocalAccount, StoredPassword},
};
use strongroom_kernel::ports::Rng;
use strongroom_model::{Error, ErrorKind};

use crate::{
    callers::{ADMIN, Identified, Passwords, TokenRefusal, Tokens, subject_of},
    config::Admin,
};

/// The local administrator, if he has a password or a hash that is one.
pub(crate) fn administrator(admin: &Admin, rng: &dyn Rng) -> Option<Arc<dyn Passwords>> {
    let stored = match (&admin.password_hash, &admin.password) {
        (Some(hash), _) => StoredPassword::hash(hash.reveal()),
        (None, Some(password)) => StoredPassword::plain(password.reveal()),
        (None, None) => return None,
    };
    Some(Arc::new(LocalAccount::new(&admin.name, stored.ok()?, rng)))
}

#[async_trait]
impl Tokens for Realm {
    async fn identify(&self, token: &str) -> Result<Identified, TokenRefusal> {
        match Realm::identify(self, token).await {
            Ok(found) => Ok(Identified { subject: found.subject.clone(), roles: found.client_roles.clone() }),
            Err(Refusal::Invalid(invalid)) => Err(TokenRefusal::Invalid(invalid.text())),
            Err(refusal @ Refusal::Unavailable { retry_after }) => {
                let error = Error::new(ErrorKind::Unavailable, refusal.to_string());
                Err(TokenRefusal::Unavailable(error.with_retry_after(retry_after)))
            }
        }
    }
}

#[async_trait]
impl Passwords for LocalAccount {
    async fn identify(&self, name: &str, password: &str) -> Result<Option<Identified>, Error> {
        let right = self.verify(name, password).await.map_err(|busy| {
            let error = Error::new(ErrorKind::Unavailable, busy.to_string());
            error.with_retry_after(Duration::from_secs(1))
        })?;
        let administrator = || Identified { subject: subject_of(self.name()), roles: vec![ADMIN.to_owned()] };
        Ok(right.then(administrator))
    }
}

#[cfg(test)]
mod tests {
    use strongroom_kernel::ports::SystemRng;
    use strongroom_model::Secret;

    use super::*;

    /// `opensesame` in bcrypt.
    const HASH: &str = "$2y$04$acz0DQNMtD/T5A4prr6XJedaggBnbX6FK48L7oGKFDq8rCVU3l60i";

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    #[tokio::test]
    async fn only_the_right_pair_is_let_in() {
        let plain = Admin { password: Some(secret("opensesame")), ..Admin::default() };
        let hashed = Admin { password_hash: Some(secret(HASH)), ..Admin::default() };
        for admin in [plain, hashed] {
            let passwords = administrator(&admin, &SystemRng).unwrap();
            let known = passwords.identify("admin", "opensesame").await.unwrap().unwrap();
            assert!(known.has(ADMIN) && known.subject.starts_with("5a38afb1"));
            for (name, password) in [("admin", "hush"), ("Admin", "opensesame"), ("", ""), ("admin", HASH)] {
                assert_eq!(passwords.identify(name, password).await.unwrap(), None, "{name} {password}");
            }
        }
    }

    #[test]
    fn without_a_password_there_is_nobody() {
        assert!(administrator(&Admin::default(), &SystemRng).is_none());
        let wrong = Admin { password_hash: Some(secret("opensesame")), ..Admin::default() };
        assert!(administrator(&wrong, &SystemRng).is_none() && wrong.is_configured());
    }
}
