//! Takes a trace over from a chain of the original: the trace and where it came from, in one unit.

use async_trait::async_trait;
use strongroom_kernel::{Command, Kernel, Snapshot, State, Unit, Uuid, Value};
use strongroom_model::{Caller, DigestHasher, Error, ErrorKind};

use super::add::{AddTrace, NEWCOMER, NewTrace};
use crate::{
    commands::IMPORT_TRACE,
    newcomers::Newcomers,
    origin::Origin,
    queries,
    wire::{chained::Chained, instant::whole_millis, trace::NamedTrace},
};

/// What became of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// It was added.
    Added,
    /// The same trace is here from another chain; it has one more origin now.
    Known,
    /// It was taken over before.
    Before,
}

/// How often a trace is looked at again when another one came in between.
const TRIES: usize = 4;

/// Takes `chained` over; `origin.trace` is settled here. May be repeated.
///
/// # Errors
/// `Unavailable`, `StorageFull`, `TooLarge`; `Conflict` when others came first again and again.
pub async fn import(
    kernel: &Kernel,
    newcomers: &Newcomers,
    chained: Chained,
    origin: Origin,
) -> Result<Imported, Error> {
    for _ in 1..TRIES {
        match import_once(kernel, newcomers, chained.clone(), origin.clone()).await {
            // another entry with the same id, on its way at the same time
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            outcome => return outcome,
        }
    }
    import_once(kernel, newcomers, chained, origin).await
}

async fn import_once(
    kernel: &Kernel,
    newcomers: &Newcomers,
    chained: Chained,
    mut origin: Origin,
) -> Result<Imported, Error> {
    let snapshot = kernel.snapshot().await?;
    if snapshot.find::<Origin>(&key(&origin)).await?.is_some() {
        return Ok(Imported::Before);
    }
    let time = chained.time.or(origin.block_time).unwrap_or_else(|| kernel.clock().now());
    let mut trace = NewTrace::new(kernel, chained.posted, chained.caller);
    trace.time = whole_millis(time);
    trace.id = derived_id(&origin);
    if let Some(id) = chained.id {
        match queries::find_trace(&snapshot, id).await? {
            None => trace.id = id,
            Some(known) if is_that(&known, &trace) => {
                origin.trace = id;
                drop(snapshot);
                kernel.run(&Remember(origin)).await?;
                return Ok(Imported::Known);
            }
            // anybody can write anything under any id: it keeps its place and gets an id of its own
            Some(_) => {}
        }
    }
    drop(snapshot);
    origin.trace = trace.id;
    let names: Vec<String> =
        std::iter::once(trace.posted.user_id.clone()).chain(trace.caller_name.clone()).collect();
    let add = AddTrace { caller: Caller::system("import"), trace, introduces: false };
    let mut command = Import { add, origin };
    match kernel.run(&command).await {
        Err(error) if error.public() == NEWCOMER => {}
        outcome => return outcome.map(|_| Imported::Added),
    }
    let _guards = newcomers.admit(names.iter().map(String::as_str)).await;
    command.add.introduces = true;
    kernel.run(&command).await?;
    Ok(Imported::Added)
}

fn key(origin: &Origin) -> [Value; 3] {
    let Origin { chain, contract, position, .. } = origin;
    [Value::Text(chain.clone()), Value::Text(contract.clone()), Value::Int(*position)]
}

/// Always the same for the same place, so that an import that was broken off makes no second trace.
fn derived_id(origin: &Origin) -> Uuid {
    let mut hasher = DigestHasher::new();
    hasher.update(format!("{}\n{}\n{}", origin.chain, origin.contract, origin.position).as_bytes());
    let digest = hasher.finish();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn is_that(known: &NamedTrace, trace: &NewTrace) -> bool {
    let (row, posted) = (&known.trace, &trace.posted);
    row.action == posted.action.name()
        && row.time == trace.time
        && known.user.as_deref() == Some(&posted.user_id)
        && row.dataset_id == posted.dataset_id
        && row.datasets_ids.0 == posted.datasets_ids
}

/// Adds a trace with its origin.
struct Import {
    add: AddTrace,
    origin: Origin,
}

#[async_trait]
impl Command for Import {
    type Reply = ();

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, ()), Error> {
        let (mut unit, _) = self.add.decide(snapshot).await?;
        unit.put(&self.origin, State::Absent);
        Ok((unit, ()))
    }

    fn unmet(&self, label: &'static str) -> Error {
        self.add.unmet(label)
    }
}

/// Notes one more origin of a trace that is here.
struct Remember(Origin);

#[async_trait]
impl Command for Remember {
    type Reply = ();

    async fn decide(&self, _: &Snapshot) -> Result<(Unit, ()), Error> {
        let mut unit = Unit::new(&Caller::system("import"), IMPORT_TRACE);
        unit.about("trace", self.0.trace);
        unit.put(&self.0, State::Absent);
        Ok((unit, ()))
    }
}
