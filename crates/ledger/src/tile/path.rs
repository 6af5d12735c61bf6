//! The text form of tile coordinates: the path below the log's prefix (`c2sp.org/tlog-tiles`, "Merkle Tree").
//!
//! `tile/<level>/<index>[.p/<width>]` and `tile/entries/<index>[.p/<width>]`, the index in groups of three
//! digits, all but the last with an `x` before them. Each tile has exactly one spelling.

use std::fmt;
use std::str::FromStr;

use super::{MAX_TILE_LEVEL, TILE_WIDTH, Tile, TileKind};
use crate::text;

/// Groups of three digits in the longest index.
const MAX_GROUPS: usize = 6;

/// Why a text is not the path of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TilePathError {
    /// Not `tile/<level>/<index>` or `tile/entries/<index>`.
    #[error("a tile path is tile/<level or entries>/<index>")]
    Shape,
    /// The level is no number from 0 to 63, or has leading zeros.
    #[error("a tile level is a number from 0 to 63 without leading zeros")]
    Level,
    /// The index is not in groups of three digits, has a group too many, or is too large.
    #[error("a tile index is groups of three digits, all but the last after an x, within the largest tree")]
    Index,
    /// The width of a partial tile is no number from 1 to 255, or has leading zeros.
    #[error("the width of a partial tile is a number from 1 to 255 without leading zeros")]
    Width,
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let groups =
            std::iter::successors(Some(self.index), |rest| Some(rest / 1000).filter(|&rest| rest > 0));
        let groups: Vec<u64> = groups.map(|rest| rest % 1000).collect();
        for (place, group) in groups.iter().enumerate().rev() {
            if place > 0 {
                write!(f, "x{group:03}/")?;
            } else {
                write!(f, "{group:03}")?;
            }
        }
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for Tile {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        let rest = path.strip_prefix("tile/").ok_or(TilePathError::Shape)?;
        let (kind, rest) = rest.split_once('/').ok_or(TilePathError::Shape)?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, parse_width(width)?),
            None => (rest, TILE_WIDTH),
        };
        Self::full(parse_kind(kind)?, parse_index(index)?)?.with_width(width).ok_or(TilePathError::Width)
    }
}

fn parse_kind(text: &str) -> Result<TileKind, TilePathError> {
    if text == "entries" {
        return Ok(TileKind::Entries);
    }
    let level = text::parse_decimal(text).and_then(|level| u8::try_from(level).ok());
    let level = level.filter(|&level| level <= MAX_TILE_LEVEL).ok_or(TilePathError::Level)?;
    Ok(TileKind::Hashes { level })
}

fn parse_index(text: &str) -> Result<u64, TilePathError> {
    let mut groups = text.split('/').rev();
    let last = groups.next().and_then(parse_group).ok_or(TilePathError::Index)?;
    let (mut index, mut scale) = (last, 1_u64);
    let mut leading = None;
    for (place, group) in groups.enumerate() {
        if place + 1 == MAX_GROUPS {
            return Err(TilePathError::Index);
        }
        let group = group.strip_prefix('x').and_then(parse_group).ok_or(TilePathError::Index)?;
        scale *= 1000;
        index += group * scale;
        leading = Some(group);
    }
    // A group of zeros in front would be a second spelling of the same tile.
    if leading == Some(0) { Err(TilePathError::Index) } else { Ok(index) }
}

fn parse_group(text: &str) -> Option<u64> {
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn parse_width(text: &str) -> Result<u16, TilePathError> {
    let width = text::parse_decimal(text).and_then(|width| u16::try_from(width).ok());
    width.filter(|width| (1..TILE_WIDTH).contains(width)).ok_or(TilePathError::Width)
}
