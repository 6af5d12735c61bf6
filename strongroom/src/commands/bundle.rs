//! `bundle`: a life with everything that proves it, in one zip file.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use strongroom_custody::{
    bundle,
    life::{About, Filter, PageRequest, page, range_of},
};
use strongroom_durable::{self as durable, Access};
use strongroom_kernel::{
    Snapshot,
    index::{TermKind, is_digest},
    ports::{Database, StoredRecord},
};
use strongroom_ledger::{Checkpoint, Verifier};

use super::{Common, block_on, custody::Which};
use crate::{
    assemble::{self, Mode, Stores},
    folder::DataFolder,
    keys::verifier_of,
    offline,
    output::say,
    progress,
};

#[derive(Debug, Args)]
pub(crate) struct Bundle {
    #[command(flatten)]
    common: Common,
    /// `object:SHA256`, `subject:ID` or `caller:NAME`. Without the word: a SHA-256 in hex (or `sha256:…`) is an
    /// object, anything else a subject if a leaf tells of one, or a caller.
    subject: String,
    /// File to write; one that is there already is left alone.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the file where it is there already.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    which: Which,
}

impl Bundle {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(self.make())
    }

    async fn make(&self) -> Result<ExitCode> {
        // looked at before the work, not only after it
        if !self.force && self.out.try_exists().with_context(|| format!("look for {}", self.out.display()))? {
            bail!("{} is there already; give --force to replace it", self.out.display());
        }
        let config = self.common.load()?.config;
        let folder = DataFolder::open_read_only(&config.data.dir)?;
        let verifier = verifier_of(&config, &folder)?;
        let stores = assemble::stores(&config, &folder, Mode::Read).await?;
        let signed = stores.tiles.read("checkpoint").await?.context("no checkpoint was published yet")?;
        let signed = String::from_utf8(signed).context("the published checkpoint is not text")?;
        let size = covered(&signed, &verifier)?;
        let looked_at = self.which.size(size)?;
        let mut found = None;
        for about in candidates(&self.subject)? {
            let records =
                records_of(stores.database.as_ref(), &about, self.which.filter(), looked_at).await?;
            if !records.is_empty() {
                found = Some((about, records));
                break;
            }
        }
        let (about, records) = found.context("no leaf tells of it")?;
        let zip = write(&stores, about.clone(), records, signed, size).await?;
        let checked = bundle::check_aloud(&zip, &verifier, progress::listener().as_ref())
            .context("the ledger does not prove it, run `verify`")?;
        durable::write(&self.out, &zip, Access::Private)
            .with_context(|| format!("write {}", self.out.display()))?;
        say!(
            "{}: {} leaves tell of {} {}, {} time-stamped checkpoints",
            self.out.display(),
            checked.leaves.len(),
            about.kind,
            about.name,
            checked.stamped.len()
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// Leaves that the published checkpoint covers.
fn covered(signed: &str, verifier: &Verifier) -> Result<u64> {
    let origin = verifier.name().to_string();
    let opened = Checkpoint::open(signed.as_bytes(), &origin, std::slice::from_ref(verifier));
    Ok(opened.context("the published checkpoint does not verify")?.0.size())
}

/// What a word of the command line may mean, in the order in which it is tried.
fn candidates(subject: &str) -> Result<Vec<About>> {
    let kinds: (&[TermKind], &str) = match subject.split_once(':') {
        Some(("object", name)) => (&[TermKind::Object], name),
        Some(("subject", name)) => (&[TermKind::Subject], name),
        Some(("caller", name)) => (&[TermKind::Caller], name),
        Some(("sha256", _)) => (&[TermKind::Object], subject),
        _ if is_digest(&subject.to_ascii_lowercase()) => (&[TermKind::Object], subject),
        _ => (&[TermKind::Subject, TermKind::Caller], subject),
    };
    kinds.0.iter().map(|kind| About::new(*kind, kinds.1).map_err(|what| anyhow!(what))).collect()
}

async fn records_of(
    database: &dyn Database,
    about: &About,
    mut filter: Filter,
    size: u64,
) -> Result<Vec<StoredRecord>> {
    let listener = progress::listener();
    listener.begin("leaves", size);
    filter.limit = Some(500);
    let mut records = Vec::new();
    let mut at = 0;
    loop {
        let range = range_of(database, &filter, size).await?;
        let request = PageRequest { about, filter: &filter, range };
        let found = page(database, request, offline::looking_up(database, about)).await?;
        records.extend(found.leaves.into_iter().map(|(_, stored)| stored));
        bundle::room_for(&records).context("it is too much for one bundle: ask for a time (--from, --to)")?;
        let Some(next) = found.next else { return Ok(records) };
        listener.advance(next.saturating_sub(at));
        at = next;
        filter.cursor = Some(next);
    }
}

async fn write(
    stores: &Stores,
    about: About,
    records: Vec<StoredRecord>,
    signed: String,
    size: u64,
) -> Result<Vec<u8>> {
    let leaves: Vec<u64> = records.iter().map(|record| record.index).collect();
    let snapshot = Snapshot::new(stores.database.snapshot().await?);
    let anchors = bundle::anchored(&snapshot, &leaves, size).await;
    let anchors = anchors.map_err(|error| anyhow!(error.diagnosis())).context("read time-stamps")?;
    drop(snapshot);
    let tiles = offline::StoredTiles::of(stores);
    let listener = progress::listener();
    let work =
        move || bundle::write(&bundle::gather(about, records, &signed, anchors, tiles, listener.as_ref())?);
    Ok(tokio::task::spawn_blocking(work).await.context("make proofs")??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_what_it_looks_like() {
        let kinds = |subject: &str| {
            let found = candidates(subject).unwrap();
            found.iter().map(|about| format!("{} {}", about.kind, about.name)).collect::<Vec<_>>()
        };
        let digest = "AB".repeat(32);
        let object = format!("object {}", "ab".repeat(32));
        assert_eq!(kinds(&digest), std::slice::from_ref(&object));
        assert_eq!(kinds(&format!("sha256:{digest}")), [object]);
        assert_eq!(kinds("caller:kat"), ["caller kat"]);
        assert_eq!(kinds("subject:caller:kat"), ["subject caller:kat"]);
        assert_eq!(kinds("kat"), ["subject kat", "caller kat"]);
        assert!(candidates("sha256:12").is_err());
        assert!(candidates("caller:").is_err());
    }
}
