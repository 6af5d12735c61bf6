//! The keys of witness and mirror. Whoever has one can cosign any history in its name.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use strongroom_durable::{self as durable, Access};
use strongroom_kernel::ports::{Rng, RngExt as _};
use strongroom_ledger::Cosigner;

use super::{ledger, private};
use crate::folder::DataFolder;

/// Whose key it is, and where it is kept.
#[derive(Debug, Clone)]
pub(crate) struct CosignerKey<'a> {
    /// `witness` or `mirror`: a part of the file's name and of the key's.
    pub(crate) role: &'static str,
    /// The configured name.
    pub(crate) name: Option<&'a str>,
    /// The configured file.
    pub(crate) file: Option<PathBuf>,
}

/// The key: found, or made durably where there is none yet.
///
/// # Errors
/// When the file is open to others, is no key of a cosigner, or cannot be written.
pub(crate) fn settle(key: &CosignerKey<'_>, folder: &DataFolder, rng: &dyn Rng) -> Result<Cosigner> {
    let path = key.file.clone().unwrap_or_else(|| folder.keys().join(format!("{}.key", key.role)));
    if let Some(text) = private::read(&path)? {
        return Cosigner::from_private_text(text.trim_end())
            .with_context(|| format!("read the key of the {} {}", key.role, path.display()));
    }
    let name = ledger::name(key.name, key.role, rng);
    let cosigner = Cosigner::from_seed(name, &rng.bytes());
    durable::create(&path, format!("{}\n", cosigner.to_private_text()).as_bytes(), Access::Private)
        .with_context(|| format!("make the key of the {} {}", key.role, path.display()))?;
    Ok(cosigner)
}
