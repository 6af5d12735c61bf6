//! The ledger without a running kernel: read beside whoever serves it, or from files alone.

mod life;
mod tiles;

pub(crate) use life::looking_up;
pub(crate) use tiles::{StoredTiles, prove};
