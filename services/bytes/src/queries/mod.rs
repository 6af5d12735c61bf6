//! What is asked of the tables: one statement per question, in the order of insertion unless said otherwise.

mod boefje_meta;
mod label_sets;
mod metrics;
mod normalizer_meta;
mod raw;
mod raw_filter;
mod sql;

pub use boefje_meta::{BoefjeMetaFilter, InputFilter, list_boefje_metas};
pub use metrics::{count_mime_types, organizations};
pub use normalizer_meta::{NormalizerMetaFilter, find_normalizer_meta, list_normalizer_metas};
pub use raw::{Listed, Waiting, find_raw, list_raws, order_of_raw, pending_proofs, tag_sets_of};
pub use raw_filter::RawFilter;
pub(crate) use sql::undecodable;
