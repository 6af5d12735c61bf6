//! `push`: everything the published checkpoint covers is brought to a mirror that cannot ask for it.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use strongroom_fetch::{AddressPolicy, Fetcher, Limits};
use strongroom_ledger::{
    AddCheckpoint, Checkpoint, Hash, Note, Signature, TileHashReader, Verifier, consistency_proof,
    mirror::{EntryPackage, UploadHead},
    proof::subtree_proof,
    tile::TILE_WIDTH,
};
use strongroom_tlog::{Announced, HttpMirror, Pushed};

use super::{Common, block_on};
use crate::{
    assemble::{self, Mode, Stores},
    folder::DataFolder,
    keys::verifier_of,
    offline,
    output::say,
    progress,
};

/// Packages of one upload; the page of mirrors advises 32 at most.
const TOGETHER: usize = 8;
/// Tries of one step before a mirror that does not move is given up.
const TRIES: u32 = 4;
/// An upload is 150 KiB and the answer a few lines; a slow line has five minutes for it.
const LIMITS: Limits = Limits {
    connect_timeout: Duration::from_secs(10),
    total_timeout: Duration::from_mins(5),
    max_body: 64 << 10,
    redirects: 0,
};

#[derive(Debug, Args)]
pub(crate) struct Push {
    #[command(flatten)]
    common: Common,
    /// The mirror: the prefix before `add-entries`.
    url: String,
    /// The mirror's verifier key, as it prints at its start; its cosignature is verified under it.
    #[arg(long)]
    key: String,
}

impl Push {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(self.push())
    }

    async fn push(&self) -> Result<ExitCode> {
        let key: Verifier = self.key.trim().parse().context("read the key")?;
        let config = self.common.load()?.config;
        let folder = DataFolder::open_read_only(&config.data.dir)?;
        let verifier = verifier_of(&config, &folder)?;
        let stores = assemble::stores(&config, &folder, Mode::Read).await?;
        let signed = stores.tiles.read("checkpoint").await?.context("no checkpoint was published yet")?;
        let origin = verifier.name().to_string();
        let (checkpoint, note) = Checkpoint::open(&signed, &origin, std::slice::from_ref(&verifier))
            .context("the published checkpoint does not verify")?;
        if checkpoint.size() == 0 {
            bail!("the ledger is empty: there is nothing to push");
        }
        let mirror = HttpMirror::new(&self.url, Fetcher::new(LIMITS, AddressPolicy::Any)?);
        let pushing = Pushing { stores, mirror, checkpoint, note };
        pushing.announce().await?;
        let signatures = pushing.entries().await?;
        let text = pushing.note.text();
        if !signatures.iter().any(|line| key.made(line) && key.verify(text, line.bytes())) {
            bail!("the mirror's signature does not verify under the key that was given");
        }
        say!("{} holds {} leaves of {origin}", key.name(), pushing.checkpoint.size());
        Ok(ExitCode::SUCCESS)
    }
}

/// A checkpoint on its way to a mirror.
struct Pushing {
    stores: Stores,
    mirror: HttpMirror,
    checkpoint: Checkpoint,
    note: Note,
}

impl Pushing {
    /// Has the mirror take the checkpoint as its pending one.
    async fn announce(&self) -> Result<()> {
        let size = self.checkpoint.size();
        let mut old = 0;
        for _ in 0..TRIES {
            let request = AddCheckpoint::new(old, self.continued(old).await?, self.note.clone())?;
            match self.mirror.announce(&request).await? {
                Announced::Pending => return Ok(()),
                Announced::Latest(seen) if seen > size => {
                    bail!("the mirror knows {seen} leaves of this ledger, which has {size}: was it set back?")
                }
                Announced::Latest(seen) => old = seen,
                Announced::Refused { status, text } => bail!("the mirror refuses: {status} {text}"),
            }
        }
        bail!("the mirror does not take the checkpoint");
    }

    /// The proof that the checkpoint continues the tree of `old` leaves.
    async fn continued(&self, old: u64) -> Result<Vec<Hash>> {
        let (size, tiles) = (self.checkpoint.size(), offline::StoredTiles::of(&self.stores));
        if old == 0 || old == size {
            return Ok(Vec::new());
        }
        let work = move || consistency_proof(&TileHashReader::new(tiles, size), old, size);
        Ok(tokio::task::spawn_blocking(work).await.context("make a proof")??)
    }

    /// Brings what is missing, and returns what the mirror signed.
    async fn entries(&self) -> Result<Vec<Signature>> {
        let size = self.checkpoint.size();
        let listener = progress::listener();
        listener.begin("entries pushed", size);
        // nothing yet: the answer says where to begin
        let (mut next, mut upload) = (0, self.head(0, 0).encode()?);
        let mut stuck = 0;
        while stuck < TRIES {
            match self.mirror.push(upload).await? {
                Pushed::Cosigned(signatures) => return Ok(signatures),
                Pushed::Told(info) if info.size == size && info.next <= size => {
                    stuck = if info.next > next { 0 } else { stuck + 1 };
                    listener.advance(info.next.saturating_sub(next));
                    next = info.next;
                }
                // somebody else has moved it meanwhile
                Pushed::Told(_) => {
                    stuck += 1;
                    self.announce().await?;
                }
                Pushed::Refused { status, text } => bail!("the mirror refuses: {status} {text}"),
            }
            upload = self.upload(next).await?;
        }
        bail!("the mirror does not take the entries");
    }

    fn head(&self, start: u64, end: u64) -> UploadHead {
        let origin = self.checkpoint.origin().to_owned();
        UploadHead { origin, start, end, ticket: Vec::new() }
    }

    /// The entries from `start` on, as many as one request should have.
    async fn upload(&self, start: u64) -> Result<Vec<u8>> {
        let size = self.checkpoint.size();
        let head = self.head(start, size);
        let mut upload = head.encode()?;
        let ranges: Vec<_> = head.packages().take(TOGETHER).collect();
        let tiles = offline::StoredTiles::of(&self.stores);
        let proven = ranges.clone();
        let work = move || {
            let reader = TileHashReader::new(tiles, size);
            let bundle = |index: u64| index - index % u64::from(TILE_WIDTH);
            let proofs =
                proven.into_iter().map(|range| subtree_proof(&reader, bundle(range.start)..range.end, size));
            proofs.collect::<Result<Vec<_>, _>>()
        };
        let proofs = tokio::task::spawn_blocking(work).await.context("make proofs")??;
        for (range, proof) in ranges.into_iter().zip(proofs) {
            let count = usize::try_from(range.end - range.start)?;
            let entries = self.stores.database.leaves(range.start, count).await?;
            if entries.len() != count {
                bail!("leaf {} is missing, run `verify`", range.start + entries.len() as u64);
            }
            upload.extend(EntryPackage { entries, proof }.encode()?);
        }
        Ok(upload)
    }
}
