//! A bundle verified, offline, with nothing but the ledger's public key.

use strongroom_kernel::{
    ports::StoredRecord,
    verify::{Progress, Silent},
};
use strongroom_ledger::{
    Checkpoint, Hash, Note, TlogProof, Verifier, leaf_hash, verify_consistency, verify_inclusion,
};

use crate::{
    life::{About, Seen},
    record_file::RecordFile,
};

use super::{
    MAX_LEAVES, VERSION,
    error::BundleError,
    files::{AnchorFile, Manifest, README, files, sums},
    gather::{Evidence, StampedCheckpoint},
    names::{CHECKPOINT_NAME, MANIFEST_NAME, README_NAME, SUMS_NAME, leaf_name, proof_name, record_name},
    zip::{self, Files},
};

/// What a bundle proves.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Whose life.
    pub about: About,
    /// The checkpoint that was verified.
    pub checkpoint: Checkpoint,
    /// The leaves, in words.
    pub leaves: Vec<Seen>,
    /// Attested checkpoints: proven to be continued by the bundle's, their attestations not yet checked.
    pub stamped: Vec<StampedCheckpoint>,
}

/// Verifies a bundle under `key`, whose name is the ledger's.
///
/// Every record opens its leaf and names what the bundle is
/// about, every leaf is in the tree of the signed checkpoint, every attested checkpoint is continued by it, and no
/// byte of the file is anything but what follows from that.
///
/// # Errors
/// [`BundleError`], naming the first file that does not hold.
pub fn check(bundle: &[u8], key: &Verifier) -> Result<Checked, BundleError> {
    check_aloud(bundle, key, &Silent)
}

/// The same as [`check`], telling `progress` of each leaf and each attested checkpoint.
///
/// # Errors
/// As [`check`].
pub fn check_aloud(bundle: &[u8], key: &Verifier, progress: &dyn Progress) -> Result<Checked, BundleError> {
    let read = zip::read(bundle)?;
    if read.get(README_NAME).map(Vec::as_slice) != Some(README.as_bytes()) {
        version(&read)?;
        return Err(BundleError::file(README_NAME, "it is not that of this version"));
    }
    let manifest = version(&read)?;
    if file(&read, SUMS_NAME)? != sums(&read).as_bytes() {
        return Err(BundleError::file(SUMS_NAME, "it is not what the other files add up to"));
    }
    let signed = text(&read, CHECKPOINT_NAME)?;
    let (checkpoint, note) =
        Checkpoint::open(signed.as_bytes(), key.name().as_str(), std::slice::from_ref(key))?;
    let root = checkpoint.root().to_base64();
    if (&*manifest.origin, manifest.size, &manifest.root) != (checkpoint.origin(), checkpoint.size(), &root) {
        return Err(BundleError::file(MANIFEST_NAME, "it speaks of another checkpoint"));
    }
    let evidence = Evidence {
        about: manifest.about.clone(),
        checkpoint: signed.to_owned(),
        records: records(&read, &manifest)?,
        proofs: proofs(&read, &manifest, &note)?,
        stamped: stamped(&read, &manifest)?,
    };
    progress.begin("proofs checked", (evidence.records.len() + evidence.stamped.len()) as u64);
    let mut leaves = Vec::with_capacity(evidence.records.len());
    for (record, proof) in evidence.records.iter().zip(&evidence.proofs) {
        leaves.push(check_leaf(record, proof, &checkpoint, &manifest.about)?);
        progress.advance(1);
    }
    for (stamped, name) in evidence.stamped.iter().zip(&manifest.anchors) {
        let (old, new) = (stamped.size, checkpoint.size());
        verify_consistency(old, new, stamped.root, checkpoint.root(), &stamped.consistency)
            .map_err(|error| BundleError::file(format!("anchors/{name}.json"), &error))?;
        progress.advance(1);
    }
    compare(&read, &files(&evidence)?)?;
    Ok(Checked { about: manifest.about, checkpoint, leaves, stamped: evidence.stamped })
}

fn check_leaf(
    record: &StoredRecord,
    proof: &TlogProof,
    checkpoint: &Checkpoint,
    about: &About,
) -> Result<Seen, BundleError> {
    let name = record_name(record.index);
    RecordFile::of(record)
        .and_then(|file| file.committed_leaf())
        .map_err(|error| BundleError::file(&name, &error))?;
    // reading it holds the openings against their commitments
    let seen = Seen::of(record).map_err(|error| BundleError::file(&name, &error))?;
    if !about.is_named_by(record).map_err(|error| BundleError::file(&name, &error))? {
        return Err(BundleError::file(&name, &format!("it does not tell of {} {}", about.kind, about.name)));
    }
    let (hash, size, root) = (leaf_hash(&record.leaf), checkpoint.size(), checkpoint.root());
    verify_inclusion(hash, record.index, size, root, proof.hashes())
        .map_err(|error| BundleError::file(proof_name(record.index), &error))?;
    Ok(seen)
}

/// The manifest, if it is of a version that is known.
fn version(read: &Files) -> Result<Manifest, BundleError> {
    let text = file(read, MANIFEST_NAME)?;
    let broken = |what: &dyn std::fmt::Display| BundleError::file(MANIFEST_NAME, what);
    let json: serde_json::Value = serde_json::from_slice(text).map_err(|error| broken(&error))?;
    match json["v"].as_u64() {
        Some(VERSION) => {}
        Some(other) => return Err(BundleError::Version(other)),
        None => return Err(broken(&"it has no version")),
    }
    let manifest: Manifest = serde_json::from_value(json).map_err(|error| broken(&error))?;
    if manifest.format != Manifest::FORMAT {
        return Err(broken(&"it is not that of a bundle"));
    }
    if About::new(manifest.about.term_kind(), &manifest.about.name).as_ref() != Ok(&manifest.about) {
        return Err(broken(&"it is about nothing that can be"));
    }
    if manifest.leaves.is_empty() {
        return Err(BundleError::Empty);
    }
    if manifest.leaves.len() > MAX_LEAVES || !manifest.leaves.is_sorted_by(|before, after| before < after) {
        return Err(broken(&"its leaves are not in order, or too many"));
    }
    Ok(manifest)
}

fn records(read: &Files, manifest: &Manifest) -> Result<Vec<StoredRecord>, BundleError> {
    let record = |index: &u64| {
        let name = record_name(*index);
        let broken = |what: &dyn std::fmt::Display| BundleError::file(&name, what);
        let shown: RecordFile = serde_json::from_slice(file(read, &name)?).map_err(|error| broken(&error))?;
        let stored = shown.stored().map_err(|error| broken(&error))?;
        if stored.index != *index {
            return Err(broken(&"it is that of another leaf"));
        }
        if file(read, &leaf_name(*index))? != stored.leaf {
            return Err(BundleError::file(leaf_name(*index), "it is not the leaf of the record"));
        }
        Ok(stored)
    };
    manifest.leaves.iter().map(record).collect()
}

fn proofs(read: &Files, manifest: &Manifest, note: &Note) -> Result<Vec<TlogProof>, BundleError> {
    let proof = |index: &u64| {
        let name = proof_name(*index);
        let proof =
            text(read, &name)?.parse::<TlogProof>().map_err(|error| BundleError::file(&name, &error))?;
        if proof.index() != *index || proof.checkpoint() != note {
            return Err(BundleError::file(&name, "it is about another leaf or another checkpoint"));
        }
        Ok(proof)
    };
    manifest.leaves.iter().map(proof).collect()
}

fn stamped(read: &Files, manifest: &Manifest) -> Result<Vec<StampedCheckpoint>, BundleError> {
    let stamped = |name: &String| {
        let name = format!("anchors/{name}.json");
        let broken = |what: &dyn std::fmt::Display| BundleError::file(&name, what);
        let shown: AnchorFile = serde_json::from_slice(file(read, &name)?).map_err(|error| broken(&error))?;
        let hash = |text: &String| Hash::from_base64(text).map_err(|error| broken(&error));
        Ok(StampedCheckpoint {
            size: shown.size,
            root: hash(&shown.root)?,
            provider: shown.provider.clone(),
            link: shown.link.clone(),
            consistency: shown.consistency.iter().map(hash).collect::<Result<_, _>>()?,
        })
    };
    manifest.anchors.iter().map(stamped).collect()
}

/// The files read must be those that the evidence makes. The sums come last: they differ with any other file, whose
/// name says more.
fn compare(read: &Files, made: &Files) -> Result<(), BundleError> {
    if let Some(foreign) = read.keys().find(|name| !made.contains_key(*name)) {
        return Err(BundleError::Foreign(foreign.clone()));
    }
    if let Some(missing) = made.keys().find(|name| !read.contains_key(*name)) {
        return Err(BundleError::Missing(missing.clone()));
    }
    let differs = |name: &&String| read.get(*name) != made.get(*name);
    let of_others = made.keys().filter(|name| *name != SUMS_NAME).find(differs);
    match of_others.or_else(|| made.keys().find(differs)) {
        Some(name) => Err(BundleError::file(name, "it is not what the records say")),
        None => Ok(()),
    }
}

fn file<'f>(files: &'f Files, name: &str) -> Result<&'f [u8], BundleError> {
    files.get(name).map(Vec::as_slice).ok_or_else(|| BundleError::Missing(name.to_owned()))
}

fn text<'f>(files: &'f Files, name: &str) -> Result<&'f str, BundleError> {
    std::str::from_utf8(file(files, name)?).map_err(|error| BundleError::file(name, &error))
}
