//! Keys that sign transactions on chains: 32 random bytes in hexadecimal, made at the first start.

use std::path::Path;

use anyhow::{Context as _, Result};
use strongroom_durable::{self as durable, Access};
use strongroom_kernel::ports::{Rng, RngExt as _};

use super::private;

/// The key in the file at `path`; drawn and written durably when there is none.
///
/// # Errors
/// When the file is open to others, is no key, or cannot be written.
pub(crate) fn chain_key(path: &Path, rng: &dyn Rng) -> Result<[u8; 32]> {
    if let Some(text) = private::read(path)? {
        return parse(&text)
            .with_context(|| format!("{} is not a key of 64 hexadecimal digits", path.display()));
    }
    let key: [u8; 32] = rng.bytes();
    let text = key.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    durable::create(path, format!("{text}\n").as_bytes(), Access::Private)
        .with_context(|| format!("make key {}", path.display()))?;
    Ok(key)
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use strongroom_kernel::ports::SystemRng;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_to_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chain.key");
        let made = chain_key(&path, &SystemRng).unwrap();
        assert_eq!(chain_key(&path, &SystemRng).unwrap(), made);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        chain_key(&path, &SystemRng).unwrap_err();
    }

    #[test]
    fn only_64_digits_are_a_key() {
        let digits = "0f".repeat(32);
        for text in [digits.clone(), format!("0x{digits}\n"), digits.to_uppercase()] {
            assert_eq!(parse(&text), Some([15; 32]), "{text}");
        }
        for text in ["", "0f", &digits[1..], &format!("{digits}0f"), &digits.replace('f', "+")] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
