//! A local account, and the bound on how many passwords are checked at once.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::Mutex;
use sha2::Sha256;
use strongroom_kernel::ports::{Rng, RngExt as _};
use tokio::sync::Semaphore;

use super::StoredPassword;

/// How many passwords are hashed at once.
const RUNNING: usize = 2;
/// How many more may wait for that.
const WAITING: usize = 16;

/// An account that the configuration names, with its password.
///
/// Hashing happens beside the threads that serve requests, a few at a time. A pair of name and password that was
/// right is remembered in memory as a MAC under a key drawn at the start, so that whoever repeats it is let in
/// without hashing, and is not kept out by strangers who try others.
#[derive(Debug)]
pub struct LocalAccount {
    name: String,
    password: Arc<StoredPassword>,
    key: [u8; 32],
    known: Mutex<Option<[u8; 32]>>,
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// Too many passwords are being checked now; another try in a second may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked, try again")]
pub struct Busy;

impl LocalAccount {
    /// The account `name` with its password.
    pub fn new(name: impl Into<String>, password: StoredPassword, rng: &dyn Rng) -> Self {
        Self {
            name: name.into(),
            password: Arc::new(password),
            key: rng.bytes(),
            known: Mutex::new(None),
            admitted: Arc::new(Semaphore::new(RUNNING + WAITING)),
            running: Arc::new(Semaphore::new(RUNNING)),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether these are its name and password. Takes as long for a wrong name as for a wrong password.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn verify(&self, name: &str, password: &str) -> Result<bool, Busy> {
        let shown = self.mac(name, password);
        let known = *self.known.lock();
        if known.is_some_and(|known| shown.clone().verify_slice(&known).is_ok()) {
            return Ok(true);
        }
        let right_name =
            self.mac(name, "").verify_slice(&self.mac(&self.name, "").finalize().into_bytes()).is_ok();
        let right = self.check(password).await? && right_name;
        if right && self.password.is_slow() {
            *self.known.lock() = Some(shown.finalize().into_bytes().into());
        }
        Ok(right)
    }

    async fn check(&self, password: &str) -> Result<bool, Busy> {
        if !self.password.is_slow() {
            return Ok(self.password.matches(password));
        }
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Busy)?;
        let (stored, password) = (Arc::clone(&self.password), password.to_owned());
        // the permits go with the work: a caller who leaves does not make room for more of it
        let check = move || {
            let right = stored.matches(&password);
            drop((running, admitted));
            right
        };
        // an error is a panic inside, which lets nobody in
        Ok(tokio::task::spawn_blocking(check).await.unwrap_or(false))
    }

    fn mac(&self, name: &str, password: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes any key");
        mac.update(&(name.len() as u64).to_be_bytes());
        mac.update(name.as_bytes());
        mac.update(password.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use strongroom_kernel::ports::SystemRng;

    use super::*;

    const BCRYPT: &str = "$2y$04$acz0DQNMtD/T5A4prr6XJedaggBnbX6FK48L7oGKFDq8rCVU3l60i";

    fn account(stored: StoredPassword) -> Arc<LocalAccount> {
        Arc::new(LocalAccount::new("admin", stored, &SystemRng))
    }

    #[tokio::test]
    async fn only_the_name_with_its_password_gets_in() {
        for stored in [StoredPassword::hash(BCRYPT).unwrap(), StoredPassword::plain("opensesame").unwrap()] {
            let account = account(stored);
            assert_eq!(account.verify("admin", "opensesame").await, Ok(true));
            assert_eq!(account.verify("admin", "opensesame").await, Ok(true));
            assert_eq!(account.verify("admin", "wrong").await, Ok(false));
            assert_eq!(account.verify("root", "opensesame").await, Ok(false));
            assert_eq!(account.verify("admino", "pensesame").await, Ok(false));
            assert_eq!(account.verify("", "").await, Ok(false));
            assert_eq!(account.verify("admin", "opensesame").await, Ok(true));
        }
    }

    #[tokio::test]
    async fn strangers_fill_the_queue_and_no_more_and_keep_nobody_out_who_is_known() {
        let account = account(StoredPassword::hash(BCRYPT).unwrap());
        assert_eq!(account.verify("admin", "opensesame").await, Ok(true));
        let taken = Arc::clone(&account.admitted)
            .acquire_many_owned(u32::try_from(RUNNING + WAITING).unwrap())
            .await
            .unwrap();
        assert_eq!(account.verify("admin", "guess").await, Err(Busy));
        assert_eq!(account.verify("admin", "opensesame").await, Ok(true));
        drop(taken);
        assert_eq!(account.verify("admin", "guess").await, Ok(false));
    }

    #[tokio::test]
    async fn a_caller_who_leaves_frees_no_place_before_the_work_is_done() {
        let account = account(StoredPassword::hash(BCRYPT).unwrap());
        let running =
            Arc::clone(&account.running).acquire_many_owned(u32::try_from(RUNNING).unwrap()).await.unwrap();
        let mut waiting = Box::pin(account.verify("admin", "guess"));
        assert!(futures::poll!(&mut waiting).is_pending());
        assert_eq!(account.admitted.available_permits(), RUNNING + WAITING - 1);
        drop(waiting);
        assert_eq!(account.admitted.available_permits(), RUNNING + WAITING);
        drop(running);
        assert_eq!(account.verify("admin", "guess").await, Ok(false));
        assert_eq!(account.running.available_permits(), RUNNING);
    }
}
