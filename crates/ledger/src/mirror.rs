//! What is pushed to a mirror and what it answers (`c2sp.org/tlog-mirror`, "add-entries").
//!
//! A request is a head and *entry packages*, each of the entries of one bundle, or a part of them, with the proof
//! that they are what a checkpoint covers. It has no bound as a whole, so it is read piece by piece: [`UploadHead`]
//! and [`EntryPackage`] say of the bytes held so far whether they are whole. Pure: nothing here is to be believed.

use std::fmt;
use std::ops::Range;

use crate::MAX_SIZE;
use crate::hash::{HASH_SIZE, Hash};
use crate::text;
use crate::tile::{MAX_ENTRY_BYTES, TILE_WIDTH};
use crate::witness::MAX_PROOF_HASHES;

/// Media type of a request.
pub const UPLOAD_MEDIA_TYPE: &str = "application/octet-stream";
/// Media type of the answers that tell how far the mirror is.
pub const INFO_MEDIA_TYPE: &str = "text/x.tlog.mirror-info";
/// Longest head in bytes.
pub const MAX_HEAD_BYTES: usize = 2 + u16::MAX as usize + 8 + 8 + 2 + u16::MAX as usize;
/// Longest package in bytes: 16 MiB and a proof.
pub const MAX_PACKAGE_BYTES: usize =
    TILE_WIDTH as usize * (2 + MAX_ENTRY_BYTES) + 1 + MAX_PROOF_HASHES * HASH_SIZE;

const WIDTH: u64 = TILE_WIDTH as u64;

/// Why bytes are no upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// The origin is not UTF-8.
    #[error("the origin is not UTF-8 text")]
    Origin,
    /// It ends before it begins, or beyond the largest tree.
    #[error("upload_start is above upload_end, or upload_end beyond the largest tree")]
    Range,
    /// More hashes than a proof has.
    #[error("the proof of a package has more than {MAX_PROOF_HASHES} hashes")]
    Proof,
    /// An entry is longer than two bytes can say, or a package has another number of them than 1 to 256.
    #[error("a package has 1 to 256 entries of at most {MAX_ENTRY_BYTES} bytes")]
    Entries,
}

/// What an upload is about: the entries `start..end` of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadHead {
    /// The log.
    pub origin: String,
    /// Index of the first entry.
    pub start: u64,
    /// Size of the checkpoint that the packages are proven against.
    pub end: u64,
    /// What the mirror gave to be shown again; may be empty.
    pub ticket: Vec<u8>,
}

impl UploadHead {
    /// Reads the head at the beginning of `bytes`, and how many bytes it has; `None` when there must be more.
    ///
    /// # Errors
    /// [`UploadError::Origin`] and [`UploadError::Range`].
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, UploadError> {
        let mut rest = bytes;
        let Some(origin) = sized(&mut rest) else { return Ok(None) };
        let Some(start) = array(&mut rest) else { return Ok(None) };
        let Some(end) = array(&mut rest) else { return Ok(None) };
        let Some(ticket) = sized(&mut rest) else { return Ok(None) };
        let origin = std::str::from_utf8(origin).map_err(|_| UploadError::Origin)?;
        let (start, end) = (u64::from_be_bytes(start), u64::from_be_bytes(end));
        if start > end || end > MAX_SIZE {
            return Err(UploadError::Range);
        }
        let head = Self { origin: origin.to_owned(), start, end, ticket: ticket.to_vec() };
        Ok(Some((head, bytes.len() - rest.len())))
    }

    /// Writes the head.
    ///
    /// # Errors
    /// [`UploadError::Origin`] when origin or ticket is longer than 65,535 bytes.
    pub fn encode(&self) -> Result<Vec<u8>, UploadError> {
        let mut bytes = Vec::with_capacity(20 + self.origin.len() + self.ticket.len());
        put_sized(&mut bytes, self.origin.as_bytes()).ok_or(UploadError::Origin)?;
        bytes.extend_from_slice(&self.start.to_be_bytes());
        bytes.extend_from_slice(&self.end.to_be_bytes());
        put_sized(&mut bytes, &self.ticket).ok_or(UploadError::Origin)?;
        Ok(bytes)
    }

    /// The entries of each package, in the one order a request may have: cut at multiples of 256.
    pub fn packages(&self) -> impl Iterator<Item = Range<u64>> + use<> {
        let (start, end) = (self.start, self.end);
        let bundles = if start < end { start / WIDTH..end.div_ceil(WIDTH) } else { 0..0 };
        bundles.map(move |bundle| {
            let first = bundle * WIDTH;
            start.max(first)..end.min(first.saturating_add(WIDTH))
        })
    }
}

/// Consecutive entries of one bundle and the proof that belongs to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryPackage {
    /// The entries.
    pub entries: Vec<Vec<u8>>,
    /// Consistency of the bundle, from its first entry to the last of these, with the tree of the checkpoint.
    pub proof: Vec<Hash>,
}

impl EntryPackage {
    /// Reads the package of `count` entries at the beginning of `bytes`, and how many bytes it has; `None` when
    /// there must be more. Nothing is copied before it is whole.
    ///
    /// # Errors
    /// [`UploadError::Entries`] for a count that no package has, [`UploadError::Proof`].
    pub fn parse(bytes: &[u8], count: u64) -> Result<Option<(Self, usize)>, UploadError> {
        if !(1..=WIDTH).contains(&count) {
            return Err(UploadError::Entries);
        }
        let mut rest = bytes;
        for _ in 0..count {
            if sized(&mut rest).is_none() {
                return Ok(None);
            }
        }
        let Some([hashes]) = array(&mut rest) else { return Ok(None) };
        let hashes = usize::from(hashes);
        if hashes > MAX_PROOF_HASHES {
            return Err(UploadError::Proof);
        }
        let Some((proof, rest)) = rest.split_at_checked(hashes * HASH_SIZE) else { return Ok(None) };
        let proof = proof.chunks_exact(HASH_SIZE).filter_map(|hash| hash.try_into().ok().map(Hash::new));
        let mut entries = bytes;
        let package = Self {
            entries: (0..count).filter_map(|_| sized(&mut entries).map(<[u8]>::to_vec)).collect(),
            proof: proof.collect(),
        };
        Ok(Some((package, bytes.len() - rest.len())))
    }

    /// Writes the package.
    ///
    /// # Errors
    /// [`UploadError::Entries`] and [`UploadError::Proof`] for what cannot be written.
    pub fn encode(&self) -> Result<Vec<u8>, UploadError> {
        if self.entries.is_empty() || self.entries.len() > usize::from(TILE_WIDTH) {
            return Err(UploadError::Entries);
        }
        let mut bytes = Vec::new();
        for entry in &self.entries {
            put_sized(&mut bytes, entry).ok_or(UploadError::Entries)?;
        }
        let hashes = u8::try_from(self.proof.len()).map_err(|_| UploadError::Proof)?;
        if usize::from(hashes) > MAX_PROOF_HASHES {
            return Err(UploadError::Proof);
        }
        bytes.push(hashes);
        self.proof.iter().for_each(|hash| bytes.extend_from_slice(hash.as_bytes()));
        Ok(bytes)
    }
}

/// How far a mirror is: the answer to an upload that is not complete, or that it cannot begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorInfo {
    /// Size of a checkpoint that entries may be proven against.
    pub size: u64,
    /// Index of the first entry that is missing.
    pub next: u64,
    /// To be shown again with the next upload; may be empty.
    pub ticket: Vec<u8>,
}

impl MirrorInfo {
    /// Reads three lines.
    ///
    /// Returns `None` for anything but two decimals without leading zeros below 2⁶³ and base64, a newline after each.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let body = std::str::from_utf8(body).ok()?.strip_suffix('\n')?;
        let mut lines = body.split('\n');
        let (size, next, ticket) = (lines.next()?, lines.next()?, lines.next()?);
        let number = |line| text::parse_decimal(line).filter(|&number| number <= MAX_SIZE);
        let info = Self { size: number(size)?, next: number(next)?, ticket: text::decode_base64(ticket)? };
        lines.next().is_none().then_some(info)
    }
}

impl fmt::Display for MirrorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.size, self.next, text::encode_base64(&self.ticket))
    }
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (array, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*array)
}

/// Bytes after their length in two bytes, big-endian.
fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (bytes, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    Some(bytes)
}

fn put_sized(to: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    to.extend_from_slice(&u16::try_from(bytes.len()).ok()?.to_be_bytes());
    to.extend_from_slice(bytes);
    Some(())
}
