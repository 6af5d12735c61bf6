//! The bytes of a pack file, version 1 (`docs/reference/pack-format.md`). No files here: those are in `file.rs`.
//!
//! A pack is a file header and entries behind it, without gaps. An entry is a header and a payload. Numbers are
//! little-endian. An entry is erased by changing its state byte alone, so that no crash leaves half a header;
//! its checksum, digest and payload become zeros after that.

use strongroom_model::Digest;

/// Length of the header of a pack file in bytes.
pub const FILE_HEADER: usize = 32;
/// Length of the header of an entry in bytes.
pub const ENTRY_HEADER: usize = 48;
/// The version of the format.
pub const VERSION: u32 = 1;

/// Where the state byte stands in an entry.
pub(crate) const STATE: u64 = 3;
/// Where checksum and digest stand in an entry: they are erased along with the payload.
pub(crate) const CHECKED: u64 = 12;

const FILE_MAGIC: &[u8; 8] = b"SRpack\r\n";
const ENTRY_MAGIC: &[u8; 3] = b"SRe";
const LIVE: u8 = b'+';
const ERASED: u8 = b'-';

/// The bytes are not those of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// They end too early.
    #[error("the pack ends within an entry or header")]
    Short,
    /// The header of the file is damaged.
    #[error("the header of the pack file is damaged")]
    FileHeader,
    /// The file was written by a newer program.
    #[error("pack format version {0} is not known")]
    Version(u32),
    /// The header of an entry is damaged, or there is none.
    #[error("the header of the entry is damaged")]
    EntryHeader,
    /// CRC-32C over digest and payload does not match.
    #[error("the checksum of the entry does not match")]
    Checksum,
    /// SHA-256 of the payload does not match.
    #[error("the digest of the entry does not match")]
    Digest,
}

/// Whether an entry has its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it was appended.
    Live,
    /// Erased; the payload is zeros, or is about to be.
    Erased,
}

/// The header of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryHeader {
    /// Whether its payload is there.
    pub state: State,
    /// Length of the payload in bytes.
    pub length: u32,
    checksum: u32,
    digest: Digest,
}

/// An entry of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Where its header begins in the file.
    pub offset: u64,
    /// Its header.
    pub header: EntryHeader,
    /// Its payload, whether live or erased.
    pub payload: &'a [u8],
}

/// The header of pack file `number`.
pub fn file_header(number: u32) -> [u8; FILE_HEADER] {
    let mut header = [0; FILE_HEADER];
    header[..8].copy_from_slice(FILE_MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..16].copy_from_slice(&number.to_le_bytes());
    let checksum = crc32c::crc32c(&header[..16]);
    header[16..20].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// The number that the header of a pack file says it has.
///
/// # Errors
/// `Short`, `FileHeader`, `Version`.
pub fn parse_file_header(bytes: &[u8]) -> Result<u32, FormatError> {
    let header: &[u8; FILE_HEADER] = bytes.first_chunk().ok_or(FormatError::Short)?;
    let whole = header[..8] == *FILE_MAGIC
        && number(header, 16) == crc32c::crc32c(&header[..16])
        && header[20..].iter().all(|byte| *byte == 0);
    if !whole {
        return Err(FormatError::FileHeader);
    }
    match number(header, 8) {
        VERSION => Ok(number(header, 12)),
        newer => Err(FormatError::Version(newer)),
    }
}

/// The header of a live entry with `payload`.
///
/// # Panics
/// When `payload` is 4 GiB long or longer.
pub fn entry_header(payload: &[u8]) -> [u8; ENTRY_HEADER] {
    let length = u32::try_from(payload.len()).expect("a payload is below 4 GiB");
    let digest = Digest::of(payload);
    let mut header = [0; ENTRY_HEADER];
    header[..3].copy_from_slice(ENTRY_MAGIC);
    header[3] = LIVE;
    header[4..8].copy_from_slice(&length.to_le_bytes());
    let frame = frame_checksum(&header);
    header[8..12].copy_from_slice(&frame.to_le_bytes());
    header[12..16].copy_from_slice(&checksum(&digest, payload).to_le_bytes());
    header[16..].copy_from_slice(digest.as_bytes());
    header
}

/// Reads the header of an entry.
///
/// # Errors
/// `Short`, `EntryHeader`.
pub fn parse_entry_header(bytes: &[u8]) -> Result<EntryHeader, FormatError> {
    let header: &[u8; ENTRY_HEADER] = bytes.first_chunk().ok_or(FormatError::Short)?;
    if header[..3] != *ENTRY_MAGIC || number(header, 8) != frame_checksum(header) {
        return Err(FormatError::EntryHeader);
    }
    let state = match header[3] {
        LIVE => State::Live,
        ERASED => State::Erased,
        _ => return Err(FormatError::EntryHeader),
    };
    let digest = Digest::from_slice(&header[16..]).ok_or(FormatError::EntryHeader)?;
    Ok(EntryHeader { state, length: number(header, 4), checksum: number(header, 12), digest })
}

/// The byte that stands at [`STATE`] of an erased entry.
pub(crate) const fn erased_state() -> u8 {
    ERASED
}

impl EntryHeader {
    /// Tests `payload` against checksum and digest. An erased payload has neither.
    ///
    /// # Errors
    /// `Short` when the length is another, `Checksum`, `Digest`.
    pub fn check(&self, payload: &[u8]) -> Result<(), FormatError> {
        self.check_sum(payload)?;
        if self.state == State::Live && Digest::of(payload) != self.digest {
            return Err(FormatError::Digest);
        }
        Ok(())
    }

    /// Tests `payload` against the checksum alone, which finds what disks do. What people do is found by whoever
    /// knows the digest from elsewhere.
    ///
    /// # Errors
    /// `Short` when the length is another, `Checksum`.
    pub fn check_sum(&self, payload: &[u8]) -> Result<(), FormatError> {
        if payload.len() as u64 != u64::from(self.length) {
            return Err(FormatError::Short);
        }
        if self.state == State::Erased {
            return Ok(());
        }
        if checksum(&self.digest, payload) != self.checksum {
            return Err(FormatError::Checksum);
        }
        Ok(())
    }

    /// Length of header and payload together, in bytes.
    pub fn entry_length(&self) -> u64 {
        ENTRY_HEADER as u64 + u64::from(self.length)
    }
}

/// The entries of a whole pack file in memory, each tested. Ends behind the first error.
///
/// # Errors
/// As [`parse_file_header`].
pub fn entries(pack: &[u8]) -> Result<impl Iterator<Item = Result<Entry<'_>, FormatError>>, FormatError> {
    parse_file_header(pack)?;
    let mut offset = FILE_HEADER;
    Ok(std::iter::from_fn(move || {
        let rest = pack.get(offset..).filter(|rest| !rest.is_empty())?;
        let entry = parse_entry(rest, offset as u64);
        offset = match &entry {
            Ok(entry) => offset + ENTRY_HEADER + entry.payload.len(),
            Err(_) => pack.len(),
        };
        Some(entry)
    }))
}

fn parse_entry(bytes: &[u8], offset: u64) -> Result<Entry<'_>, FormatError> {
    let header = parse_entry_header(bytes)?;
    let length = usize::try_from(header.length).map_err(|_| FormatError::Short)?;
    let payload = bytes[ENTRY_HEADER..].get(..length).ok_or(FormatError::Short)?;
    header.check(payload)?;
    Ok(Entry { offset, header, payload })
}

/// Over magic and length, but not the state, which changes alone.
fn frame_checksum(header: &[u8; ENTRY_HEADER]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&header[..3]), &header[4..8])
}

fn checksum(digest: &Digest, payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(digest.as_bytes()), payload)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(payloads: &[&[u8]]) -> Vec<u8> {
        let mut pack = file_header(7).to_vec();
        for payload in payloads {
            pack.extend_from_slice(&entry_header(payload));
            pack.extend_from_slice(payload);
        }
        pack
    }

    #[test]
    fn what_was_packed_comes_out_again() {
        let pack = pack(&[b"one", b"", b"three"]);
        let payloads: Vec<&[u8]> = entries(&pack).unwrap().map(|entry| entry.unwrap().payload).collect();
        assert_eq!(payloads, [b"one".as_slice(), b"", b"three"]);
        assert_eq!(parse_file_header(&pack), Ok(7));
    }

    #[test]
    fn each_changed_bit_is_found() {
        let whole = pack(&[b"one", b"second"]);
        for byte in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[byte] ^= 1 << bit;
                let found = entries(&changed).and_then(Iterator::collect::<Result<Vec<_>, _>>);
                assert!(found.is_err(), "byte {byte} bit {bit}");
            }
        }
    }

    #[test]
    fn a_pack_of_a_newer_version_is_named_so() {
        let mut header = file_header(0);
        header[8] = 2;
        let checksum = crc32c::crc32c(&header[..16]);
        header[16..20].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(parse_file_header(&header), Err(FormatError::Version(2)));
    }

    #[test]
    fn an_erased_entry_is_stepped_over() {
        let mut pack = pack(&[b"one", b"two"]);
        pack[FILE_HEADER + 3] = erased_state();
        pack[FILE_HEADER + 12..FILE_HEADER + ENTRY_HEADER + 3].fill(0);
        let found: Vec<_> = entries(&pack).unwrap().map(Result::unwrap).collect();
        assert_eq!(found[0].header.state, State::Erased);
        assert_eq!((found[0].payload, found[1].payload), ([0; 3].as_slice(), b"two".as_slice()));
    }
}
