//! `restore`: a data folder made of a backup, and verified.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::Args;
use strongroom_kernel::verify::{Progress, Scope};

use super::{Common, backup::refuse_filled, block_on, verify};
use crate::{copy::Listing, folder::DataFolder, keys::find_signer, output::say, progress};

#[derive(Debug, Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    common: Common,
    /// The backup.
    source: PathBuf,
}

/// Durable when it returns. Each step is before the next begins: of what was restored in part the checkpoint says that
/// there must be more, so that nothing takes it for the whole and serves it.
fn copy(from: &DataFolder, to: &DataFolder, progress: &dyn Progress) -> Result<()> {
    for step in [&["ledger"][..], &["keys", "packs", "objects"]] {
        let mut listing = Listing::default();
        for folder in step {
            listing.add(from.path(), Path::new(folder))?;
        }
        listing.copy(from.path(), to.path(), progress)?;
    }
    let mut database = Listing::default();
    database.add_file(from.path(), &from.database())?;
    database.copy(from.path(), to.path(), progress)
}

impl Restore {
    pub(super) fn run(self) -> Result<ExitCode> {
        let config = self.common.load()?.config;
        let from = DataFolder::open_read_only(&self.source)?;
        refuse_filled(&config.data.dir)?;
        let to = DataFolder::open(&config.data.dir)?;
        copy(&from, &to, progress::listener().as_ref())?;
        say!("restored to {}", to.path().display());
        if find_signer(&config, &to)?.is_none() {
            say!("the backup has no keys: put them into {} before serving", to.keys().display());
        }
        let report = block_on(verify::verify(&config, &to, None, None, Scope::Everything))?;
        Ok(verify::tell(&report))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use strongroom_durable::{Access, watch::Watch, write};
    use strongroom_kernel::verify::Silent;

    use super::*;

    #[test]
    fn a_power_loss_leaves_no_database_without_all_that_belongs_to_it() {
        let parent = tempfile::tempdir().unwrap();
        let from = DataFolder::open(&parent.path().join("backup")).unwrap();
        let files = [
            "ledger/checkpoint",
            "keys/ledger.key",
            "packs/00000000.pack",
            "objects/aa/bb",
            "strongroom.sqlite",
        ];
        for (number, file) in files.iter().enumerate() {
            let path = from.path().join(file);
            strongroom_durable::create_folder(path.parent().unwrap()).unwrap();
            write(&path, &vec![u8::try_from(number).unwrap() + 1; 700 * number + 1], Access::Private)
                .unwrap();
        }
        let place = parent.path().join("new");
        fs::create_dir(&place).unwrap();
        let watch = Watch::begin(&place).unwrap();
        let to = DataFolder::open(&place.join("data")).unwrap();
        copy(&from, &to, &Silent).unwrap();
        let restored = watch.now();
        let content = |folder: &Path, file: &str| fs::read(folder.join(file)).ok();
        for crash in watch.history().crashes(12) {
            let after = tempfile::tempdir().unwrap();
            crash.leave(after.path()).unwrap();
            let data = after.path().join("data");
            let found: Vec<_> = files.iter().map(|file| content(&data, file)).collect();
            for (file, found) in files.iter().zip(&found) {
                assert!(found.is_none() || *found == content(from.path(), file), "{crash}: {file} is torn");
            }
            let [checkpoint, rest @ .., database] = &*found else { unreachable!() };
            assert!(database.is_none() || rest.iter().all(Option::is_some), "{crash}: not all is there");
            assert!(rest.iter().all(Option::is_none) || checkpoint.is_some(), "{crash}: no checkpoint");
            assert!(database.is_some() || !crash.is_after(restored), "{crash}: restored, and lost");
        }
    }
}
