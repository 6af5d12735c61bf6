//! What readers see of the ledger: the published checkpoint, tiles, proofs.

use std::{collections::HashMap, fmt, sync::Arc};

use parking_lot::RwLock;
use strongroom_ledger::{
    Hash, Note, Signer, Tile, TileHashReader, TileKind, TileReader, TileState, TlogProof, Verifier,
    consistency_proof, inclusion_proof, leaf_hash, tile,
};
use tokio::sync::{Notify, watch};

use crate::ports::{Database, PortError, TileStore};

use super::{Published, cosign::Cosigning, derive::derive};

/// The ledger as it is served.
#[derive(Clone)]
pub struct LedgerView {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) signer: Signer,
    pub(super) origin: String,
    pub(super) database: Arc<dyn Database>,
    pub(super) tiles: Arc<dyn TileStore>,
    pub(super) copy: Option<Arc<dyn TileStore>>,
    pub(super) tree: RwLock<Tree>,
    pub(super) published: watch::Sender<Arc<Published>>,
    pub(super) cosigning: Cosigning,
    pub(super) grown: Notify,
}

/// The growing tree: unfinished tiles, and full ones on their way to the store.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) state: TileState,
    /// Leaves of the unfinished entry bundle.
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) unwritten: HashMap<Tile, Arc<Vec<u8>>>,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The published checkpoint does not cover it (yet).
    #[error("the published checkpoint does not cover it")]
    NotPublished,
    /// Tiles could not be read.
    #[error("read tiles")]
    Tiles(#[source] PortError),
    /// The tiles do not make a proof.
    #[error("make the proof: {0}")]
    Proof(String),
}

impl LedgerView {
    /// Name of the ledger in its checkpoints.
    pub fn origin(&self) -> &str {
        &self.inner.origin
    }

    /// The public key under which checkpoints verify.
    pub fn verifier(&self) -> Verifier {
        self.inner.signer.verifier()
    }

    /// The private key, which also seals what is kept without a leaf.
    pub(crate) fn signer(&self) -> &Signer {
        &self.inner.signer
    }

    /// The latest published checkpoint.
    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.inner.published.borrow())
    }

    /// Follows the published checkpoint.
    pub fn watch(&self) -> watch::Receiver<Arc<Published>> {
        self.inner.published.subscribe()
    }

    /// How many leaves are in the tree, published or not.
    pub fn size(&self) -> u64 {
        self.inner.tree.read().state.size()
    }

    /// Appends durable leaves that begin at index `first`; false when leaves between are missing.
    pub(crate) fn append(&self, first: u64, leaves: &[Vec<u8>]) -> bool {
        let mut tree = self.inner.tree.write();
        let size = tree.state.size();
        if first > size {
            return false;
        }
        let known = usize::try_from(size - first).unwrap_or(usize::MAX);
        let fresh = leaves.get(known..).unwrap_or_default();
        tree.extend(fresh);
        drop(tree);
        if !fresh.is_empty() {
            self.inner.grown.notify_one();
        }
        true
    }

    /// Reads leaves from the database until the tree has all that have an index.
    pub(crate) async fn catch_up(&self) -> Result<(), PortError> {
        loop {
            let from = self.size();
            let leaves = self.inner.database.leaves(from, 4_096).await?;
            if leaves.is_empty() {
                return Ok(());
            }
            self.append(from, &leaves);
        }
    }

    /// The bytes of a tile, if the published checkpoint covers it.
    ///
    /// # Errors
    /// When the store or the database cannot be read.
    pub async fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, PortError> {
        let size = self.published().size;
        let covered =
            Tile::in_tree(tile.kind(), tile.index(), size).is_some_and(|now| tile.width() <= now.width());
        if covered { self.read(tile).await.map(Some) } else { Ok(None) }
    }

    /// A `.tlog-proof` for the leaf at `index` (`c2sp.org/tlog-proof`): under the checkpoint that witnesses
    /// cosigned where that covers it, else under the published one.
    ///
    /// # Errors
    /// [`ProofError::NotPublished`] for a leaf the checkpoint does not cover.
    pub async fn inclusion_proof(&self, index: u64) -> Result<TlogProof, ProofError> {
        let published =
            self.cosigned().filter(|cosigned| index < cosigned.size).unwrap_or_else(|| self.published());
        if index >= published.size {
            return Err(ProofError::NotPublished);
        }
        let size = published.size;
        let hashes = self.blocking_at(size, move |reader| inclusion_proof(&reader, index, size)).await?;
        let note =
            Note::parse(published.text.as_bytes()).map_err(|error| ProofError::Proof(error.to_string()))?;
        TlogProof::new(index, hashes, note).map_err(|error| ProofError::Proof(error.to_string()))
    }

    /// The hashes that show the published tree of `new` leaves to begin with that of `old`.
    ///
    /// # Errors
    /// [`ProofError::NotPublished`] when `new` is not covered.
    pub async fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, ProofError> {
        if new > self.published().size {
            return Err(ProofError::NotPublished);
        }
        self.blocking_at(new, move |reader| consistency_proof(&reader, old, new)).await
    }

    /// The root of the tree of the first `size` leaves.
    pub(crate) async fn root_at(&self, size: u64) -> Result<Hash, ProofError> {
        self.blocking_at(size, move |reader| strongroom_ledger::tree_root(&reader, size)).await
    }

    /// A tile from memory, from the store, or made again from the leaves.
    pub(super) async fn read(&self, tile: Tile) -> Result<Vec<u8>, PortError> {
        if let Some(bytes) = self.inner.tree.read().tile(tile) {
            return Ok(bytes);
        }
        let full = tile.filled();
        let length = length_of(tile);
        if let Some(mut bytes) = self.inner.tiles.read(&full.to_string()).await? {
            if let Some(length) = length {
                if bytes.len() == tile::TILE_BYTES {
                    bytes.truncate(length);
                    return Ok(bytes);
                }
            } else if tile.is_full() {
                return Ok(bytes);
            }
        }
        derive(self.inner.database.as_ref(), tile).await
    }

    async fn blocking_at<T: Send + 'static, E: fmt::Display + Send + 'static>(
        &self,
        size: u64,
        work: impl FnOnce(TileHashReader<BlockingTiles>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ProofError> {
        let tiles = BlockingTiles { view: self.clone(), handle: tokio::runtime::Handle::current() };
        let reader = TileHashReader::new(tiles, size);
        tokio::task::spawn_blocking(move || {
            work(reader).map_err(|error| ProofError::Proof(error.to_string()))
        })
        .await
        .map_err(|error| ProofError::Proof(error.to_string()))?
    }
}

/// Bytes of a tile of hashes; an entry bundle has no fixed length.
fn length_of(tile: Tile) -> Option<usize> {
    match tile.kind() {
        TileKind::Entries => None,
        TileKind::Hashes { .. } => Some(usize::from(tile.width()) * strongroom_ledger::hash::HASH_SIZE),
    }
}

impl Tree {
    fn extend(&mut self, leaves: &[Vec<u8>]) {
        let mut bundle = self.state.size() / u64::from(tile::TILE_WIDTH);
        for full in self.state.extend(leaves.iter().map(|leaf| leaf_hash(leaf))) {
            self.unwritten.insert(full.tile, Arc::new(full.bytes));
        }
        for leaf in leaves {
            self.entries.push(leaf.clone());
            if self.entries.len() == usize::from(tile::TILE_WIDTH) {
                let bytes =
                    tile::encode_bundle(self.entries.iter().map(Vec::as_slice)).expect("leaves are short");
                let tile = Tile::full(TileKind::Entries, bundle)
                    .expect("the tree is no larger than a tile can name");
                self.unwritten.insert(tile, Arc::new(bytes));
                self.entries.clear();
                bundle += 1;
            }
        }
    }

    fn tile(&self, tile: Tile) -> Option<Vec<u8>> {
        if let Some(full) = self.unwritten.get(&tile.filled()) {
            return match length_of(tile) {
                Some(length) => full.get(..length).map(<[u8]>::to_vec),
                None if tile.is_full() => Some(full.to_vec()),
                None => None,
            };
        }
        match tile.kind() {
            TileKind::Hashes { .. } => self.state.partial(tile),
            TileKind::Entries => {
                let current = self.state.size() / u64::from(tile::TILE_WIDTH);
                let entries = self.entries.get(..usize::from(tile.width()))?;
                if tile.index() != current || tile.is_full() {
                    return None;
                }
                tile::encode_bundle(entries.iter().map(Vec::as_slice)).ok()
            }
        }
    }
}

/// Tiles for the synchronous proof code, which runs beside the async workers.
struct BlockingTiles {
    view: LedgerView,
    handle: tokio::runtime::Handle,
}

impl TileReader for BlockingTiles {
    type Error = PortError;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Self::Error> {
        self.handle.block_on(self.view.read(tile))
    }
}

impl fmt::Debug for LedgerView {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LedgerView")
            .field("origin", &self.inner.origin)
            .field("size", &self.size())
            .finish()
    }
}
