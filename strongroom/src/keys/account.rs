//! The credentials of the `bytes` account: configured, or drawn at the first start and kept.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use strongroom_bytes::config::{BytesConfig, Secret};
use strongroom_durable::{self as durable, Access};
use strongroom_kernel::ports::{Rng, RngExt as _};

use super::private;
use crate::folder::DataFolder;

/// What the file of drawn credentials holds.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Drawn {
    password: Option<Secret>,
    secret: Option<Secret>,
}

/// What the first start tells the operator, once.
#[derive(Debug)]
pub(crate) struct Account {
    /// Name of the account.
    pub(crate) username: String,
    /// Its password.
    pub(crate) password: Secret,
}

/// Fills in what `config` leaves open, from the data folder or at random. Returns the account when its
/// password was drawn just now.
///
/// # Errors
/// When the file cannot be read, written or is open to others.
pub(crate) fn settle(
    config: &mut BytesConfig,
    folder: &DataFolder,
    rng: &dyn Rng,
) -> Result<Option<Account>> {
    if config.password.is_some() && config.secret.is_some() {
        return Ok(None);
    }
    let path = folder.keys().join("bytes.toml");
    let mut drawn: Drawn = match private::read(&path)? {
        Some(text) => toml::from_str(&text).with_context(|| format!("read {}", path.display()))?,
        None => Drawn::default(),
    };
    let new_password = config.password.is_none() && drawn.password.is_none();
    let new_secret = config.secret.is_none() && drawn.secret.is_none();
    if new_password {
        drawn.password = Some(draw(rng));
    }
    if new_secret {
        drawn.secret = Some(draw(rng));
    }
    if new_password || new_secret {
        durable::write(&path, print(&drawn).as_bytes(), Access::Private)
            .with_context(|| format!("write {}", path.display()))?;
    }
    config.secret = config.secret.take().or(drawn.secret);
    config.password = config.password.take().or(drawn.password);
    let password = config.password.clone().filter(|_| new_password);
    Ok(password.map(|password| Account { username: config.username.clone(), password }))
}

/// 160 random bits in lower-case hex: nothing in it needs quoting anywhere.
fn draw(rng: &dyn Rng) -> Secret {
    let mut text = String::with_capacity(40);
    for byte in rng.bytes::<20>() {
        let _ = write!(text, "{byte:02x}");
    }
    Secret::new(text)
}

fn print(drawn: &Drawn) -> String {
    let line = |key: &str, value: &Option<Secret>| {
        value.as_ref().map(|value| format!("{key} = \"{}\"\n", value.reveal())).unwrap_or_default()
    };
    format!(
        "# Credentials drawn at the first start; the configuration wins over them.\n{}{}",
        line("password", &drawn.password),
        line("secret", &drawn.secret)
    )
}

#[cfg(test)]
mod tests {
    use strongroom_kernel::ports::SystemRng;

    use super::*;

    #[test]
    fn credentials_are_drawn_once_and_told_once() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&parent.path().join("data")).unwrap();
        let mut first = BytesConfig::default();
        let account = settle(&mut first, &folder, &SystemRng).unwrap().unwrap();
        assert_eq!(account.password, first.password.clone().unwrap());
        let mut second = BytesConfig::default();
        assert!(settle(&mut second, &folder, &SystemRng).unwrap().is_none());
        assert_eq!((first.password, first.secret), (second.password, second.secret));
    }

    #[test]
    fn configured_credentials_win_and_are_not_kept() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&parent.path().join("data")).unwrap();
        let given = || BytesConfig {
            password: Some(Secret::new("known")),
            secret: Some(Secret::new("hush")),
            ..BytesConfig::default()
        };
        let mut config = given();
        assert!(settle(&mut config, &folder, &SystemRng).unwrap().is_none());
        assert!(!folder.keys().join("bytes.toml").try_exists().unwrap());
        let mut config = BytesConfig { password: None, ..given() };
        assert!(settle(&mut config, &folder, &SystemRng).unwrap().is_some());
        assert_eq!(config.secret.unwrap().reveal(), "hush");
        let kept = std::fs::read_to_string(folder.keys().join("bytes.toml")).unwrap();
        assert!(!kept.contains("hush"), "{kept}");
    }
}
