//! Entry bundles: up to 256 entries, each after its length in two bytes (`c2sp.org/tlog-tiles`, "Log entries").
//!
//! What an entry means is not looked at; ours are encoded by [`crate::Leaf`].

use super::TILE_WIDTH;

/// Longest entry a bundle can hold, in bytes.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// Why entries make no bundle, or bytes hold none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry is longer than [`MAX_ENTRY_BYTES`].
    #[error("entry {place} of the bundle has {bytes} bytes, more than 65535")]
    EntryTooLong {
        /// Place within the bundle, from 0.
        place: usize,
        /// Length of the entry.
        bytes: usize,
    },
    /// More than 256 entries, or none.
    #[error("a bundle has 1 to 256 entries")]
    Count,
    /// The bytes end within an entry or its length, or before the last entry.
    #[error("the bundle ends within entry {place}")]
    Truncated {
        /// Place of the first entry that is not whole, from 0.
        place: u16,
    },
    /// Bytes follow the last entry.
    #[error("{bytes} bytes follow the last entry of the bundle")]
    Trailing {
        /// How many.
        bytes: usize,
    },
}

/// Writes a bundle of 1 to 256 entries.
///
/// # Errors
/// [`BundleError::EntryTooLong`], or [`BundleError::Count`] for another number of entries.
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, BundleError> {
    let mut bundle = Vec::new();
    let mut count = 0;
    for (place, entry) in entries.into_iter().enumerate() {
        let length = u16::try_from(entry.len())
            .map_err(|_| BundleError::EntryTooLong { place, bytes: entry.len() })?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
        count = place + 1;
        if count > usize::from(TILE_WIDTH) {
            return Err(BundleError::Count);
        }
    }
    if count == 0 { Err(BundleError::Count) } else { Ok(bundle) }
}

/// Reads a bundle of exactly `width` entries (1 to 256).
///
/// # Errors
/// [`BundleError::Count`] for another width, [`BundleError::Truncated`] or [`BundleError::Trailing`] when the
/// bytes hold fewer entries or more.
pub fn decode_bundle(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    if !(1..=TILE_WIDTH).contains(&width) {
        return Err(BundleError::Count);
    }
    let mut rest = bundle;
    let mut entries = Vec::with_capacity(usize::from(width));
    for place in 0..width {
        let (entry, after) = split_entry(rest).ok_or(BundleError::Truncated { place })?;
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { Err(BundleError::Trailing { bytes: rest.len() }) }
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_went_in() {
        let long = vec![0; MAX_ENTRY_BYTES];
        let entries: [&[u8]; 3] = [b"", b"two", &long];
        let bundle = encode_bundle(entries).unwrap();
        assert_eq!(&bundle[..7], b"\0\0\0\x03two");
        assert_eq!(decode_bundle(&bundle, 3).unwrap(), entries);
    }

    #[test]
    fn a_bundle_of_another_width_is_refused() {
        let bundle = encode_bundle([b"one".as_slice(), b"two"]).unwrap();
        assert_eq!(decode_bundle(&bundle, 1), Err(BundleError::Trailing { bytes: 5 }));
        assert_eq!(decode_bundle(&bundle, 3), Err(BundleError::Truncated { place: 2 }));
        assert_eq!(decode_bundle(&bundle[..9], 2), Err(BundleError::Truncated { place: 1 }));
        assert_eq!(decode_bundle(&bundle, 0), Err(BundleError::Count));
        assert_eq!(decode_bundle(&bundle, 257), Err(BundleError::Count));
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let long = vec![0; MAX_ENTRY_BYTES + 1];
        assert_eq!(
            encode_bundle([b"".as_slice(), &long]),
            Err(BundleError::EntryTooLong { place: 1, bytes: long.len() })
        );
        assert_eq!(encode_bundle([b"x".as_slice(); 257]), Err(BundleError::Count));
        assert_eq!(encode_bundle([b"x".as_slice(); 256]).map(|bundle| bundle.len()), Ok(768));
        assert_eq!(encode_bundle([]), Err(BundleError::Count));
    }
}
