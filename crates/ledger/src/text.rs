//! Strict reading of numbers and base64 as the C2SP texts spell them: one spelling per value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Reads an ASCII decimal without sign or leading zeros; `None` for anything else or above `u64`.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text.len() == 1 || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// Writes standard base64 with padding (RFC 4648 §4).
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads what [`encode_base64`] writes, and no other spelling of it.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Whether a line may stand in a signed note: not empty, no control characters.
pub(crate) fn is_note_line(line: &str) -> bool {
    !line.is_empty() && !line.chars().any(|c| c < ' ')
}
