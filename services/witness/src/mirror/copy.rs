//! One log's copy: what is pending, what is held, what is shown.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::{Mutex as Lock, RwLock};
use strongroom_kernel::ports::{LogSource, Note as State, PortError, PortErrorKind, TileStore};
use strongroom_ledger::{
    AddCheckpoint, Checkpoint, Hash, Note, Tile, TileHashReader, TileKind, TileReader, TileState,
    tile::{self, TILE_WIDTH},
    tree_root,
    witness::Seen,
};
use strongroom_model::{Error, ErrorKind};
use tokio::{
    runtime::Handle,
    sync::{Mutex, Notify},
};

use super::{
    Shared,
    edge::Edge,
    shelf::{Shelf, cut},
};
use crate::{
    book::{Book, Latest, Refused},
    logs::KnownLog,
};

/// What everybody may see: a checkpoint that the mirror cosigned, and the tiles it covers.
#[derive(Debug)]
pub(crate) struct Shown {
    /// Leaves.
    pub(crate) size: u64,
    /// The signed checkpoint, cosigned by the mirror.
    pub(crate) text: String,
    state: TileState,
    entries: Vec<Vec<u8>>,
}

/// Earlier pending checkpoints that entries may be pushed against.
const MOST_RECENT: usize = 16;

/// What became of a pending checkpoint whose entries should all be here.
pub(super) enum Committed {
    /// It is shown, with these cosignatures.
    Cosigned(String),
    /// A later one is shown already.
    Behind,
    /// Entries are missing.
    Incomplete,
    /// The entries make another tree: they are to be brought again.
    OtherTree,
}

/// A log's copy.
pub(crate) struct Copy {
    pub(super) pending: Book,
    /// How the log is asked; without, its entries are pushed.
    pub(super) source: Option<Arc<dyn LogSource>>,
    pub(super) shared: Arc<Shared>,
    pub(super) shelf: Mutex<Shelf>,
    tiles: Arc<dyn TileStore>,
    shown: RwLock<Option<Arc<Shown>>>,
    /// Pending checkpoints of late, the current one among them.
    recent: Lock<VecDeque<Latest>>,
    /// Rung when the pending checkpoint has moved.
    pub(super) moved: Notify,
    failing: AtomicBool,
    /// What lies on the disk beyond the shown checkpoint did not make the tree it should.
    pub(super) distrusted: AtomicBool,
}

impl Copy {
    pub(super) async fn open(
        log: Arc<KnownLog>,
        source: Option<Arc<dyn LogSource>>,
        tiles: Arc<dyn TileStore>,
        shared: Arc<Shared>,
    ) -> Result<Self, PortError> {
        let pending = Book::open("pending", Arc::clone(&log), &shared.keeper).await?;
        let pending_now = pending.shown();
        let shown = restore(&log, &shared, &tiles).await?;
        let (state, entries) = match &shown {
            Some(shown) => (shown.state.clone(), shown.entries.clone()),
            None => (TileState::new(), Vec::new()),
        };
        Ok(Self {
            pending,
            source,
            shared,
            shelf: Mutex::new(Shelf::new(Arc::clone(&tiles), state, entries)),
            tiles,
            shown: RwLock::new(shown.map(Arc::new)),
            recent: Lock::new(pending_now.into_iter().collect()),
            moved: Notify::new(),
            failing: AtomicBool::new(false),
            distrusted: AtomicBool::new(false),
        })
    }

    pub(crate) fn origin(&self) -> &str {
        self.pending.log().origin()
    }

    /// What is shown now, if anything was copied yet.
    pub(crate) fn shown(&self) -> Option<Arc<Shown>> {
        self.shown.read().clone()
    }

    pub(crate) fn pending_size(&self) -> u64 {
        self.pending.shown().map_or(0, |latest| latest.checkpoint.size())
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    pub(super) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::Relaxed);
    }

    /// Moves the pending checkpoint by the rules of a witness; durable when it returns.
    pub(crate) async fn advance(&self, request: &AddCheckpoint) -> Result<Latest, Refused> {
        let shared = &self.shared;
        let taken = self.pending.take(request, None, &shared.keeper, &shared.counts)?;
        let latest = self.pending.settle(taken).await?;
        self.remember(&latest);
        self.moved.notify_one();
        Ok(latest)
    }

    fn remember(&self, latest: &Latest) {
        let mut recent = self.recent.lock();
        if recent.iter().any(|known| known.checkpoint == latest.checkpoint) {
            return;
        }
        if recent.len() == MOST_RECENT {
            recent.pop_front();
        }
        recent.push_back(latest.clone());
    }

    /// The pending checkpoint of this size, the current one or one of the last before it. All are one history.
    pub(super) fn pending_of(&self, size: u64) -> Option<Latest> {
        self.recent.lock().iter().find(|latest| latest.checkpoint.size() == size).cloned()
    }

    /// Begins the copy anew behind what is shown: what came after it did not make the tree it should.
    fn fall_back(&self, shelf: &mut Shelf) {
        let (state, entries) = match self.shown() {
            Some(shown) => (shown.state.clone(), shown.entries.clone()),
            None => (TileState::new(), Vec::new()),
        };
        *shelf = Shelf::new(Arc::clone(&self.tiles), state, entries);
    }

    /// Cosigns and shows `latest` if all its entries are on the shelf, whatever follows them there. The last line of
    /// defence: the tree must have its root.
    pub(super) async fn commit(&self, latest: &Latest) -> Result<Committed, PortError> {
        let goal = latest.seen();
        // held until it is written: what is shown never goes back
        let mut shelf = self.shelf.lock().await;
        if let Some(shown) = self.shown()
            && shown.size >= goal.size
        {
            let same = shown.size == goal.size;
            return Ok(if same {
                Committed::Cosigned(self.cosignatures(&shown.text))
            } else {
                Committed::Behind
            });
        }
        let Some(whole) = shelf.at(goal.size).await? else { return Ok(Committed::Incomplete) };
        if whole.state.root() != goal.root {
            self.fall_back(&mut shelf);
            self.distrusted.store(true, Ordering::Relaxed);
            return Ok(Committed::OtherTree);
        }
        let text = self.cosigned(latest)?;
        let edge = Edge::of(&whole.state, &whole.entries)?.encode();
        let hash = self.pending.log().hash();
        let kept = vec![
            State { key: checkpoint_key(hash), value: Some(text.clone().into_bytes()) },
            State { key: edge_key(hash), value: Some(edge) },
        ];
        let put = self.shared.keeper.put(kept).map_err(unwritten)?;
        put.wait().await.map_err(unwritten)?;
        let lines = self.cosignatures(&text);
        let Shelf { state, entries, .. } = whole;
        *self.shown.write() = Some(Arc::new(Shown { size: goal.size, text, state, entries }));
        self.distrusted.store(false, Ordering::Relaxed);
        Ok(Committed::Cosigned(lines))
    }

    /// The checkpoint with the mirror's cosignature of now.
    fn cosigned(&self, latest: &Latest) -> Result<String, PortError> {
        let shared = &self.shared;
        let time = u64::try_from(shared.clock.now().micros() / 1_000_000).unwrap_or_default();
        let mut note = (*latest.note).clone();
        let no_time = || PortError::refused("cosign a checkpoint: the time of day cannot stand in it");
        note.add(shared.cosigner.sign(note.text(), time).ok_or_else(no_time)?);
        Ok(note.to_string())
    }

    /// The mirror's own signature lines of a checkpoint it cosigned.
    fn cosignatures(&self, text: &str) -> String {
        let verifier = self.shared.cosigner.verifier();
        let Ok(note) = Note::parse(text.as_bytes()) else { return String::new() };
        note.signatures().iter().filter(|line| verifier.made(line)).map(ToString::to_string).collect()
    }

    /// A tile that the shown checkpoint covers.
    pub(crate) async fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, PortError> {
        let Some(shown) = self.shown() else { return Ok(None) };
        let covered = Tile::in_tree(tile.kind(), tile.index(), shown.size);
        let Some(now) = covered.filter(|now| tile.width() <= now.width()) else { return Ok(None) };
        if now.is_full() {
            let full = self.tiles.read(&tile.filled().to_string()).await?;
            let full = full.ok_or_else(|| PortError::missing(format!("read {}", tile.filled())))?;
            return cut(tile, full).map(Some);
        }
        match tile.kind() {
            TileKind::Hashes { .. } => Ok(shown.state.partial(tile)),
            TileKind::Entries => {
                let entries = shown.entries.get(..usize::from(tile.width())).unwrap_or_default();
                let bytes = tile::encode_bundle(entries.iter().map(Vec::as_slice));
                bytes.map(Some).map_err(|error| PortError::corrupt("bundle entries").with_source(error))
            }
        }
    }

    /// Root of the first `size` leaves, of which all are held.
    pub(super) async fn root_at(self: &Arc<Self>, size: u64) -> Result<Hash, PortError> {
        let tiles = Held { copy: Arc::clone(self), runtime: Handle::current() };
        let work = move || tree_root(&TileHashReader::new(tiles, size), size);
        let root = tokio::task::spawn_blocking(work).await;
        let root = root.map_err(|error| PortError::unavailable("compute a root").with_source(error))?;
        root.map_err(|error| PortError::corrupt("compute a root").with_source(error))
    }
}

/// The copy's own tiles, for code that does not wait.
struct Held {
    copy: Arc<Copy>,
    runtime: Handle,
}

impl TileReader for Held {
    type Error = PortError;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, PortError> {
        let read = self.runtime.block_on(self.copy.tile(tile))?;
        read.ok_or_else(|| PortError::missing(format!("read {tile}")))
    }
}

fn checkpoint_key(hash: &str) -> String {
    format!("mirror/{hash}/checkpoint")
}

fn edge_key(hash: &str) -> String {
    format!("mirror/{hash}/edge")
}

fn unwritten(error: Error) -> PortError {
    let full = error.kind() == ErrorKind::StorageFull;
    let kind = if full { PortErrorKind::Full } else { PortErrorKind::Unavailable };
    PortError::new(kind, "write the mirror checkpoint").with_source(error)
}

/// What was shown when the process ended. A copy whose tree does not have the root it cosigned is read again from
/// its entries; one whose entries do not have it either is not shown, and the mirror does not start.
async fn restore(
    log: &KnownLog,
    shared: &Shared,
    tiles: &Arc<dyn TileStore>,
) -> Result<Option<Shown>, PortError> {
    let Some(kept) = shared.keeper.get(&checkpoint_key(log.hash())).await? else { return Ok(None) };
    let corrupt = |what: &str| PortError::corrupt(format!("{what} of {}", log.origin()));
    let (checkpoint, note) = Checkpoint::open(&kept, log.origin(), log.keys())
        .map_err(|error| corrupt("read the mirror checkpoint").with_source(error))?;
    let goal = Seen::from(&checkpoint);
    let edge = shared.keeper.get(&edge_key(log.hash())).await?.unwrap_or_default();
    let edge = Edge::decode(&edge)?;
    let entries = edge.entries(goal.size)?;
    let mut state = TileState::restore(goal.size, &edge)
        .map_err(|error| corrupt("restore the tree").with_source(error))?;
    if state.root() != goal.root {
        tracing::warn!(origin = log.origin(), "the kept tree is not the cosigned one, reading all entries");
        let mut shelf = Shelf::new(Arc::clone(tiles), TileState::new(), Vec::new());
        shelf.take_up(goal.size).await?;
        state = shelf.state;
        if state.size() == goal.size - goal.size % u64::from(TILE_WIDTH) {
            state.extend(entries.iter().map(|entry| strongroom_ledger::leaf_hash(entry)));
        }
        if (Seen { size: state.size(), root: state.root() }) != goal {
            return Err(corrupt("the stored entries are not those of the cosigned checkpoint"));
        }
    }
    Ok(Some(Shown { size: goal.size, text: note.to_string(), state, entries }))
}
