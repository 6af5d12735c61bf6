//! The forms a password is kept in: bcrypt, Argon2, or the password itself.

use std::fmt;

use argon2::{Argon2, Params, PasswordHash, PasswordVerifier as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Longest stored form, in bytes.
const MOST_BYTES: usize = 512;
/// Costs of bcrypt that are worked off: 4 is the least there is, 16 takes some seconds.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=16;
/// Most memory an Argon2 hash may ask for, in KiB.
const MOST_ARGON2_KIB: u32 = 256 << 10;
/// Most passes over that memory.
const MOST_ARGON2_PASSES: u32 = 16;
/// Most lanes.
const MOST_ARGON2_LANES: u32 = 16;

/// What a password is checked against.
#[derive(Clone)]
pub struct StoredPassword(Form);

#[derive(Clone)]
enum Form {
    /// `$2a$`, `$2b$` or `$2y$` with a cost within bounds.
    Bcrypt(String),
    /// PHC text of Argon2d, Argon2i or Argon2id with parameters within bounds.
    Argon2(String),
    /// The MAC of the password itself under a fixed key, so that all comparisons have one length.
    Plain([u8; 32]),
}

/// Why a text is no stored password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoredPasswordError {
    /// Neither bcrypt nor Argon2.
    #[error("must be a hash of bcrypt ($2y$…) or of Argon2 ($argon2id$…)")]
    Form,
    /// Checking one password would take too long or too much memory.
    #[error("must not cost more: bcrypt up to 16, Argon2 up to 256 MiB, 16 passes and 16 lanes")]
    Cost,
    /// There is none.
    #[error("must not be empty")]
    Empty,
}

impl StoredPassword {
    /// A hash as `htpasswd`, PHP, Spring or `argon2` write it: bcrypt (`$2a$`, `$2b$`, `$2y$`) or the PHC
    /// text of Argon2.
    ///
    /// # Errors
    /// [`StoredPasswordError`].
    pub fn hash(text: &str) -> Result<Self, StoredPasswordError> {
        if text.len() > MOST_BYTES {
            return Err(StoredPasswordError::Form);
        }
        if text.starts_with("$argon2") {
            check_argon2(text)?;
            return Ok(Self(Form::Argon2(text.to_owned())));
        }
        check_bcrypt(text)?;
        Ok(Self(Form::Bcrypt(text.to_owned())))
    }

    /// The password itself.
    ///
    /// # Errors
    /// [`StoredPasswordError::Empty`].
    pub fn plain(password: &str) -> Result<Self, StoredPasswordError> {
        if password.is_empty() {
            return Err(StoredPasswordError::Empty);
        }
        Ok(Self(Form::Plain(fixed_length(password))))
    }

    /// Whether comparing takes so long that it must not happen on a thread that serves requests.
    pub(crate) fn is_slow(&self) -> bool {
        !matches!(self.0, Form::Plain(_))
    }

    /// Whether `password` is the one, compared in constant time; up to seconds of CPU. Bcrypt looks at the first
    /// 72 bytes only.
    pub fn matches(&self, password: &str) -> bool {
        match &self.0 {
            Form::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Form::Argon2(hash) => PasswordHash::new(hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()),
            Form::Plain(mac) => mac_of(password).verify_slice(mac).is_ok(),
        }
    }
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StoredPassword(..)")
    }
}

fn fixed_length(password: &str) -> [u8; 32] {
    mac_of(password).finalize().into_bytes().into()
}

fn mac_of(password: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"strongroom password").expect("HMAC takes any key");
    mac.update(password.as_bytes());
    mac
}

fn check_bcrypt(text: &str) -> Result<(), StoredPasswordError> {
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|start| text.strip_prefix(start));
    let (cost, rest) = rest.and_then(|rest| rest.split_once('$')).ok_or(StoredPasswordError::Form)?;
    // 22 characters of salt and 31 of hash
    let hash =
        rest.len() == 53 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte));
    if cost.len() != 2 || !hash {
        return Err(StoredPasswordError::Form);
    }
    let cost: u32 = cost.parse().map_err(|_| StoredPasswordError::Form)?;
    if BCRYPT_COSTS.contains(&cost) { Ok(()) } else { Err(StoredPasswordError::Cost) }
}

fn check_argon2(text: &str) -> Result<(), StoredPasswordError> {
    let hash = PasswordHash::new(text).map_err(|_| StoredPasswordError::Form)?;
    let params = Params::try_from(&hash).map_err(|_| StoredPasswordError::Form)?;
    if hash.hash.is_none() || hash.salt.is_none() {
        return Err(StoredPasswordError::Form);
    }
    let within = params.m_cost() <= MOST_ARGON2_KIB
        && params.t_cost() <= MOST_ARGON2_PASSES
        && params.p_cost() <= MOST_ARGON2_LANES;
    if within { Ok(()) } else { Err(StoredPasswordError::Cost) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by the `crypt` of libxcrypt.
    const BCRYPT: &str = "$2y$04$acz0DQNMtD/T5A4prr6XJedaggBnbX6FK48L7oGKFDq8rCVU3l60i";
    /// Made by the reference implementation, by way of Python's `argon2-cffi`.
    const ARGON2ID: &str =
        "$argon2id$v=19$m=256,t=2,p=1$o6NUUIvu5DSEwV7LGGKU1Q$sf9UM2PFM83kZKgveM8BfPlEpPXtBRFpSkZR6QCGQp0";

    #[test]
    fn hashes_of_other_programs_verify() {
        for hash in
            [BCRYPT, &BCRYPT.replacen("$2y$", "$2b$", 1), &BCRYPT.replacen("$2y$", "$2a$", 1), ARGON2ID]
        {
            let stored = StoredPassword::hash(hash).expect(hash);
            assert!(stored.is_slow());
            assert!(stored.matches("opensesame"), "{hash}");
            assert!(!stored.matches("opensesam"), "{hash}");
            assert!(!stored.matches("opensesame "), "{hash}");
            assert!(!stored.matches(""), "{hash}");
        }
    }

    #[test]
    fn a_password_itself_is_compared_whole() {
        let stored = StoredPassword::plain("opensesame").unwrap();
        assert!(!stored.is_slow());
        assert!(stored.matches("opensesame"));
        assert!(!stored.matches("opensesame2") && !stored.matches("opensesam") && !stored.matches(""));
        assert_eq!(StoredPassword::plain("").unwrap_err(), StoredPasswordError::Empty);
    }

    #[test]
    fn other_forms_and_endless_costs_are_refused() {
        let check = |text: &str, error| assert_eq!(StoredPassword::hash(text).unwrap_err(), error, "{text}");
        check("", StoredPasswordError::Form);
        check("opensesame", StoredPasswordError::Form);
        check("$1$salt$hash", StoredPasswordError::Form);
        check(&BCRYPT[..BCRYPT.len() - 1], StoredPasswordError::Form);
        check(&format!("{BCRYPT}x"), StoredPasswordError::Form);
        check(&BCRYPT.replacen("$04$", "$31$", 1), StoredPasswordError::Cost);
        check(&BCRYPT.replacen("$04$", "$03$", 1), StoredPasswordError::Cost);
        check(&ARGON2ID.replacen("m=256", "m=4194304", 1), StoredPasswordError::Cost);
        check(&ARGON2ID.replacen("t=2", "t=4000", 1), StoredPasswordError::Cost);
        check(ARGON2ID.rsplit_once('$').unwrap().0, StoredPasswordError::Form);
        check("$argon2id$", StoredPasswordError::Form);
        check(&"$argon2".repeat(200), StoredPasswordError::Form);
    }
}
