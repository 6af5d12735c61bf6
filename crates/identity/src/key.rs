//! The key that signs Strongroom's own tokens, and the file it is kept in.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use strongroom_durable::{self as durable, Access};
use strongroom_kernel::ports::{Rng, RngExt as _};

/// Mode bits that let somebody other than the owner at the key.
const FOREIGN: u32 = 0o077;
/// Longest key file that is read.
const MOST_BYTES: u64 = 1024;

/// 32 secret bytes under which tokens are signed.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

/// The key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read or made.
    #[error("{0}")]
    Io(&'static str, #[source] io::Error),
    /// It does not hold 32 bytes in base64.
    #[error("the token key is not 32 bytes in base64")]
    Malformed,
    /// Others than its owner may read or change it.
    #[error("the token key is open to others (mode {0:o}), give it mode 600")]
    Open(u32),
}

impl TokenKey {
    /// A key from its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key in the file at `path`, base64 in one line and of mode 600; made at random when there is no file.
    ///
    /// Durable when it returns.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load_or_create(path: &Path, rng: &dyn Rng) -> Result<Self, KeyError> {
        match File::open(path) {
            Ok(file) => Self::load(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path, rng),
            Err(error) => Err(KeyError::Io("open token key", error)),
        }
    }

    fn load(file: File) -> Result<Self, KeyError> {
        let read = |error| KeyError::Io("read token key", error);
        let mode = file.metadata().map_err(read)?.permissions().mode() & 0o777;
        if mode & FOREIGN != 0 {
            return Err(KeyError::Open(mode));
        }
        let mut text = String::new();
        file.take(MOST_BYTES).read_to_string(&mut text).map_err(read)?;
        let bytes = BASE64_STANDARD.decode(text.trim_end()).map_err(|_| KeyError::Malformed)?;
        bytes.try_into().map(Self).map_err(|_| KeyError::Malformed)
    }

    fn create(path: &Path, rng: &dyn Rng) -> Result<Self, KeyError> {
        let key = Self(rng.bytes());
        let text = format!("{}\n", BASE64_STANDARD.encode(key.0));
        durable::create(path, text.as_bytes(), Access::Private)
            .map_err(|error| KeyError::Io("make token key", error))?;
        Ok(key)
    }

    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use strongroom_durable::watch::Watch;
    use strongroom_kernel::ports::SystemRng;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_then_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.key");
        let made = TokenKey::load_or_create(&path, &SystemRng).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let loaded = TokenKey::load_or_create(&path, &SystemRng).unwrap();
        assert_eq!(made.bytes(), loaded.bytes());
    }

    #[test]
    fn a_power_loss_leaves_a_whole_key_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let watch = Watch::begin(folder.path()).unwrap();
        let made = TokenKey::load_or_create(&folder.path().join("token.key"), &SystemRng).unwrap();
        let handed_out = watch.now();
        for crash in watch.history().crashes(20) {
            let after = tempfile::tempdir().unwrap();
            crash.leave(after.path()).unwrap();
            let found = TokenKey::load_or_create(&after.path().join("token.key"), &SystemRng);
            let found = found.unwrap_or_else(|error| panic!("{crash}: {error}"));
            assert!(found.bytes() == made.bytes() || !crash.is_after(handed_out), "{crash}: the key is lost");
        }
    }

    #[test]
    fn a_key_open_to_others_or_malformed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.key");
        TokenKey::load_or_create(&path, &SystemRng).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(TokenKey::load_or_create(&path, &SystemRng), Err(KeyError::Open(0o640))));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        File::options().write(true).truncate(true).open(&path).unwrap().write_all(b"short").unwrap();
        assert!(matches!(TokenKey::load_or_create(&path, &SystemRng), Err(KeyError::Malformed)));
    }
}
