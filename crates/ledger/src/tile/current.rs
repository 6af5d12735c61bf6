//! All tiles of a growing tree: the unfinished ones from memory, the full ones from where they are stored.

use super::{Tile, TileReader, TileState};

/// A [`TileReader`] over a [`TileState`] and a reader of full tiles.
///
/// Serves every size up to that of the state: a partial tile of an earlier size is a prefix of the present
/// one, and of the full one once it is stored, which is then given instead.
#[derive(Debug, Clone, Copy)]
pub struct CurrentTiles<'a, R> {
    state: &'a TileState,
    full: R,
}

impl<'a, R: TileReader> CurrentTiles<'a, R> {
    /// Joins the two; `full` must have all full tiles of the tree that `state` describes.
    pub const fn new(state: &'a TileState, full: R) -> Self {
        Self { state, full }
    }
}

impl<R: TileReader> TileReader for CurrentTiles<'_, R> {
    type Error = R::Error;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Self::Error> {
        match self.state.partial(tile) {
            Some(bytes) => Ok(bytes),
            None => self.full.tile(tile.filled()),
        }
    }
}
