//! The zip files that bundles are: files by name, in order, stored as they are.
//!
//! One set of files has one zip file, byte for byte, and only that is read: nothing compressed, no time of day, no
//! folder, no comment, no gap. So there is nothing in a bundle that is not looked at, no two programs can see different
//! files in it, and unpacking takes no more room than the file. The form is that of PKWARE's APPNOTE 6.3.10, §4.3.

use std::collections::BTreeMap;

/// Longest bundle that is read or written, in bytes.
pub const MAX_BYTES: usize = 256 << 20;
/// Most files in one; a zip file counts them in 16 bits.
pub const MAX_FILES: usize = 65_000;
/// Longest name of a file, in bytes.
const MAX_NAME: usize = 80;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// Version 2.0, as everything writes and reads.
const VERSION: u16 = 20;
/// The first of January 1980, the beginning of this format's time.
const DATE: u16 = 0x21;

/// Files by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Why bytes are no zip file of this form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZipError {
    /// Beyond [`MAX_BYTES`] or [`MAX_FILES`].
    #[error("it has more than {MAX_BYTES} bytes or {MAX_FILES} files")]
    TooLarge,
    /// Another form of zip file, or none.
    #[error("it is not a zip file as bundles are: unchanged, its files stored in order")]
    Form,
    /// A name that is none of a bundle.
    #[error("it has a file whose name is not one of a bundle's")]
    Name,
}

/// Writes files.
///
/// # Errors
/// [`ZipError::TooLarge`], [`ZipError::Name`].
pub fn write(files: &Files) -> Result<Vec<u8>, ZipError> {
    let bytes: usize = files.iter().map(|(name, content)| content.len() + 2 * name.len() + 76).sum();
    if files.len() > MAX_FILES || bytes + 22 > MAX_BYTES {
        return Err(ZipError::TooLarge);
    }
    let mut zip = Vec::with_capacity(bytes + 22);
    let mut central = Vec::with_capacity(files.len() * 80);
    for (name, content) in files {
        if !is_name(name) {
            return Err(ZipError::Name);
        }
        let offset = number(zip.len())?;
        let shared = shared_header(name, content)?;
        zip.extend_from_slice(&LOCAL.to_le_bytes());
        zip.extend_from_slice(&shared);
        zip.extend_from_slice(name.as_bytes());
        zip.extend_from_slice(content);
        central.extend_from_slice(&CENTRAL.to_le_bytes());
        central.extend_from_slice(&VERSION.to_le_bytes());
        central.extend_from_slice(&shared);
        // no comment, first disk, no attributes
        central.extend_from_slice(&[0; 10]);
        central.extend_from_slice(&offset.to_le_bytes());
        central.extend_from_slice(name.as_bytes());
    }
    let count = u16::try_from(files.len()).map_err(|_| ZipError::TooLarge)?;
    let (length, offset) = (number(central.len())?, number(zip.len())?);
    zip.extend_from_slice(&central);
    zip.extend_from_slice(&END.to_le_bytes());
    zip.extend_from_slice(&[0; 4]);
    zip.extend_from_slice(&count.to_le_bytes());
    zip.extend_from_slice(&count.to_le_bytes());
    zip.extend_from_slice(&length.to_le_bytes());
    zip.extend_from_slice(&offset.to_le_bytes());
    zip.extend_from_slice(&[0; 2]);
    Ok(zip)
}

/// Reads files, and makes sure that they are all there is.
///
/// # Errors
/// [`ZipError`].
pub fn read(zip: &[u8]) -> Result<Files, ZipError> {
    if zip.len() > MAX_BYTES {
        return Err(ZipError::TooLarge);
    }
    let mut files = Files::new();
    let mut rest = zip;
    while rest.starts_with(&LOCAL.to_le_bytes()) {
        let (name, content, behind) = read_file(rest).ok_or(ZipError::Form)?;
        if files.len() == MAX_FILES {
            return Err(ZipError::TooLarge);
        }
        let name = std::str::from_utf8(name).ok().filter(|name| is_name(name)).ok_or(ZipError::Name)?;
        if files.last_key_value().is_some_and(|(last, _)| last.as_str() >= name) {
            return Err(ZipError::Form);
        }
        files.insert(name.to_owned(), content.to_vec());
        rest = behind;
    }
    // whatever else there could be, checksums and the directory at the end among it, is compared as a whole
    if write(&files)? == zip { Ok(files) } else { Err(ZipError::Form) }
}

/// Name, content and what follows of the file that `zip` begins with.
fn read_file(zip: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let length = u32::from_le_bytes(*zip.get(18..)?.first_chunk()?);
    let name = u16::from_le_bytes(*zip.get(26..)?.first_chunk()?);
    let (name, rest) = zip.get(30..)?.split_at_checked(usize::from(name))?;
    let (content, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((name, content, rest))
}

/// What local header and directory entry have in common: from the version needed to the length of the extra field.
fn shared_header(name: &str, content: &[u8]) -> Result<[u8; 26], ZipError> {
    let mut header = [0; 26];
    let length = number(content.len())?.to_le_bytes();
    header[0..2].copy_from_slice(&VERSION.to_le_bytes());
    header[8..10].copy_from_slice(&DATE.to_le_bytes());
    header[10..14].copy_from_slice(&crc32(content).to_le_bytes());
    header[14..18].copy_from_slice(&length);
    header[18..22].copy_from_slice(&length);
    let name = u16::try_from(name.len()).map_err(|_| ZipError::Name)?;
    header[22..24].copy_from_slice(&name.to_le_bytes());
    Ok(header)
}

/// Names of bundles: a folder at most, no dots at the beginning, nothing that means something to a shell.
fn is_name(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    name.len() <= MAX_NAME && name.split('/').count() <= 2 && name.split('/').all(plain)
}

fn number(length: usize) -> Result<u32, ZipError> {
    u32::try_from(length).map_err(|_| ZipError::TooLarge)
}

/// The checksum of zip files: CRC-32 with the polynomial of IEEE 802.3, reflected.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |crc: u32, byte: &u8| (crc >> 8) ^ TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)];
    !bytes.iter().fold(u32::MAX, step)
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0u32;
    while byte < 256 {
        let mut crc = byte;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte as usize] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn files() -> Files {
        [("a", &b"one"[..]), ("b/c.json", b""), ("b/d", b"PK\x03\x04")]
            .into_iter()
            .map(|(name, content)| (name.to_owned(), content.to_vec()))
            .collect()
    }

    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn files_come_back() {
        assert_eq!(read(&write(&files()).unwrap()).unwrap(), files());
        assert_eq!(read(&write(&Files::new()).unwrap()).unwrap(), Files::new());
    }

    #[test]
    fn any_changed_missing_or_further_byte_is_refused() {
        let zip = write(&files()).unwrap();
        for at in 0..zip.len() {
            for bit in 0..8 {
                let mut changed = zip.clone();
                changed[at] ^= 1 << bit;
                assert!(read(&changed).is_err(), "bit {bit} of byte {at}");
            }
            assert!(read(&zip[..at]).is_err());
        }
        read(&[&zip[..], b"x"].concat()).unwrap_err();
        read(&[b"x", &zip[..]].concat()).unwrap_err();
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in
            ["/etc/passwd", "../x", "a/../x", "a/b/c", ".hidden", "a//b", "", "a b", "a\\b", "a/", "C:x"]
        {
            let files = Files::from([(name.to_owned(), Vec::new())]);
            assert_eq!(write(&files), Err(ZipError::Name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn foreign_bytes_are_read_as_they_would_be_written_or_not_at_all(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut zip = LOCAL.to_le_bytes().to_vec();
            zip.extend(bytes);
            if let Ok(files) = read(&zip) {
                prop_assert_eq!(write(&files).unwrap(), zip);
            }
        }
    }
}
