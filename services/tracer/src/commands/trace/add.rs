//! Adds a trace: its row, a row per dataset, model and file to be fetched, and the counts that searches answer with, in one unit.
//!
//! Nothing can refuse a trace once it was acknowledged: everything that can be wrong with it was told before.

use std::collections::BTreeSet;

use async_trait::async_trait;
use strongroom_kernel::{
    Command, Json, Kernel, MAX_SAFE_INTEGER, Once, OnceKey, Snapshot, State, TextList, Unit, Uuid, Value,
    ports::RngExt as _,
};
use strongroom_model::{Caller, Error, ErrorKind, Timestamp};

use crate::{
    commands::ADD_TRACE,
    newcomers::Newcomers,
    queries,
    tables::{
        CallerTally, DatasetTally, FETCHING, Person, ResourceFetch, Trace, TraceDataset, TraceModel,
        UserTally, fold,
    },
    wire::{instant::whole_millis, post::Posted, trace::NamedTrace},
};

/// Greatest value of the counters.
const MOST: i64 = MAX_SAFE_INTEGER.cast_signed();
/// What [`AddTrace`] says when it met a person nobody has met before, and may not make it known.
pub(super) const NEWCOMER: &str = "a person is made known by another request";

/// A trace about to be added; all its ids are drawn.
#[derive(Debug, Clone)]
pub struct NewTrace {
    /// What was posted.
    pub posted: Posted,
    /// Name of who posted it; absent where nobody asks for names.
    pub caller_name: Option<String>,
    /// Its id.
    pub id: Uuid,
    /// Id of its entry in the cache.
    pub entry: Uuid,
    /// Ids for persons nobody has met before: who acted, who said so.
    pub persons: [Uuid; 2],
    /// When it was accepted.
    pub time: Timestamp,
}

impl NewTrace {
    /// What was posted, with ids and time from `kernel`.
    pub fn new(kernel: &Kernel, posted: Posted, caller_name: Option<String>) -> Self {
        let now = kernel.clock().now();
        let rng = kernel.rng();
        Self {
            posted,
            caller_name,
            // in order of time, so that the newest stand side by side in every index
            id: rng.id_at(now),
            entry: rng.id_at(now),
            persons: [rng.id(), rng.id()],
            time: whole_millis(now),
        }
    }
}

/// Adds a trace.
#[derive(Debug, Clone)]
pub struct AddTrace {
    /// Who asks.
    pub caller: Caller,
    /// The trace.
    pub trace: NewTrace,
    /// Whether it may make persons known; only one request per name may at a time.
    pub introduces: bool,
}

/// Adds `trace` for `caller`; once per `key`, if there is one. A repetition is told the id of the first.
///
/// # Errors
/// `Unavailable`, `StorageFull`, `TooLarge`.
pub async fn add(
    kernel: &Kernel,
    newcomers: &Newcomers,
    caller: Caller,
    trace: NewTrace,
    key: Option<&OnceKey>,
) -> Result<Once<NamedTrace>, Error> {
    let mut command = AddTrace { caller, trace, introduces: false };
    match run(kernel, &command, key).await {
        Err(error) if error.public() == NEWCOMER => {}
        outcome => return outcome,
    }
    let names = [Some(command.trace.posted.user_id.as_str()), command.trace.caller_name.as_deref()];
    let _guards = newcomers.admit(names.into_iter().flatten()).await;
    command.introduces = true;
    run(kernel, &command, key).await
}

async fn run(kernel: &Kernel, command: &AddTrace, key: Option<&OnceKey>) -> Result<Once<NamedTrace>, Error> {
    match key {
        // the id is enough to answer again, and always short enough to be kept
        Some(key) => kernel.run_once(key, command, |added| added.trace.id.to_string().into_bytes()).await,
        None => kernel.run(command).await.map(Once::Done),
    }
}

#[async_trait]
impl Command for AddTrace {
    type Reply = NamedTrace;

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, NamedTrace), Error> {
        let NewTrace { posted, caller_name, .. } = &self.trace;
        let mut unit = Unit::new(&self.caller, ADD_TRACE);
        unit.about("trace", self.trace.id);
        let user = self.person(&mut unit, snapshot, &posted.user_id, self.trace.persons[0]).await?;
        let caller = match caller_name {
            None => Uuid::nil(),
            Some(name) if *name == posted.user_id => user,
            Some(name) => self.person(&mut unit, snapshot, name, self.trace.persons[1]).await?,
        };
        // a name stands in the record that introduced it: by their ids, persons are found in every later one
        for person in BTreeSet::from([user, caller]).into_iter().filter(|person| !person.is_nil()) {
            unit.about("person", person);
        }
        let row = self.row(user, caller)?;
        unit.put(&row, State::Absent);
        let datasets = Self::link(&mut unit, &row);
        self.fetch(&mut unit);
        count_persons(&mut unit, snapshot, &row).await?;
        count_datasets(&mut unit, snapshot, &row, &datasets).await?;
        let named =
            NamedTrace { trace: row, user: Some(posted.user_id.clone()), caller: caller_name.clone() };
        Ok((unit, named))
    }

    fn unmet(&self, _label: &'static str) -> Error {
        // another process cannot write, and within this one names are introduced one at a time
        Error::new(ErrorKind::Unavailable, NEWCOMER).with_retry_after(std::time::Duration::from_secs(1))
    }
}

impl AddTrace {
    /// The person of that name, made known under the id `fresh` if nobody has met it before.
    async fn person(
        &self,
        unit: &mut Unit,
        snapshot: &Snapshot,
        name: &str,
        fresh: Uuid,
    ) -> Result<Uuid, Error> {
        if let Some(known) = queries::person_named(snapshot, name).await? {
            return Ok(known);
        }
        if !self.introduces {
            return Err(Error::new(ErrorKind::Conflict, NEWCOMER));
        }
        let person = Person { id: fresh, name: Some(name.to_owned()), folded: Some(fold(name)) };
        unit.put(&person, State::Absent);
        Ok(fresh)
    }

    fn row(&self, user_id: Uuid, caller_id: Uuid) -> Result<Trace, Error> {
        let NewTrace { posted, id, entry, time, .. } = self.trace.clone();
        let resources = posted.resources.as_ref().map(serde_json::to_string).transpose();
        let resources = resources.map_err(|error| {
            Error::new(ErrorKind::Internal, "internal error")
                .with_context("write resources")
                .with_source(error)
        })?;
        Ok(Trace {
            id,
            entry,
            time,
            user_id,
            caller_id,
            action: posted.action.name().to_owned(),
            dataset_id: posted.dataset_id,
            datasets_ids: TextList(posted.datasets_ids),
            previous_ids: TextList(posted.previous_ids),
            application_id: posted.application_id,
            model_id: posted.model_id,
            models_ids: TextList(posted.models_ids),
            tool_name: posted.tool_name,
            tool_version: posted.tool_version,
            details: posted.details,
            resources: resources.map(Json),
        })
    }

    /// Has the files fetched that are given by their address.
    fn fetch(&self, unit: &mut Unit) {
        for remote in &self.trace.posted.remote {
            let file = ResourceFetch {
                trace: self.trace.id,
                place: place(remote.place),
                url: Some(remote.url.clone()),
                state: FETCHING.to_owned(),
                tries: 0,
                due: self.trace.time,
                changed: self.trace.time,
                message: None,
                content_hash: None,
                content_hash_type: None,
                content_length: None,
                source_hash: None,
            };
            unit.put(&file, State::Absent);
        }
    }

    /// Puts the trace under each of its datasets and models; returns the folded datasets.
    fn link(unit: &mut Unit, row: &Trace) -> Vec<String> {
        let mut datasets: Vec<String> = Vec::new();
        for dataset in row.dataset_id.iter().chain(&row.datasets_ids.0) {
            let folded = fold(dataset);
            // the same dataset twice is one use of it
            if datasets.contains(&folded) {
                continue;
            }
            let link = TraceDataset {
                trace: row.id,
                place: place(datasets.len()),
                folded: folded.clone(),
                time: row.time,
                user_id: row.user_id,
                caller_id: row.caller_id,
                action: row.action.clone(),
            };
            unit.about("dataset", dataset);
            unit.put(&link, State::Absent);
            datasets.push(folded);
        }
        let mut models: Vec<String> = Vec::new();
        for model in row.model_id.iter().chain(&row.models_ids.0) {
            let folded = fold(model);
            if models.contains(&folded) {
                continue;
            }
            let link = TraceModel {
                trace: row.id,
                place: place(models.len()),
                model: model.clone(),
                folded: folded.clone(),
                time: row.time,
                user_id: row.user_id,
                action: row.action.clone(),
            };
            unit.about("model", model);
            unit.put(&link, State::Absent);
            models.push(folded);
        }
        datasets
    }
}

fn place(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

async fn count_persons(unit: &mut Unit, snapshot: &Snapshot, row: &Trace) -> Result<(), Error> {
    let (user_id, caller_id, action) = (row.user_id, row.caller_id, row.action.clone());
    let key = vec![Value::Id(caller_id), Value::Text(action.clone())];
    if snapshot.find::<CallerTally>(&key).await?.is_some() {
        unit.bump::<CallerTally>(key, "traces", 1, (0, MOST));
    } else {
        unit.put(&CallerTally { caller_id, action: action.clone(), traces: 1 }, State::Absent);
    }
    let key = vec![Value::Id(user_id), Value::Id(caller_id), Value::Text(action.clone())];
    if snapshot.find::<UserTally>(&key).await?.is_some() {
        unit.bump::<UserTally>(key, "traces", 1, (0, MOST));
    } else {
        unit.put(&UserTally { user_id, caller_id, action, traces: 1 }, State::Absent);
    }
    Ok(())
}

async fn count_datasets(
    unit: &mut Unit,
    snapshot: &Snapshot,
    row: &Trace,
    datasets: &[String],
) -> Result<(), Error> {
    let counted = queries::counted_datasets(snapshot, &row.action, datasets).await?;
    for folded in datasets {
        if counted.contains(folded) {
            let key = vec![Value::Text(folded.clone()), Value::Text(row.action.clone())];
            unit.bump::<DatasetTally>(key, "traces", 1, (0, MOST));
        } else {
            let first = DatasetTally { folded: folded.clone(), action: row.action.clone(), traces: 1 };
            unit.put(&first, State::Absent);
        }
    }
    Ok(())
}
