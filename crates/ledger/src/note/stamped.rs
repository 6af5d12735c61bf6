//! What a timestamped signature signs, and what stands in its bytes (`c2sp.org/tlog-cosignature`, Ed25519).

/// Largest time a cosignature may carry, in seconds: 2⁶³ - 1.
pub(super) const MAX_TIME: u64 = i64::MAX as u64;

/// What is signed: header line, time line, text.
pub(super) fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// The bytes after the key id: time, then Ed25519 signature.
pub(super) fn join(time: u64, signature: &[u8]) -> Vec<u8> {
    [time.to_be_bytes().as_slice(), signature].concat()
}

/// Parts what [`join`] made; `None` for what is too short, or a time above [`MAX_TIME`].
pub(super) fn split(signature: &[u8]) -> Option<(u64, &[u8])> {
    let (time, signature) = signature.split_first_chunk()?;
    let time = u64::from_be_bytes(*time);
    (time <= MAX_TIME).then_some((time, signature))
}
