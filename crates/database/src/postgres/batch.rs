//! One batch as one transaction.
//!
//! Statements are sent in runs of units without waiting, each run behind a savepoint. When one is refused,
//! the run is undone and sent again without its unit, so that what follows never stands on what it did. What
//! cannot be refused - records, events, notes - follows in one last run together with the commit.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;
use strongroom_kernel::ports::{Batch, PackPosition, Place, PortError, Prepared, UnitOutcome};
use strongroom_model::Digest;
use tokio::task::JoinHandle;
use tokio_postgres::{Error, error::SqlState, types::ToSql};

use crate::statements::{label_of_columns, label_of_index, same_columns};

use super::{
    closing::{Committed, close},
    error::{failed, port_error},
    pipeline::{Step, run},
    session::Session,
    steps::{Absent, Demand, Plan, UnitStep},
};

/// Most units sent before their answers are looked at.
const RUN: usize = 64;

const FIND_CONTENT: &str = "SELECT domain, digest FROM kernel_content \
    WHERE (domain, digest) IN (SELECT * FROM unnest($1::text[], $2::bytea[]))";
const FIND_REPLIES: &str = "SELECT scope, reply_key FROM kernel_reply \
    WHERE (scope, reply_key) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND expires > $3";

/// Commits `batch`; after an error the session is good for nothing.
pub(super) async fn commit(session: &mut Session, batch: &Batch) -> Result<Vec<UnitOutcome>, PortError> {
    for topic in batch.units.iter().flat_map(|unit| &unit.events).map(|event| event.topic) {
        session.meet_topic(topic).await?;
    }
    let (absent, packed) = place_content(session, batch).await?;
    let taken = find_replies(session, batch).await?;
    let mut writing = Writing::new(session, batch, &absent, taken).await?;
    writing.write_units().await?;
    let Writing { outcomes, committed, before, .. } = writing;
    let end = match packed {
        None => None,
        // positions must not be durable before what they point to
        Some(packed) => Some(packed.synced().await?),
    };
    let stamps = close(session, batch, before, &committed, end).await?;
    let mut stamps = stamps.into_iter();
    let filled = outcomes.into_iter().map(|outcome| match outcome {
        Some(outcome) => Ok(outcome),
        None => stamps
            .next()
            .map(UnitOutcome::Committed)
            .ok_or_else(|| PortError::corrupt("a unit has no outcome")),
    });
    filled.collect()
}

/// Contents on their way into the packs.
struct Packed {
    end: PackPosition,
    sync: JoinHandle<Result<(), PortError>>,
}

impl Packed {
    async fn synced(self) -> Result<PackPosition, PortError> {
        self.sync.await.map_err(|error| PortError::unavailable("sync packs").with_source(error))??;
        Ok(self.end)
    }
}

/// Finds out which small contents are not there yet, and appends them to the packs, if there are any.
async fn place_content<'b>(
    session: &mut Session,
    batch: &'b Batch,
) -> Result<(Absent<'b>, Option<Packed>), PortError> {
    let mut contents: Vec<((&str, &Digest), &Bytes)> = Vec::new();
    let mut seen = HashSet::new();
    for content in batch.units.iter().flat_map(|unit| &unit.small) {
        let key = (content.domain.as_str(), &content.digest);
        if seen.insert(key) {
            contents.push((key, &content.bytes));
        }
    }
    if contents.is_empty() {
        return Ok((Absent::new(), None));
    }
    let domains: Vec<&str> = contents.iter().map(|((domain, _), _)| *domain).collect();
    let digests: Vec<&[u8]> = contents.iter().map(|((_, digest), _)| &digest.as_bytes()[..]).collect();
    let present: HashSet<(String, Vec<u8>)> = find(session, FIND_CONTENT, &[&domains, &digests]).await?;
    contents.retain(|((domain, digest), _)| {
        !present.contains(&((*domain).to_owned(), digest.as_bytes().to_vec()))
    });
    let keys = contents.iter().map(|(key, _)| *key);
    let Some(packs) = batch.packs.clone().filter(|_| !contents.is_empty()) else {
        return Ok((keys.map(|key| (key, Place::Database)).collect(), None));
    };
    let payloads: Vec<Bytes> = contents.iter().map(|(_, bytes)| (*bytes).clone()).collect();
    let append = move || packs.append(&payloads.iter().map(|bytes| &bytes[..]).collect::<Vec<_>>());
    let (positions, sync) = tokio::task::spawn_blocking(append)
        .await
        .map_err(|error| PortError::unavailable("append to packs").with_source(error))??;
    let end = match positions.last() {
        Some(end) if positions.len() == contents.len() => *end,
        _ => return Err(PortError::corrupt("packs gave another number of positions than contents")),
    };
    let packed = Packed { end, sync: tokio::task::spawn_blocking(move || sync.wait()) };
    Ok((keys.zip(positions.into_iter().map(Place::Pack)).collect(), Some(packed)))
}

async fn find_replies(session: &mut Session, batch: &Batch) -> Result<HashSet<(String, String)>, PortError> {
    let replies: Vec<_> = batch.units.iter().filter_map(|unit| unit.reply.as_ref()).collect();
    if replies.is_empty() {
        return Ok(HashSet::new());
    }
    let scopes: Vec<&str> = replies.iter().map(|reply| reply.scope.as_str()).collect();
    let keys: Vec<&str> = replies.iter().map(|reply| reply.key.as_str()).collect();
    find(session, FIND_REPLIES, &[&scopes, &keys, &batch.time.micros()]).await
}

async fn find<B>(
    session: &mut Session,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<HashSet<(String, B)>, PortError>
where
    B: for<'r> tokio_postgres::types::FromSql<'r> + Eq + std::hash::Hash,
{
    let statement = session.statement(sql).await?;
    let failed = failed("look up what a batch needs");
    let rows = session.client.query(&statement, params).await.map_err(&failed)?;
    rows.iter().map(|row| Ok((row.try_get(0).map_err(&failed)?, row.try_get(1).map_err(&failed)?))).collect()
}

/// The units of one batch on their way into the database.
struct Writing<'s, 'b> {
    session: &'s mut Session,
    batch: &'b Batch,
    absent: &'s Absent<'b>,
    /// Idempotency keys that were used before, by earlier batches or earlier units.
    taken: HashSet<(String, String)>,
    /// What is sent in front of the next run: the beginning of the transaction.
    before: Vec<Step<'b>>,
    /// Refusals; a committed unit has its stamp later.
    outcomes: Vec<Option<UnitOutcome>>,
    committed: Vec<Committed<'b>>,
}

impl<'s, 'b> Writing<'s, 'b> {
    async fn new(
        session: &'s mut Session,
        batch: &'b Batch,
        absent: &'s Absent<'b>,
        taken: HashSet<(String, String)>,
    ) -> Result<Self, PortError> {
        let before = vec![Step { statement: session.statement("BEGIN").await?, args: Vec::new() }];
        let outcomes = vec![None; batch.units.len()];
        Ok(Self { session, batch, absent, taken, before, outcomes, committed: Vec::new() })
    }

    async fn write_units(&mut self) -> Result<(), PortError> {
        let mut waiting: VecDeque<usize> = (0..self.batch.units.len()).collect();
        let mut length = RUN;
        while !waiting.is_empty() {
            let units = self.next_run(&mut waiting, length);
            match self.write_run(&units).await? {
                None => {
                    for place in units {
                        self.accept(place);
                    }
                    length = (2 * length).min(RUN);
                }
                Some((refused, outcome)) => {
                    // what stood before it was accepted and will be again; what stood behind it saw too much
                    length = refused.max(1);
                    self.outcomes[units[refused]] = Some(outcome);
                    for place in units.into_iter().rev().filter(|place| self.outcomes[*place].is_none()) {
                        waiting.push_front(place);
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes the next units, at most `length`; one that repeats a request ends the run or falls out.
    fn next_run(&mut self, waiting: &mut VecDeque<usize>, length: usize) -> Vec<usize> {
        let mut units = Vec::new();
        let mut keys = HashSet::new();
        while units.len() < length
            && let Some(place) = waiting.front().copied()
        {
            if let Some(reply) = &self.batch.units[place].reply {
                let key = (reply.scope.clone(), reply.key.clone());
                if self.taken.contains(&key) {
                    self.outcomes[place] = Some(UnitOutcome::Repeated);
                    waiting.pop_front();
                    continue;
                }
                if !keys.insert(key) {
                    break;
                }
            }
            waiting.pop_front();
            units.push(place);
        }
        units
    }

    fn accept(&mut self, place: usize) {
        let unit: &'b Prepared = &self.batch.units[place];
        if let Some(reply) = &unit.reply {
            self.taken.insert((reply.scope.clone(), reply.key.clone()));
        }
        self.committed.push(Committed { unit, sequence: self.next_sequence() });
    }

    fn next_sequence(&self) -> u64 {
        self.session.next + self.committed.len() as u64
    }

    /// Writes units; says which of them was refused first, and why. All are undone then.
    async fn write_run(&mut self, units: &[usize]) -> Result<Option<(usize, UnitOutcome)>, PortError> {
        let first = self.next_sequence();
        let mut plan = Plan::to_commit(self.session, self.batch.time);
        for (place, unit) in units.iter().enumerate() {
            plan.unit(place, &self.batch.units[*unit], first + place as u64, self.absent).await?;
        }
        let planned = plan.steps;
        if planned.is_empty() {
            return Ok(None);
        }
        let mut steps = std::mem::take(&mut self.before);
        steps.push(Step { statement: self.session.statement("SAVEPOINT run").await?, args: Vec::new() });
        let ahead = steps.len();
        let (tests, unit_steps): (Vec<_>, Vec<_>) = planned
            .into_iter()
            .map(|UnitStep { unit, step, demand, table }| ((unit, demand, table), step))
            .unzip();
        steps.extend(unit_steps);
        let mut counts = run(&self.session.client, steps).await.into_iter();
        for count in counts.by_ref().take(ahead) {
            count.map_err(failed("begin a batch"))?;
        }
        for ((unit, demand, table), count) in tests.into_iter().zip(counts) {
            let refused = match (count, demand) {
                (Ok(_), Demand::Free) => continue,
                (Ok(count), Demand::Rows(wanted, _)) if count == wanted => continue,
                (Ok(_), Demand::Rows(_, label)) => Refused::Unmet(label),
                (Err(error), _) => Refused::Broken(table, error),
            };
            let undo = self.session.statement("ROLLBACK TO SAVEPOINT run").await?;
            self.session.client.execute(&undo, &[]).await.map_err(failed("undo a unit"))?;
            return Ok(Some((unit, self.outcome_of(refused).await?)));
        }
        Ok(None)
    }

    async fn outcome_of(&mut self, refused: Refused) -> Result<UnitOutcome, PortError> {
        let (table, key_label, error) = match refused {
            Refused::Unmet(label) => return Ok(UnitOutcome::Unmet(label)),
            Refused::Broken(Some((table, key_label)), error)
                if error.code() == Some(&SqlState::UNIQUE_VIOLATION) =>
            {
                (table, key_label, error)
            }
            Refused::Broken(_, error) => return Err(port_error("write to the database", error)),
        };
        let constraint = error.as_db_error().and_then(|error| error.constraint()).unwrap_or_default();
        let columns: Vec<&str> =
            self.session.columns_of(constraint).await?.iter().map(String::as_str).collect();
        Ok(UnitOutcome::Unmet(if same_columns(&columns, table.key) {
            key_label
        } else {
            label_of_columns(table, &columns).or_else(|| label_of_index(table, constraint))
        }))
    }
}

enum Refused {
    Unmet(Option<&'static str>),
    Broken(Option<(&'static strongroom_kernel::Table, Option<&'static str>)>, Error),
}
