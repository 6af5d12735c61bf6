//! Names of the files of a bundle.

pub(super) const README_NAME: &str = "README.md";
pub(super) const SUMS_NAME: &str = "SHA256SUMS";
pub(super) const MANIFEST_NAME: &str = "manifest.json";
pub(super) const CHECKPOINT_NAME: &str = "checkpoint";
pub(super) const REPORT_NAME: &str = "report.html";

pub(super) fn record_name(index: u64) -> String {
    format!("records/{index}.json")
}

pub(super) fn leaf_name(index: u64) -> String {
    format!("leaves/{index}.leaf")
}

pub(super) fn proof_name(index: u64) -> String {
    format!("proofs/{index}.tlog-proof")
}
