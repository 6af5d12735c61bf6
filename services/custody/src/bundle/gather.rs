//! Evidence: records, their proofs under one checkpoint, and who attested that checkpoint or earlier ones.

use std::{cell::RefCell, collections::HashMap};

use strongroom_kernel::{
    AnchoredCheckpoint, Snapshot, Value,
    ports::{PortError, Reach, StoredRecord},
    verify::Progress,
};
use strongroom_ledger::{
    Checkpoint, Hash, Note, Tile, TileHashReader, TileReader, TlogProof, consistency_proof, inclusion_proof,
};
use strongroom_model::Error;

use crate::life::About;

use super::{
    MAX_LEAVES,
    error::BundleError,
    zip::{MAX_BYTES, ZipError},
};

/// Leaves for which the first attestation after them is looked up.
const PROBES: usize = 16;
/// Attestations looked at behind each of them: one per authority, as a rule.
const PER_PROBE: usize = 8;
/// Tiles kept in memory while proofs are made, of 8 KiB each.
const MAX_TILES: usize = 2_048;

/// Everything a bundle proves.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Whose life.
    pub about: About,
    /// The signed checkpoint, as it was published.
    pub checkpoint: String,
    /// The records, by index.
    pub records: Vec<StoredRecord>,
    /// A proof for each.
    pub proofs: Vec<TlogProof>,
    /// Earlier checkpoints that outsiders attested.
    pub stamped: Vec<StampedCheckpoint>,
}

/// A checkpoint that an outsider attested, and the proof that the one of the bundle continues it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampedCheckpoint {
    /// Leaves it covers.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// Who attested.
    pub provider: String,
    /// What he gave: base64 of a time-stamp token (RFC 3161), or where the proof is.
    pub link: String,
    /// From its root to that of the bundle (RFC 6962 §2.1.2).
    pub consistency: Vec<Hash>,
}

/// Attestations that cover some of the leaves: the first after each of a few of them, so that the times are near.
///
/// # Errors
/// `Unavailable`.
pub async fn anchored(
    snapshot: &Snapshot,
    leaves: &[u64],
    size: u64,
) -> Result<Vec<AnchoredCheckpoint>, Error> {
    let mut found: Vec<AnchoredCheckpoint> = Vec::new();
    for probe in probes(leaves) {
        let params = [probe, size].map(|number| Value::Int(i64::try_from(number).unwrap_or(i64::MAX)));
        let rest = format!("WHERE size > $1 AND size <= $2 ORDER BY size, provider LIMIT {PER_PROBE}");
        let rows: Vec<AnchoredCheckpoint> = snapshot.select(&rest, &params, Reach::Point).await?;
        let mut providers: Vec<&str> = Vec::new();
        for row in &rows {
            if !providers.contains(&row.provider.as_str()) {
                providers.push(&row.provider);
                if !found.contains(row) {
                    found.push(row.clone());
                }
            }
        }
    }
    found.sort_by(|a, b| (a.size, &a.provider).cmp(&(b.size, &b.provider)));
    Ok(found)
}

/// The first leaf, the last, and some between them.
fn probes(leaves: &[u64]) -> Vec<u64> {
    let last = leaves.len().saturating_sub(1);
    let count = leaves.len().min(PROBES);
    let mut probes: Vec<u64> =
        (0..count).filter_map(|n| leaves.get(n * last / (count - 1).max(1))).copied().collect();
    probes.dedup();
    probes
}

/// Whether records fit into one bundle, as far as can be told before it is made: to be asked while they are read, so
/// that no more of them are held than fit.
///
/// # Errors
/// [`BundleError::TooMany`]; [`BundleError::Zip`] when they have more bytes than a bundle.
pub fn room_for(records: &[StoredRecord]) -> Result<(), BundleError> {
    if records.len() > MAX_LEAVES {
        return Err(BundleError::TooMany);
    }
    let bytes: usize = records.iter().map(StoredRecord::text_bytes).sum();
    if bytes > MAX_BYTES { Err(ZipError::TooLarge.into()) } else { Ok(()) }
}

/// Makes the proofs of `records` under the checkpoint `signed`, from `tiles`, and tells `progress` of each. Nothing that is read is believed beyond
/// what [`super::check()`] verifies afterwards.
///
/// # Errors
/// [`BundleError::Empty`], [`BundleError::TooMany`], [`BundleError::Proof`].
pub fn gather<R: TileReader>(
    about: About,
    records: Vec<StoredRecord>,
    signed: &str,
    anchored: Vec<AnchoredCheckpoint>,
    tiles: R,
    progress: &dyn Progress,
) -> Result<Evidence, BundleError> {
    if records.is_empty() {
        return Err(BundleError::Empty);
    }
    room_for(&records)?;
    let broken = |error: &dyn std::error::Error| BundleError::Proof(error.to_string());
    let note = Note::parse(signed.as_bytes()).map_err(|error| broken(&error))?;
    let checkpoint: Checkpoint = note.text().parse()?;
    let size = checkpoint.size();
    let reader = TileHashReader::new(Remembered { tiles, known: RefCell::default() }, size);
    progress.begin("proofs made", (records.len() + anchored.len()) as u64);
    let mut proofs = Vec::with_capacity(records.len());
    for record in &records {
        let hashes = inclusion_proof(&reader, record.index, size).map_err(|error| broken(&error))?;
        proofs.push(TlogProof::new(record.index, hashes, note.clone()).map_err(|error| broken(&error))?);
        progress.advance(1);
    }
    let mut stamped = Vec::with_capacity(anchored.len());
    for anchored in anchored {
        let old = u64::try_from(anchored.size)
            .map_err(|error| PortError::corrupt("the size of a checkpoint is negative").with_source(error))?;
        stamped.push(StampedCheckpoint {
            size: old,
            root: Hash::new(*anchored.root.as_bytes()),
            provider: anchored.provider,
            link: anchored.link,
            consistency: consistency_proof(&reader, old, size).map_err(|error| broken(&error))?,
        });
        progress.advance(1);
    }
    Ok(Evidence { about, checkpoint: signed.to_owned(), records, proofs, stamped })
}

/// Tiles, each read once: proofs of neighbours share almost all of theirs.
struct Remembered<R> {
    tiles: R,
    known: RefCell<HashMap<Tile, Vec<u8>>>,
}

impl<R: TileReader> TileReader for Remembered<R> {
    type Error = R::Error;

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Self::Error> {
        if let Some(bytes) = self.known.borrow().get(&tile) {
            return Ok(bytes.clone());
        }
        let bytes = self.tiles.tile(tile)?;
        let mut known = self.known.borrow_mut();
        if known.len() >= MAX_TILES {
            known.clear();
        }
        known.insert(tile, bytes.clone());
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{BundleError, MAX_BYTES, MAX_LEAVES, StoredRecord, probes, room_for};

    #[test]
    fn what_does_not_fit_is_told_before_it_is_gathered() {
        let record = |bytes| StoredRecord {
            index: 0,
            sequence: 0,
            leaf: Vec::new(),
            nonce: [0; 32],
            canonical: vec![0; bytes],
            openings: Vec::new(),
        };
        assert!(room_for(&vec![record(1); MAX_LEAVES]).is_ok());
        assert!(matches!(room_for(&vec![record(1); MAX_LEAVES + 1]), Err(BundleError::TooMany)));
        assert!(matches!(room_for(&[record(1), record(MAX_BYTES)]), Err(BundleError::Zip(_))));
    }

    #[test]
    fn first_and_last_are_always_looked_at() {
        assert_eq!(probes(&[]), Vec::<u64>::new());
        assert_eq!(probes(&[7]), [7]);
        assert_eq!(probes(&[7, 9]), [7, 9]);
        let many: Vec<u64> = (0..1_000).collect();
        let found = probes(&many);
        assert_eq!((found.len(), found[0], found[15]), (16, 0, 999));
    }
}
