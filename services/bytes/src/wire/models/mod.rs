//! The objects of the service as they travel: read from JSON with every problem noted, written in the original's key
//! order.
//!
//! The upload body is not here: it is read as a stream, by [`super::upload`].

mod boefje_meta;
mod normalizer_meta;
mod raw_meta;

pub use boefje_meta::BoefjeMeta;
pub use normalizer_meta::{NewNormalizerMeta, NormalizerMeta};
pub use raw_meta::RawMeta;
pub(in crate::wire) use raw_meta::push_raw_meta;

use strongroom_model::Timestamp;

use super::{json, scalar};

/// Characters of `boefje.id`, `normalizer.id` and `runnable_hash`.
pub const ID_CHARACTERS: usize = 64;
/// Characters of a `version`.
pub const VERSION_CHARACTERS: usize = 16;
/// Characters of `input_ooi`.
pub const INPUT_CHARACTERS: usize = 1024;
/// Characters of `organization`.
pub const ORGANIZATION_CHARACTERS: usize = 32;

/// Appends a JSON list of `items`, each written by `push`.
pub fn push_list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(']');
}

/// Appends a JSON string or null.
fn push_optional(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => json::push_text(out, text),
        None => out.push_str("null"),
    }
}

/// Appends a JSON instant or null.
fn push_optional_instant(out: &mut String, instant: Option<Timestamp>) {
    match instant {
        Some(instant) => {
            out.push('"');
            scalar::push_instant(out, instant);
            out.push('"');
        }
        None => out.push_str("null"),
    }
}
