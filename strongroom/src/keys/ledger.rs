//! The key that signs checkpoints. Whoever has it can rewrite history for those who kept no checkpoint.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use strongroom_durable::{self as durable, Access};
use strongroom_kernel::ports::{Rng, RngExt as _};
use strongroom_ledger::{Signer, Verifier, note::KeyName};

use super::private;
use crate::{
    assemble::{self, Stores},
    config::Config,
    folder::DataFolder,
};

fn path(config: &Config, folder: &DataFolder) -> PathBuf {
    config.ledger.key_file.clone().unwrap_or_else(|| folder.keys().join("ledger.key"))
}

/// The signing key, if it was made.
///
/// # Errors
/// When the file is open to others or is no key.
pub(crate) fn find(config: &Config, folder: &DataFolder) -> Result<Option<Signer>> {
    let path = path(config, folder);
    let Some(text) = private::read(&path)? else { return Ok(None) };
    let signer = Signer::from_private_text(text.trim_end());
    signer.map(Some).with_context(|| format!("read signing key {}", path.display()))
}

/// Makes the signing key, durably.
///
/// # Errors
/// When there is one already, or it cannot be written.
pub(super) fn make(config: &Config, folder: &DataFolder, rng: &dyn Rng) -> Result<Signer> {
    let name = name(config.ledger.origin.as_deref(), "strongroom", rng);
    let signer = Signer::from_seed(name, &rng.bytes());
    let path = path(config, folder);
    durable::create(&path, format!("{}\n", signer.to_private_text()).as_bytes(), Access::Private)
        .with_context(|| format!("make signing key {}", path.display()))?;
    write_verifier(&signer, folder)?;
    Ok(signer)
}

fn write_verifier(signer: &Signer, folder: &DataFolder) -> Result<()> {
    let text = format!("{}\n", signer.verifier());
    durable::write(&folder.verifier_key(), text.as_bytes(), Access::Public).context("write verifier key")
}

/// The signing key: found, or made for a ledger that has no leaf yet.
///
/// # Errors
/// When a ledger with leaves has lost its key, and as [`find`] and [`make`].
pub(crate) async fn settle(config: &Config, folder: &DataFolder, stores: &Stores) -> Result<Signer> {
    if let Some(signer) = find(config, folder)? {
        // A crash may have come between the two files.
        if !folder.verifier_key().try_exists().context("look for the verifier key")? {
            write_verifier(&signer, folder)?;
        }
        return Ok(signer);
    }
    let size = stores.database.head().await.context("read the end of the ledger")?.size;
    if size > 0 {
        bail!(
            "the ledger has {size} leaves, but its signing key is missing: \
             put it back, a new one would not be believed"
        );
    }
    make(config, folder, assemble::rng().as_ref())
}

/// The verifier key of a data folder, from the signing key or from the public half alone.
///
/// # Errors
/// When there is neither.
pub(crate) fn verifier_of(config: &Config, folder: &DataFolder) -> Result<Verifier> {
    if let Some(signer) = find(config, folder)? {
        return Ok(signer.verifier());
    }
    let path = folder.verifier_key();
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("there is no signing key, and no verifier key in {}", path.display()))?;
    text.trim_end().parse().with_context(|| format!("read verifier key {}", path.display()))
}

/// The configured name, or the host's with a random part: two keys never have one name by chance.
pub(super) fn name(configured: Option<&str>, role: &str, rng: &dyn Rng) -> KeyName {
    if let Some(name) = configured.and_then(|name| name.parse().ok()) {
        return name;
    }
    let host = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).unwrap_or_default();
    let host: String =
        host.trim().chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).collect();
    let host = if host.is_empty() { "localhost" } else { host.as_str() };
    let part = u32::from_be_bytes(rng.bytes());
    format!("{host}/{role}/{part:08x}").parse().expect("letters, digits and slashes are a key name")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use strongroom_kernel::ports::SystemRng;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_found_again() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&parent.path().join("data")).unwrap();
        let config = Config::default();
        assert!(find(&config, &folder).unwrap().is_none());
        verifier_of(&config, &folder).unwrap_err();
        let made = make(&config, &folder, &SystemRng).unwrap();
        make(&config, &folder, &SystemRng).unwrap_err();
        let found = find(&config, &folder).unwrap().unwrap();
        assert_eq!(found.verifier(), made.verifier());
        std::fs::remove_file(folder.keys().join("ledger.key")).unwrap();
        assert_eq!(verifier_of(&config, &folder).unwrap(), made.verifier());
    }

    #[test]
    fn a_key_open_to_others_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&parent.path().join("data")).unwrap();
        let config = Config::default();
        make(&config, &folder, &SystemRng).unwrap();
        let path = folder.keys().join("ledger.key");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refusal = find(&config, &folder).unwrap_err().to_string();
        assert!(refusal.contains("give it mode 600"), "{refusal}");
    }

    #[test]
    fn the_configured_origin_names_the_key() {
        assert!(name(None, "witness", &SystemRng).as_str().contains("/witness/"));
        let configured = Some("archive.example/strongroom");
        assert_eq!(name(configured, "strongroom", &SystemRng).as_str(), "archive.example/strongroom");
    }
}
