//! The files of a bundle: what evidence looks like, byte for byte.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use strongroom_ledger::{Checkpoint, Note};
use strongroom_model::Digest;

use crate::{life::About, record_file::RecordFile};

use super::{
    VERSION,
    error::BundleError,
    gather::{Evidence, StampedCheckpoint},
    names::{
        CHECKPOINT_NAME, MANIFEST_NAME, README_NAME, REPORT_NAME, SUMS_NAME, leaf_name, proof_name,
        record_name,
    },
    report,
    zip::{self, Files},
};

/// What is written on the outside.
pub(super) const README: &str = include_str!("README.v1.md");

/// `manifest.json`: what is in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// `strongroom-bundle`.
    pub(super) format: String,
    /// Version of the form.
    pub(super) v: u64,
    /// Whose life.
    pub(super) about: About,
    /// Name of the ledger, and of the key under which its checkpoints verify.
    pub(super) origin: String,
    /// Leaves of the checkpoint.
    pub(super) size: u64,
    /// Its root, base64.
    pub(super) root: String,
    /// The leaves that tell of it.
    pub(super) leaves: Vec<u64>,
    /// Names of attested checkpoints, without folder and ending.
    pub(super) anchors: Vec<String>,
}

/// `anchors/<name>.json`: an attested checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnchorFile {
    /// Leaves it covers.
    pub(super) size: u64,
    /// Its root, base64.
    pub(super) root: String,
    /// Who attested.
    pub(super) provider: String,
    /// What he gave.
    pub(super) link: String,
    /// Hashes from its root to the bundle's, base64.
    pub(super) consistency: Vec<String>,
}

impl Manifest {
    /// The word for the form.
    pub(super) const FORMAT: &str = "strongroom-bundle";
}

/// The zip file of evidence.
///
/// # Errors
/// [`BundleError::Zip`] when it would be too large; [`BundleError::File`] when a record is not text.
pub fn write(evidence: &Evidence) -> Result<Vec<u8>, BundleError> {
    Ok(zip::write(&files(evidence)?)?)
}

/// The files of evidence.
pub(super) fn files(evidence: &Evidence) -> Result<Files, BundleError> {
    let note = Note::parse(evidence.checkpoint.as_bytes())
        .map_err(|error| BundleError::file(CHECKPOINT_NAME, &error))?;
    let checkpoint: Checkpoint = note.text().parse()?;
    let mut files = Files::new();
    let mut anchors = Vec::with_capacity(evidence.stamped.len());
    for (stamped, place) in evidence.stamped.iter().zip(1..) {
        let name = format!("{}-{place}", stamped.size);
        put_stamped(&mut files, &name, stamped, checkpoint.origin())?;
        anchors.push(name);
    }
    for (record, proof) in evidence.records.iter().zip(&evidence.proofs) {
        let index = record.index;
        let name = record_name(index);
        let file = RecordFile::of(record).map_err(|error| BundleError::file(&name, &error))?;
        files.insert(name, json(&file)?);
        files.insert(leaf_name(index), record.leaf.clone());
        files.insert(proof_name(index), proof.to_string().into_bytes());
    }
    let manifest = Manifest {
        format: Manifest::FORMAT.to_owned(),
        v: VERSION,
        about: evidence.about.clone(),
        origin: checkpoint.origin().to_owned(),
        size: checkpoint.size(),
        root: checkpoint.root().to_base64(),
        leaves: evidence.records.iter().map(|record| record.index).collect(),
        anchors,
    };
    files.insert(MANIFEST_NAME.to_owned(), json(&manifest)?);
    files.insert(CHECKPOINT_NAME.to_owned(), evidence.checkpoint.clone().into_bytes());
    files.insert(REPORT_NAME.to_owned(), report::render(evidence, &checkpoint)?.into_bytes());
    files.insert(README_NAME.to_owned(), README.as_bytes().to_vec());
    let sums = sums(&files);
    files.insert(SUMS_NAME.to_owned(), sums.into_bytes());
    Ok(files)
}

fn put_stamped(
    files: &mut Files,
    name: &str,
    stamped: &StampedCheckpoint,
    origin: &str,
) -> Result<(), BundleError> {
    let file = AnchorFile {
        size: stamped.size,
        root: stamped.root.to_base64(),
        provider: stamped.provider.clone(),
        link: stamped.link.clone(),
        consistency: stamped.consistency.iter().map(|hash| hash.to_base64()).collect(),
    };
    files.insert(format!("anchors/{name}.json"), json(&file)?);
    files.insert(format!("anchors/{name}.txt"), stamped.text(origin)?.into_bytes());
    if let Some(token) = stamped.token() {
        files.insert(format!("anchors/{name}.tst"), token);
    }
    Ok(())
}

impl StampedCheckpoint {
    /// The text that was attested: the unsigned checkpoint.
    ///
    /// # Errors
    /// [`BundleError::Checkpoint`] when it cannot be one.
    pub fn text(&self, origin: &str) -> Result<String, BundleError> {
        Ok(Checkpoint::new(origin, self.size, self.root)?.to_string())
    }

    /// The time-stamp token (RFC 3161, DER), if that is what the outsider gave.
    pub fn token(&self) -> Option<Vec<u8>> {
        BASE64_STANDARD.decode(&self.link).ok().filter(|token| token.first() == Some(&0x30))
    }
}

/// As `sha256sum` writes it, of all files but itself.
pub(super) fn sums(files: &Files) -> String {
    files.iter().filter(|(name, _)| *name != SUMS_NAME).fold(String::new(), |mut sums, (name, content)| {
        let _ = writeln!(sums, "{}  {name}", Digest::of(content));
        sums
    })
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, BundleError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| BundleError::file("a file", &error))?;
    text.push(b'\n');
    Ok(text)
}
