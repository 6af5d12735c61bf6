//! Saves the raw files of a job: at most one file per set of labels, all of a request in one unit.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use strongroom_kernel::{
    Command, Kernel, MAX_SAFE_INTEGER, Once, OnceKey, Snapshot, State, TextList, Unit, Uploaded, Uuid, Value,
    ports::AnchorProof,
};
use strongroom_model::{Caller, Digest, Error, ErrorKind, Timestamp};

use crate::{
    commands::SAVE_RAW,
    queries,
    tables::{BoefjeMeta, Organization, PendingProof, RawFile},
    wire::event::{RAW_FILE_RECEIVED, raw_file_received},
};

/// How often a save begins anew because another request of the same job came first.
const ATTEMPTS: usize = 5;
/// What [`SaveRaw::unmet`] says when that happened.
const RACED: &str = "the same labels were saved for this job just now";
/// Greatest value of the counters.
const MOST: i64 = MAX_SAFE_INTEGER.cast_signed();

/// Saves `files` for one job, except those whose labels it holds a file for already.
#[derive(Debug)]
pub struct SaveRaw {
    /// Who asks.
    pub caller: Caller,
    /// The job.
    pub boefje_meta: BoefjeMeta,
    /// The files in the order of the request.
    pub files: Vec<NewFile>,
    /// When they were received.
    pub received_at: Timestamp,
}

/// A file of a request.
#[derive(Debug)]
pub struct NewFile {
    /// Its name in the request; not stored.
    pub name: String,
    /// Its distinct labels.
    pub tags: Vec<String>,
    /// Its content and proof; `None` when the job held a file with these labels before the content was stored.
    pub body: Option<NewBody>,
}

/// What a new file consists of.
#[derive(Debug)]
pub struct NewBody {
    /// Its id.
    pub id: Uuid,
    /// Its content.
    pub content: Uploaded,
    /// Hash that binds content to the job's end.
    pub secure_hash: String,
    /// Proof of the hash, if it was made in time.
    pub proof: Option<AnchorProof>,
}

/// Names of the request and the ids that now stand for them, in order.
pub type Saved = Vec<(String, Uuid)>;

/// What became of a save.
pub type Outcome = Result<Once<Saved>, Error>;

/// Runs `command`, again when another request for the same job came between; once per `key`, if there is one.
///
/// # Errors
/// As [`Command::decide`] of [`SaveRaw`] says; `Unavailable`, `StorageFull`.
pub async fn save(
    kernel: &Kernel,
    command: &SaveRaw,
    key: Option<&OnceKey>,
    render: impl Fn(&Saved) -> Vec<u8> + Send + Sync,
) -> Outcome {
    let mut attempts = 1;
    loop {
        let outcome = match key {
            Some(key) => kernel.run_once(key, command, &render).await,
            None => kernel.run(command).await.map(Once::Done),
        };
        match outcome {
            Err(error) if error.public() == RACED && attempts < ATTEMPTS => attempts += 1,
            outcome => return outcome,
        }
    }
}

/// The digest of a set of labels, whatever their order.
pub fn tag_set(tags: &[String]) -> Digest {
    let mut sorted: Vec<&str> = tags.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    let members: Vec<String> = sorted.into_iter().map(TextList::needle).collect();
    Digest::of(members.concat().as_bytes())
}

#[async_trait]
impl Command for SaveRaw {
    type Reply = Saved;

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, Saved), Error> {
        let mut known: HashMap<Digest, Uuid> =
            queries::tag_sets_of(snapshot, self.boefje_meta.id).await?.into_iter().collect();
        let held: HashSet<Digest> = known.keys().copied().collect();
        let mut unit = Unit::new(&self.caller, SAVE_RAW);
        unit.about("boefje_meta", self.boefje_meta.id);
        unit.about("organization", &self.boefje_meta.organization);
        unit.require::<BoefjeMeta>(
            vec![Value::Id(self.boefje_meta.id)],
            State::Present.or("boefje_meta_unknown"),
        );
        let mut saved = Saved::with_capacity(self.files.len());
        let (mut count, mut bytes) = (0, 0);
        for file in &self.files {
            let tags = tag_set(&file.tags);
            let id = match known.get(&tags) {
                // The job holds a file with these labels: the old content wins, as in the original.
                Some(id) if held.contains(&tags) => *id,
                Some(_) => return Err(not_unique()),
                None => {
                    let Some(body) = &file.body else { return Err(raced()) };
                    self.add(&mut unit, file, body, tags)?;
                    count += 1;
                    bytes += size_of_content(&body.content)?;
                    known.insert(tags, body.id);
                    body.id
                }
            };
            saved.push((file.name.clone(), id));
        }
        if count > 0 {
            self.count(&mut unit, snapshot, count, bytes).await?;
        }
        Ok((unit, saved))
    }

    fn unmet(&self, label: &'static str) -> Error {
        if label == "same_tags" { raced() } else { boefje_meta_not_found() }
    }
}

impl SaveRaw {
    fn add(&self, unit: &mut Unit, file: &NewFile, body: &NewBody, tag_set: Digest) -> Result<(), Error> {
        let NewBody { id, content, secure_hash, proof } = body;
        unit.about("raw_file", id);
        unit.attach(content);
        let row = RawFile {
            id: *id,
            boefje_meta: self.boefje_meta.id,
            domain: content.domain.clone(),
            content: content.digest,
            size: size_of_content(content)?,
            mime_types: TextList(file.tags.clone()),
            tag_set,
            secure_hash: Some(secure_hash.clone()),
            proof_provider: proof.as_ref().and_then(|proof| proof.provider.clone()),
            proof_link: proof.as_ref().map(|proof| proof.link.clone()),
        };
        unit.put(&row, State::Absent);
        if proof.is_none() {
            unit.put(&PendingProof { raw_file: *id, since: self.received_at }, State::Absent);
        }
        let event = raw_file_received(self.received_at, id, &self.boefje_meta.clone().into(), &file.tags);
        unit.emit(RAW_FILE_RECEIVED, &self.boefje_meta.organization, event);
        Ok(())
    }

    /// Counts the files under their organisation; another request that saw it first makes this one look again.
    async fn count(&self, unit: &mut Unit, snapshot: &Snapshot, count: i64, bytes: i64) -> Result<(), Error> {
        let key = vec![Value::Text(self.boefje_meta.organization.clone())];
        if snapshot.find::<Organization>(&key).await?.is_some() {
            unit.bump::<Organization>(key.clone(), "raw_files", count, (0, MOST));
            unit.bump::<Organization>(key, "bytes", bytes, (0, MOST));
        } else {
            let id = self.boefje_meta.organization.clone();
            unit.put(&Organization { id, raw_files: count, bytes }, State::Absent);
        }
        Ok(())
    }
}

fn size_of_content(content: &Uploaded) -> Result<i64, Error> {
    i64::try_from(content.size)
        .ok()
        .filter(|size| *size <= MOST)
        .ok_or_else(|| Error::new(ErrorKind::TooLarge, "the file is too large"))
}

/// The answer when the job is unknown.
pub fn boefje_meta_not_found() -> Error {
    Error::new(ErrorKind::NotFound, "Boefje meta not found")
}

fn not_unique() -> Error {
    Error::new(ErrorKind::Invalid, "Content types do not define unique sets of mime types.")
}

fn raced() -> Error {
    Error::new(ErrorKind::Conflict, RACED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(tags: &[&str]) -> Digest {
        tag_set(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn sets_of_labels_are_equal_whatever_their_order_and_never_by_joining() {
        assert_eq!(set(&["a", "b"]), set(&["b", "a"]));
        assert_ne!(set(&["a", "b"]), set(&["a\",\"b"]));
        assert_ne!(set(&["ab"]), set(&["a", "b"]));
        assert_ne!(set(&[]), set(&[""]));
    }
}
