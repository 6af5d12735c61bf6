//! The account of the service, checked by digest in constant time.
//!
//! The original hashes and verifies with bcrypt on every login, half a second each; the secret is in its environment
//! anyway, so a slow hash protects nothing. Tokens are [`super::token`]'s business.

use std::{fmt, hint::black_box};

use sha2::{Digest as _, Sha256};

/// One name and its password, kept as digests only.
#[derive(Clone)]
pub struct Account {
    username: [u8; 32],
    password: [u8; 32],
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Account(redacted)")
    }
}

impl Account {
    /// The account of that name and password; any text will do.
    pub fn new(username: &str, password: &str) -> Self {
        Self { username: digest(username), password: digest(password) }
    }

    /// Whether both are right; the time taken does not tell which was wrong, nor how much of it.
    pub fn matches(&self, username: &str, password: &str) -> bool {
        let username = difference(&self.username, &digest(username));
        let password = difference(&self.password, &digest(password));
        username | password == 0
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Zero when both are equal; looks at every byte.
fn difference(one: &[u8; 32], other: &[u8; 32]) -> u8 {
    one.iter().zip(other).fold(0, |difference, (one, other)| black_box(difference | (one ^ other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_pair_matches() {
        let account = Account::new("bytes", "secret");
        assert!(account.matches("bytes", "secret"));
        for (username, password) in
            [("bytes", "Secret"), ("Bytes", "secret"), ("", ""), ("secret", "bytes"), ("bytes", "secret\0")]
        {
            assert!(!account.matches(username, password), "{username} {password}");
        }
    }

    #[test]
    fn passwords_are_not_cut() {
        let long = "p".repeat(72);
        assert!(!Account::new("u", &format!("{long}a")).matches("u", &format!("{long}b")));
    }

    #[test]
    fn nothing_of_it_is_printed() {
        assert_eq!(format!("{:?}", Account::new("bytes", "secret")), "Account(redacted)");
    }
}
