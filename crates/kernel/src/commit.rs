//! How units become durable: many at once, each whole or not at all.
//!
//! Order, and what a crash leaves at each step: content synced (unreferenced, cut off or swept) → batch
//! committed (everything; clients retry) → acknowledged → announced (sent again on start) → tiles and
//! checkpoint (made again on start).

use std::{sync::Arc, time::Duration};

use strongroom_model::{Digest, Error, ErrorKind, Timestamp};
use tokio::sync::watch;

use crate::{
    command::{Command, Done},
    error::from_port,
    kernel::{Inner, Kernel},
    ledger::Receipt,
    ports::{Batch, IdempotentReply, Prepared, Stamp, UnitOutcome},
    queue::Taken,
    record::seal,
    state,
    unit::{MAX_BYTES, MAX_ROWS, MAX_SMALL_CONTENT, Operation, Unit},
};

/// How often a command runs again when its snapshot was stale.
const ATTEMPTS: usize = 5;
/// How often records without an index are looked for, where the commit does not give it.
const SEQUENCE_RHYTHM: Duration = Duration::from_millis(50);
/// How long an idempotent reply is kept, and how large it may be.
const REPLY_KEPT: Duration = Duration::from_hours(24);
const MAX_REPLY: usize = 16 << 10;

/// Marks a request so that its repetition is answered, not carried out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceKey {
    /// Caller and route.
    pub scope: String,
    /// The key the caller chose; at most 255 characters.
    pub key: String,
    /// Digest of the request.
    pub request: Digest,
}

/// What became of a request under a [`OnceKey`].
#[derive(Debug, Clone)]
pub enum Once<R> {
    /// Carried out now.
    Done(Done<R>),
    /// Carried out before; the reply as it was rendered then.
    Repeated(Vec<u8>),
}

enum Attempt<R> {
    Done(Done<R>),
    Repeated,
}

impl Kernel {
    /// Carries out a command: when this returns, it is durable, in the ledger, and announced or about to be.
    ///
    /// # Errors
    /// What [`Command::decide`] refused; what [`Command::unmet`] makes of an expectation that did not hold;
    /// `Unavailable` under overload or when the database does not commit, `StorageFull` on a full disk.
    pub async fn run<C: Command>(&self, command: &C) -> Result<Done<C::Reply>, Error> {
        match self.attempt(command, &|_| None).await? {
            Attempt::Done(done) => Ok(done),
            Attempt::Repeated => Err(Error::new(ErrorKind::Internal, "internal error")
                .with_context("a unit without an idempotency key was answered as repeated")),
        }
    }

    /// Carries out several commands of one request, side by side in as few batches as they fit; one result
    /// each, in order. What one refuses does not undo the others.
    pub async fn run_all<C: Command>(&self, commands: &[C]) -> Vec<Result<Done<C::Reply>, Error>> {
        futures::future::join_all(commands.iter().map(|command| self.run(command))).await
    }

    /// Carries out a command unless one was carried out under the same key before.
    ///
    /// # Errors
    /// `Unsupported` when the key was used for another request; `Internal` when the reply kept under it is not
    /// what was answered; and as [`Kernel::run`].
    pub async fn run_once<C: Command>(
        &self,
        key: &OnceKey,
        command: &C,
        render: impl Fn(&C::Reply) -> Vec<u8> + Send + Sync,
    ) -> Result<Once<C::Reply>, Error> {
        if let Some(reply) = self.earlier_reply(key).await? {
            return Ok(Once::Repeated(reply));
        }
        let expires = self.inner.clock.now().saturating_add(REPLY_KEPT);
        let keep = |reply: &C::Reply| {
            let reply = render(reply);
            let OnceKey { scope, key, request } = key.clone();
            let small = reply.len() <= MAX_REPLY;
            let reply = small.then_some(IdempotentReply { scope, key, request, reply, expires })?;
            Some(state::seal_reply(self.inner.ledger.signer(), reply))
        };
        match self.attempt(command, &keep).await? {
            Attempt::Done(done) => Ok(Once::Done(done)),
            Attempt::Repeated => match self.earlier_reply(key).await? {
                Some(reply) => Ok(Once::Repeated(reply)),
                None => Err(Error::new(ErrorKind::Conflict, "the same request is being carried out")),
            },
        }
    }

    async fn earlier_reply(&self, key: &OnceKey) -> Result<Option<Vec<u8>>, Error> {
        let now = self.inner.clock.now();
        let earlier =
            self.inner.database.idempotent_reply(&key.scope, &key.key, now).await.map_err(from_port)?;
        match earlier {
            Some(earlier) if earlier.request != key.request => {
                Err(Error::new(ErrorKind::Unsupported, "the idempotency key was used for another request"))
            }
            Some(earlier) => {
                let opened = state::open_reply(&self.inner.ledger.verifier(), &earlier).map_err(from_port);
                opened.map(Some)
            }
            None => Ok(None),
        }
    }

    async fn attempt<C: Command>(
        &self,
        command: &C,
        keep: &(impl Fn(&C::Reply) -> Option<IdempotentReply> + Sync),
    ) -> Result<Attempt<C::Reply>, Error> {
        for _ in 0..ATTEMPTS {
            let snapshot = self.snapshot().await?;
            let (unit, reply) = command.decide(&snapshot).await?;
            drop(snapshot);
            let kept = keep(&reply);
            match self.submit(&unit, kept).await? {
                UnitOutcome::Committed(stamp) => {
                    self.wait_for_sinks(&stamp).await;
                    return Ok(Attempt::Done(Done { reply, receipt: self.receipt(&stamp) }));
                }
                UnitOutcome::Repeated => return Ok(Attempt::Repeated),
                UnitOutcome::Unmet(None) => {}
                UnitOutcome::Unmet(Some(label)) => {
                    self.record_refusal(&unit, label);
                    return Err(command.unmet(label));
                }
            }
        }
        Err(crate::error::unavailable("what this request depends on keeps changing"))
    }

    /// Commits a unit and says what became of it.
    pub(crate) async fn submit(
        &self,
        unit: &Unit,
        reply: Option<IdempotentReply>,
    ) -> Result<UnitOutcome, Error> {
        let bytes = check(unit)?;
        let prepared = self.inner.prepare(unit, reply);
        let answer = self.inner.queue.push(prepared, bytes)?;
        answer.await.unwrap_or_else(|_| Err(crate::error::unavailable("the service is stopping")))
    }

    pub(crate) fn receipt(&self, stamp: &Stamp) -> Receipt {
        Receipt::new(self.inner.ledger.origin(), &stamp.leaf, stamp.index)
    }

    fn record_refusal(&self, unit: &Unit, label: &'static str) {
        // a refusal leaf may stay away under overload: nothing was done that it would prove
        if let Err(error) = self.inner.queue.push_access(self.inner.prepare(&unit.refused(label), None)) {
            tracing::warn!(error = %error, "refusal not recorded");
        }
    }
}

impl Inner {
    /// Seals the record of a unit.
    pub(crate) fn prepare(&self, unit: &Unit, reply: Option<IdempotentReply>) -> Prepared {
        Prepared {
            service: unit.action.service,
            operations: unit.operations.clone(),
            small: unit.small.iter().map(|content| self.sealed(content)).collect(),
            large: unit.large.clone(),
            events: unit.events.clone(),
            record: seal(unit, self.clock.now(), self.rng.as_ref()),
            reply,
        }
    }
}

/// Checks a unit against the limits and its tables; returns its weight in bytes.
fn check(unit: &Unit) -> Result<usize, Error> {
    let invalid = |what: String| Error::new(ErrorKind::Internal, "internal error").with_context(what);
    if unit.operations.len() > MAX_ROWS {
        return Err(Error::new(ErrorKind::TooLarge, format!("more than {MAX_ROWS} rows in one request")));
    }
    for operation in &unit.operations {
        if let Operation::Put { table, values, .. } = operation {
            table.check(values).map_err(invalid)?;
        }
    }
    if let Some(content) = unit.small.iter().find(|content| content.bytes.len() > MAX_SMALL_CONTENT) {
        return Err(invalid(format!("content of {} bytes rides in a unit", content.bytes.len())));
    }
    let content: usize = unit.small.iter().map(|content| content.bytes.len()).sum();
    let events: usize = unit.events.iter().map(|event| event.payload.len()).sum();
    let rows: usize = unit.operations.iter().map(weight).sum();
    let bytes = content + events + rows;
    if bytes > MAX_BYTES {
        return Err(Error::new(ErrorKind::TooLarge, format!("more than {MAX_BYTES} bytes in one request")));
    }
    Ok(bytes)
}

fn weight(operation: &Operation) -> usize {
    use crate::row::Value;
    let Operation::Put { values, .. } = operation else { return 64 };
    let of_value = |value: &Value| match value {
        Value::Text(text) | Value::Json(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::TextList(list) => list.0.iter().map(String::len).sum(),
        _ => 16,
    };
    values.iter().map(of_value).sum()
}

/// Commits what waits, batch after batch, until the queue is closed and empty.
pub(crate) async fn commit_batches(inner: Arc<Inner>) {
    let mut last = match inner.database.head().await {
        Ok(head) => head.time,
        Err(_) => Timestamp::UNIX_EPOCH,
    };
    while let Some(taken) = inner.queue.take().await {
        last = inner.clock.now().max(last);
        commit_batch(&inner, taken, last).await;
    }
}

async fn commit_batch(inner: &Inner, taken: Taken, time: Timestamp) {
    let Taken { mut units, answers, accesses, notes } = taken;
    let kept = (accesses.clone(), notes.clone());
    units.extend(accesses);
    let notes = notes.into_iter().map(|note| state::seal_note(inner.ledger.signer(), note)).collect();
    match inner.database.commit(Batch { time, units, notes, packs: inner.packs.clone() }).await {
        Ok(outcomes) => {
            append_to_ledger(inner, &outcomes).await;
            inner.writable.send_if_modified(|writable| !std::mem::replace(writable, true));
            for relay in &inner.relays {
                relay.wake(&outcomes);
            }
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                let _ = answer.send(Ok(outcome));
            }
        }
        Err(error) => {
            tracing::error!(error = %error, source = ?error.source, "batch not committed");
            inner.writable.send_if_modified(|writable| std::mem::replace(writable, false));
            let kind = error.kind;
            for answer in answers {
                let _ = answer.send(Err(from_port(crate::ports::PortError::new(kind, "commit a batch"))));
            }
            let (accesses, notes) = kept;
            inner.queue.put_back(accesses);
            inner.queue.put_back_notes(notes);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Hands the leaves of a batch to the tree, where the commit gave them an index.
async fn append_to_ledger(inner: &Inner, outcomes: &[UnitOutcome]) {
    let mut first = None;
    let mut leaves = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        let UnitOutcome::Committed(Stamp { index: Some(index), leaf, .. }) = outcome else { continue };
        first.get_or_insert(*index);
        leaves.push(leaf.clone());
    }
    let Some(first) = first else { return };
    // a batch that was reported failed may have been carried out: its leaves are then read from the database
    if !inner.ledger.append(first, &leaves)
        && let Err(error) = inner.ledger.catch_up().await
    {
        tracing::error!(error = %error, "leaves not read, the ledger catches up with the next batch");
    }
}

/// Gives committed records their index where the commit does not, and feeds their leaves to the tree.
pub(crate) async fn follow_sequence(inner: Arc<Inner>, mut stop: watch::Receiver<bool>) {
    loop {
        let stopping = tokio::select! {
            () = tokio::time::sleep(SEQUENCE_RHYTHM) => false,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        match inner.database.sequence(10_000).await {
            Ok(0) => {}
            Ok(_) => {
                if let Err(error) = inner.ledger.catch_up().await {
                    tracing::error!(error = %error, source = ?error.source, "leaves not read");
                }
            }
            Err(error) => tracing::error!(error = %error, source = ?error.source, "records not sequenced"),
        }
        if stopping {
            return;
        }
    }
}
