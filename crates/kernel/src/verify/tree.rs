//! Leaves against tiles, tiles against checkpoints, checkpoints against those kept elsewhere.

use strongroom_ledger::{Checkpoint, Hash, Leaf, Tile, TileKind, TileState, leaf_hash, tile};

use crate::{
    ledger::COSIGNED,
    ports::{Head, PortError, TileStore},
};

use super::{Progress, Report, Verification};

/// Leaves of one page; a multiple of a tile's width.
const PAGE: usize = 8_192;

/// A checkpoint the ledger must agree with.
pub(super) struct Witnessed {
    what: &'static str,
    size: u64,
    root: Hash,
}

/// Reads all checkpoints there are, the ones kept elsewhere first.
pub(super) async fn checkpoints(
    asked: &Verification,
    report: &mut Report,
) -> Result<Vec<Witnessed>, PortError> {
    let mut found = Vec::new();
    if let Some(since) = &asked.since {
        read("the checkpoint given", since, asked, &mut found, report);
    }
    if let Some(copy) = &asked.checkpoint_copy
        && let Some(text) = copy.read("checkpoint").await?
    {
        read("the outside copy of the checkpoint", &text, asked, &mut found, report);
    }
    match asked.tiles.read("checkpoint").await? {
        Some(text) => read("the published checkpoint", &text, asked, &mut found, report),
        None => report.tampered("the published checkpoint is missing"),
    }
    if let Some(text) = asked.tiles.read(COSIGNED).await? {
        read("the cosigned checkpoint", &text, asked, &mut found, report);
    }
    Ok(found)
}

fn read(
    what: &'static str,
    text: &[u8],
    asked: &Verification,
    found: &mut Vec<Witnessed>,
    report: &mut Report,
) {
    let origin = asked.verifier.name().to_string();
    match Checkpoint::open(text, &origin, std::slice::from_ref(&asked.verifier)) {
        Ok((checkpoint, _)) => {
            found.push(Witnessed { what, size: checkpoint.size(), root: checkpoint.root() });
        }
        Err(error) => report.tampered(format!("{what} does not verify: {error}")),
    }
}

/// Walks all leaves once.
pub(super) async fn verify(
    asked: &Verification,
    head: Head,
    mut checkpoints: Vec<Witnessed>,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), PortError> {
    let size = head.size;
    progress.begin("leaves, tiles and checkpoints", size);
    checkpoints.sort_by_key(|checkpoint| checkpoint.size);
    let mut checkpoints = checkpoints.into_iter().peekable();
    let mut state = TileState::new();
    let mut last_time = i64::MIN;
    loop {
        while let Some(due) = checkpoints.next_if(|checkpoint| checkpoint.size == state.size()) {
            if due.root != state.root() {
                report.tampered(format!("{} has another root at {} leaves", due.what, due.size));
            }
        }
        let from = state.size();
        let until = checkpoints.peek().map_or(size, |next| next.size.min(size));
        if from >= size {
            break;
        }
        let want = usize::try_from(until.max(from + 1) - from).unwrap_or(usize::MAX).min(PAGE);
        let leaves = asked.database.leaves(from, want).await?;
        if leaves.is_empty() {
            report.tampered(format!("leaf {from} is missing"));
            break;
        }
        for (leaf, index) in leaves.iter().zip(from..) {
            match Leaf::decode(leaf) {
                Ok(leaf) if leaf.time_micros < last_time => {
                    report.tampered(format!("leaf {index}: its log time goes back"));
                }
                Ok(leaf) => last_time = leaf.time_micros,
                Err(error) => report.tampered(format!("leaf {index}: {error}")),
            }
        }
        for full in state.extend(leaves.iter().map(|leaf| leaf_hash(leaf))) {
            compare(asked.tiles.as_ref(), full.tile, &full.bytes, report).await?;
        }
        report.leaves = state.size();
        progress.advance(leaves.len() as u64);
    }
    if state.size() == size && size > 0 && head.time.micros() != last_time {
        report.tampered("the end of the ledger has another time than its last leaf");
    }
    for beyond in checkpoints {
        report.tampered(format!(
            "{} covers {} leaves, there are {}: leaves were removed or everything was rolled back",
            beyond.what,
            beyond.size,
            state.size()
        ));
    }
    report.root = state.root();
    verify_bundles(asked, state.size(), report, progress).await
}

/// A tile that is missing derives from the leaves and is no finding; one that differs is.
async fn compare(
    tiles: &dyn TileStore,
    tile: Tile,
    bytes: &[u8],
    report: &mut Report,
) -> Result<(), PortError> {
    match tiles.read(&tile.to_string()).await? {
        Some(stored) if stored != bytes => report.tampered(format!("{tile} is not what its leaves make")),
        _ => {}
    }
    Ok(())
}

async fn verify_bundles(
    asked: &Verification,
    size: u64,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), PortError> {
    let width = u64::from(tile::TILE_WIDTH);
    progress.begin("entry bundles", size / width);
    for index in 0..size / width {
        let Ok(tile) = Tile::full(TileKind::Entries, index) else { break };
        progress.advance(1);
        let Some(stored) = asked.tiles.read(&tile.to_string()).await? else { continue };
        let leaves = asked.database.leaves(index * width, usize::from(tile::TILE_WIDTH)).await?;
        let expected = tile::encode_bundle(leaves.iter().map(Vec::as_slice));
        if expected.ok().as_deref() != Some(&stored) {
            report.tampered(format!("{tile} is not what its leaves make"));
        }
    }
    Ok(())
}
