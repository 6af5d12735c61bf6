//! From received files to a saved unit: which are new, their ids, their proofs.

use strongroom_kernel::{Kernel, OnceKey, Uuid, Value, ports::RngExt as _};
use strongroom_model::{Caller, Digest, Error, ErrorKind, Timestamp};

use super::{
    receive::ReceivedFile,
    save::{self, NewBody, NewFile, Outcome, SaveRaw, Saved, tag_set},
};
use crate::{
    commands::proof,
    queries,
    state::BytesState,
    tables::{BoefjeMeta, domain},
};

/// The job of an upload as it was before the first byte was read: its end enters the hash of its files.
#[derive(Debug, Clone)]
pub struct Job {
    boefje_meta: BoefjeMeta,
    /// Sets of labels it holds files for; contents with these need not be stored.
    held: Vec<Digest>,
}

impl Job {
    /// Its id.
    pub fn id(&self) -> Uuid {
        self.boefje_meta.id
    }
}

/// The job `id`, if there is one.
///
/// # Errors
/// `Unavailable`.
pub async fn find_job(kernel: &Kernel, id: Uuid) -> Result<Option<Job>, Error> {
    let snapshot = kernel.snapshot().await?;
    let Some(boefje_meta) = snapshot.find(&[Value::Id(id)]).await? else { return Ok(None) };
    let held = queries::tag_sets_of(&snapshot, id).await?;
    Ok(Some(Job { boefje_meta, held: held.into_iter().map(|(tag_set, _)| tag_set).collect() }))
}

/// Saves the files of an upload that was read to its end.
///
/// Contents are durable before the unit that refers to them; a proof that is not made within its budget is left to
/// [`proof::make_pending`], and so never blocks or loses a file.
///
/// # Errors
/// `Invalid` when two files of the request have the same labels; as [`save::save`].
pub async fn upload(
    state: &BytesState,
    caller: Caller,
    job: Job,
    files: Vec<ReceivedFile>,
    key: Option<&OnceKey>,
    render: impl Fn(&Saved) -> Vec<u8> + Send + Sync,
) -> Outcome {
    let Job { boefje_meta, held } = job;
    let received_at = state.kernel().clock().now();
    let ended_at = boefje_meta
        .ended_at
        .ok_or_else(|| Error::new(ErrorKind::Invalid, "the job has no end its files could be bound to"))?;
    let files = new_files(state, &boefje_meta, &held, files, received_at, ended_at).await?;
    let command = SaveRaw { caller, boefje_meta, files, received_at };
    let pending =
        command.files.iter().any(|file| file.body.as_ref().is_some_and(|body| body.proof.is_none()));
    let outcome = save::save(state.kernel(), &command, key, render).await;
    if pending && outcome.is_ok() {
        state.pending_proofs().notify_one();
    }
    outcome
}

/// Drops the contents of files whose labels the job holds already, finishes and proves the others.
async fn new_files(
    state: &BytesState,
    boefje_meta: &BoefjeMeta,
    held: &[Digest],
    files: Vec<ReceivedFile>,
    received_at: Timestamp,
    ended_at: Timestamp,
) -> Result<Vec<NewFile>, Error> {
    let domain = domain(&boefje_meta.organization);
    let mut new = Vec::with_capacity(files.len());
    for mut file in files {
        let (name, tags) = (std::mem::take(&mut file.name), std::mem::take(&mut file.tags));
        let set = tag_set(&tags);
        let body = if held.contains(&set) {
            None
        } else {
            let received = file.finish(&domain, ended_at).await?;
            let id = state.kernel().rng().id_at(received_at);
            let (content, secure_hash) = (received.content, received.secure_hash);
            Some(NewBody { id, content, secure_hash, proof: None })
        };
        new.push(NewFile { name, tags, body });
    }
    proof::make_in_time(state, new.iter_mut().filter_map(|file| file.body.as_mut())).await;
    Ok(new)
}
