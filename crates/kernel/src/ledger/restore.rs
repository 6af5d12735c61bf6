//! The tree made again at start, and held against the checkpoints published before.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;
use strongroom_ledger::{Checkpoint, Note, Signer, Tile, TileKind, TileReader, TileState, tile};
use tokio::sync::{Notify, watch};

use crate::ports::{Database, PortError, TileStore};

use super::{
    COSIGNED, LedgerView, Published,
    cosign::Cosigning,
    derive::{children, derive, perfect_root},
    view::{Inner, Tree},
};

/// Opens the ledger: restores the tree, refuses one that contradicts a published checkpoint.
///
/// Tiles that are lost are made again from the leaves. A crash may leave the published checkpoint behind the
/// records, never before them: a checkpoint that covers more than the database has means that the database
/// was rolled back. A power loss may leave it torn, since it is not synced: one that is no note counts as lost, which
/// tells no less than one that somebody removed.
///
/// # Errors
/// `Corrupt` for a contradiction, saying which checkpoint was contradicted; `Unavailable`.
pub(crate) async fn restore(
    signer: Signer,
    database: Arc<dyn Database>,
    tiles: Arc<dyn TileStore>,
    copy: Option<Arc<dyn TileStore>>,
) -> Result<LedgerView, PortError> {
    let origin = signer.name().to_string();
    let size = database.head().await?.size;
    let tree = match read_tree(database.as_ref(), tiles.as_ref(), size).await {
        Ok(tree) => tree,
        Err(error) => {
            tracing::warn!(error = %error, "tiles do not make a tree, reading all leaves");
            read_leaves(database.as_ref(), size).await?
        }
    };
    let published = Published::sign(&origin, tree.state.size(), tree.state.root(), &signer);
    let (sender, _) = watch::channel(Arc::new(published));
    let cosigned = read_cosigned(&signer, tiles.as_ref()).await?;
    let view = LedgerView {
        inner: Arc::new(Inner {
            signer,
            origin,
            database,
            tiles,
            copy,
            tree: RwLock::new(tree),
            published: sender,
            cosigning: Cosigning::new(cosigned),
            grown: Notify::new(),
        }),
    };
    if view.check_published().await.is_err() {
        // stored tiles may be what lies, not the leaves: one more look with nothing but leaves
        *view.inner.tree.write() = read_leaves(view.inner.database.as_ref(), size).await?;
        view.rewrite_tiles(size).await?;
        view.check_published().await?;
    }
    view.announce(view.sign_now()).await?;
    Ok(view)
}

/// The latest cosigned checkpoint. Whether this ledger continues it is checked with the others.
async fn read_cosigned(signer: &Signer, tiles: &dyn TileStore) -> Result<Option<Published>, PortError> {
    let Some(signed) = read_note("the cosigned checkpoint", tiles, COSIGNED).await? else { return Ok(None) };
    let origin = signer.name().to_string();
    let (checkpoint, note) = Checkpoint::open(&signed, &origin, &[signer.verifier()])
        .map_err(|error| PortError::corrupt("read the cosigned checkpoint").with_source(error))?;
    Ok(Some(Published { size: checkpoint.size(), root: checkpoint.root(), text: note.to_string() }))
}

/// What is stored at `path`, unless it is torn: signed or not, a note it must be.
async fn read_note(what: &str, store: &dyn TileStore, path: &str) -> Result<Option<Vec<u8>>, PortError> {
    let Some(signed) = store.read(path).await? else { return Ok(None) };
    match Note::parse(&signed) {
        Ok(_) => Ok(Some(signed)),
        Err(error) => {
            tracing::warn!(error = %error, "{what} is torn, as after a power loss, and tells nothing");
            Ok(None)
        }
    }
}

impl LedgerView {
    async fn check_published(&self) -> Result<(), PortError> {
        let own = self.inner.tiles.as_ref();
        self.check_checkpoint("the published checkpoint", own, "checkpoint").await?;
        self.check_checkpoint("the cosigned checkpoint", own, COSIGNED).await?;
        match &self.inner.copy {
            Some(copy) => {
                self.check_checkpoint("the outside copy of the checkpoint", copy.as_ref(), "checkpoint").await
            }
            None => Ok(()),
        }
    }

    async fn check_checkpoint(&self, what: &str, store: &dyn TileStore, path: &str) -> Result<(), PortError> {
        let Some(signed) = read_note(what, store, path).await? else { return Ok(()) };
        let (checkpoint, _) = Checkpoint::open(&signed, self.origin(), &[self.verifier()])
            .map_err(|error| PortError::corrupt(format!("read {what}")).with_source(error))?;
        if checkpoint.size() > self.size() {
            return Err(PortError::corrupt(format!(
                "{what} covers {} leaves, the database has {}: it was rolled back",
                checkpoint.size(),
                self.size()
            )));
        }
        if checkpoint.size() == 0 {
            return Ok(());
        }
        let root = self
            .root_at(checkpoint.size())
            .await
            .map_err(|error| PortError::corrupt("compute the root of an earlier size").with_source(error))?;
        if root == checkpoint.root() {
            Ok(())
        } else {
            Err(PortError::corrupt(format!("{what} has another root at {} leaves", checkpoint.size())))
        }
    }

    /// Writes every full tile again from the leaves, in place of what the store has.
    async fn rewrite_tiles(&self, size: u64) -> Result<(), PortError> {
        for tile in Tile::all_hashes(size).chain(Tile::all_entries(size)).filter(|tile| tile.is_full()) {
            let bytes = derive(self.inner.database.as_ref(), tile).await?;
            self.inner.tiles.write(&tile.to_string(), &bytes).await?;
        }
        Ok(())
    }
}

/// The tree from stored tiles, with those that are missing made again and written.
async fn read_tree(database: &dyn Database, tiles: &dyn TileStore, size: u64) -> Result<Tree, PortError> {
    let mut edge = HashMap::new();
    for tile in right_edge(size) {
        let bytes = match tile.kind() {
            TileKind::Hashes { level: 0 } | TileKind::Entries => derive(database, tile).await?,
            TileKind::Hashes { level } => {
                let mut roots = Vec::new();
                for child in children(tile, level) {
                    roots.push(perfect_root(&full_tile(database, tiles, child?).await?));
                }
                tile::encode_hashes(&roots)
            }
        };
        edge.insert(tile, bytes);
    }
    let state = TileState::restore(size, &Edge(edge))
        .map_err(|error| PortError::corrupt("restore the tree from its tiles").with_source(error))?;
    Ok(Tree { state, entries: last_entries(database, size).await?, unwritten: HashMap::new() })
}

/// The partial tiles of a tree of `size` leaves.
fn right_edge(size: u64) -> impl Iterator<Item = Tile> {
    (0..=tile::MAX_TILE_LEVEL)
        .map_while(move |level| {
            let hashes = size.checked_shr(8 * u32::from(level)).filter(|hashes| *hashes > 0)?;
            Some((level, hashes))
        })
        .filter_map(move |(level, hashes)| {
            Tile::in_tree(TileKind::Hashes { level }, hashes / u64::from(tile::TILE_WIDTH), size)
        })
}

async fn full_tile(database: &dyn Database, tiles: &dyn TileStore, tile: Tile) -> Result<Vec<u8>, PortError> {
    match tiles.read(&tile.to_string()).await? {
        Some(bytes) if bytes.len() == tile::TILE_BYTES => Ok(bytes),
        _ => {
            let bytes = derive(database, tile).await?;
            tiles.write(&tile.to_string(), &bytes).await?;
            Ok(bytes)
        }
    }
}

/// The tree from nothing but leaves.
async fn read_leaves(database: &dyn Database, size: u64) -> Result<Tree, PortError> {
    let mut state = TileState::new();
    while state.size() < size {
        let leaves = database.leaves(state.size(), 4_096).await?;
        if leaves.is_empty() {
            return Err(PortError::corrupt(format!("leaf {} is missing", state.size())));
        }
        state.extend(leaves.iter().map(|leaf| strongroom_ledger::leaf_hash(leaf)));
    }
    Ok(Tree { state, entries: last_entries(database, size).await?, unwritten: HashMap::new() })
}

async fn last_entries(database: &dyn Database, size: u64) -> Result<Vec<Vec<u8>>, PortError> {
    let width = u64::from(tile::TILE_WIDTH);
    let count = usize::try_from(size % width).expect("less than a tile's width");
    if count == 0 { Ok(Vec::new()) } else { database.leaves(size - size % width, count).await }
}

/// The tiles of the right edge, for the restoring code.
struct Edge(HashMap<Tile, Vec<u8>>);

impl TileReader for Edge {
    type Error = PortError;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Self::Error> {
        self.0.get(&tile).cloned().ok_or_else(|| PortError::missing(format!("read {tile}")))
    }
}
