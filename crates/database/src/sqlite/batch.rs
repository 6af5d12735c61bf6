//! One batch as one transaction: many units, each whole or not at all, durable together.

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};
use strongroom_kernel::{
    Operation,
    ports::{Batch, Head, IdempotentReply, Note, PortError, Prepared, Stamp, UnitOutcome},
};
use strongroom_model::Timestamp;

use crate::{
    number::{order, signed},
    statements::{Statements, TableSql},
};

use super::{
    content::{References, SmallContents, check_known},
    error::{Stop, failed},
    events::Topics,
    rows::{Rows, needs_savepoint, statements_of},
};

const ADD_RECORD: &str =
    "INSERT INTO ledger_record (sequence, leaf, nonce, canonical, openings) VALUES (?1, ?2, ?3, ?4, ?5)";
const HEAD: &str = "UPDATE ledger_head SET size = ?1, time = ?2";
const NOTE: &str = "INSERT INTO kernel_note (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const REMOVE_NOTE: &str = "DELETE FROM kernel_note WHERE name = ?1";
const REPLY_EXPIRES: &str = "SELECT expires FROM kernel_reply WHERE scope = ?1 AND reply_key = ?2";
const REPLY: &str = "INSERT OR REPLACE INTO kernel_reply (scope, reply_key, request, reply, expires) \
    VALUES (?1, ?2, ?3, ?4, ?5)";
const FORGET_REPLIES: &str = "DELETE FROM kernel_reply WHERE rowid IN \
    (SELECT rowid FROM kernel_reply WHERE expires <= ?1 ORDER BY expires LIMIT 100)";

/// What the writer knows without asking the database.
#[derive(Debug)]
pub(super) struct Known {
    /// End of the ledger.
    pub(super) head: Head,
    /// Topics and their next offsets.
    pub(super) topics: Topics,
    /// Statements of the tables met so far.
    pub(super) statements: Statements<TableSql>,
}

/// Commits `batch`; after an error the transaction may be open and `known` is worth nothing.
pub(super) fn commit(
    connection: &Connection,
    known: &mut Known,
    batch: &Batch,
) -> Result<Vec<UnitOutcome>, PortError> {
    let (small, sync) = SmallContents::prepare(connection, batch)?;
    connection
        .prepare_cached("BEGIN IMMEDIATE")
        .and_then(|mut begin| begin.raw_execute())
        .map_err(failed("begin a batch"))?;
    let (outcomes, head) = write(connection, known, batch, small)?;
    // positions must not be durable before what they point to
    if let Some(sync) = sync {
        sync.wait()?;
    }
    connection
        .prepare_cached("COMMIT")
        .and_then(|mut commit| commit.raw_execute())
        .map_err(failed("commit a batch"))?;
    known.head = head;
    Ok(outcomes)
}

fn write(
    connection: &Connection,
    known: &mut Known,
    batch: &Batch,
    small: SmallContents<'_>,
) -> Result<(Vec<UnitOutcome>, Head), PortError> {
    let failed = failed("write a batch");
    let add_record = connection.prepare_cached(ADD_RECORD).map_err(&failed)?;
    let (head, topics, statements) = (known.head, &mut known.topics, &mut known.statements);
    small.write_end(connection).map_err(&failed)?;
    let mut units = Units { connection, time: batch.time, head, topics, statements, small, add_record };
    let mut outcomes = Vec::with_capacity(batch.units.len());
    for unit in &batch.units {
        outcomes.push(match units.write(unit) {
            Ok(stamp) => UnitOutcome::Committed(stamp),
            Err(Stop::Refused(outcome)) => outcome,
            Err(Stop::Failed(error)) => return Err(error),
        });
    }
    let head = units.head;
    drop(units);
    known.topics.finish(connection).map_err(&failed)?;
    write_notes(connection, &batch.notes).map_err(&failed)?;
    if head != known.head {
        let size = signed(head.size);
        connection
            .prepare_cached(HEAD)
            .and_then(|mut update| update.execute([size, head.time.micros()]))
            .map_err(&failed)?;
    }
    if batch.units.iter().any(|unit| unit.reply.is_some()) {
        let mut forget = connection.prepare_cached(FORGET_REPLIES).map_err(&failed)?;
        forget.execute([batch.time.micros()]).map_err(&failed)?;
    }
    Ok((outcomes, head))
}

fn write_notes(connection: &Connection, notes: &[Note]) -> rusqlite::Result<()> {
    for note in notes {
        match &note.value {
            Some(value) => connection.prepare_cached(NOTE)?.execute(params![note.key, value])?,
            None => connection.prepare_cached(REMOVE_NOTE)?.execute([&note.key])?,
        };
    }
    Ok(())
}

/// The units of one batch on their way into the database.
struct Units<'c, 'b> {
    connection: &'c Connection,
    time: Timestamp,
    head: Head,
    topics: &'c mut Topics,
    statements: &'c mut Statements<TableSql>,
    small: SmallContents<'b>,
    add_record: CachedStatement<'c>,
}

impl<'b> Units<'_, 'b> {
    /// Writes one unit. What can be refused comes first; what follows it cannot.
    fn write(&mut self, unit: &'b Prepared) -> Result<Stamp, Stop> {
        if let Some(reply) = &unit.reply {
            self.check_reply(reply)?;
        }
        if unit.operations.iter().any(|operation| operation.table().content.is_some()) {
            let statements = &mut *self.statements;
            check_known(self.connection, unit, |table| statements_of(statements, table).content_places)?;
        }
        let references = self.carry_out(&unit.operations)?;
        let sequence = self.head.size;
        self.small.write(self.connection, unit, references, self.time)?;
        let events = self.topics.write(self.connection, &unit.events, sequence, self.time)?;
        let leaf = unit.leaf(self.time);
        let record = &unit.record;
        self.add_record.execute(params![
            signed(sequence),
            leaf,
            record.nonce,
            record.canonical,
            record.openings
        ])?;
        if let Some(reply) = &unit.reply {
            self.write_reply(reply)?;
        }
        self.head = Head { size: sequence + 1, time: self.time };
        Ok(Stamp { sequence, index: Some(sequence), leaf, events })
    }

    /// Carries the operations out, all or none.
    fn carry_out(&mut self, operations: &[Operation]) -> Result<References, Stop> {
        let mut references = References::default();
        if operations.is_empty() {
            return Ok(references);
        }
        let savepoint = needs_savepoint(operations);
        if savepoint {
            self.execute("SAVEPOINT unit")?;
        }
        let done = self.carry_out_each(operations, &mut references);
        if savepoint {
            if matches!(done, Err(Stop::Refused(_))) {
                self.execute("ROLLBACK TO unit")?;
            }
            self.execute("RELEASE unit")?;
        }
        done.map(|()| references)
    }

    fn carry_out_each(&mut self, operations: &[Operation], references: &mut References) -> Result<(), Stop> {
        let sequence = self.head.size;
        let mut rows = Rows { connection: self.connection, statements: self.statements };
        let mut place = 0;
        for operation in operations {
            rows.carry_out(operation, order(sequence, place), sequence, references)?;
            place += usize::from(!matches!(operation, Operation::Require { .. }));
        }
        Ok(())
    }

    fn check_reply(&self, reply: &IdempotentReply) -> Result<(), Stop> {
        let mut find = self.connection.prepare_cached(REPLY_EXPIRES)?;
        let expires: Option<i64> = find.query_row([&reply.scope, &reply.key], |row| row.get(0)).optional()?;
        match expires {
            Some(expires) if expires > self.time.micros() => Err(Stop::Refused(UnitOutcome::Repeated)),
            _ => Ok(()),
        }
    }

    fn write_reply(&self, reply: &IdempotentReply) -> rusqlite::Result<()> {
        let IdempotentReply { scope, key, request, reply, expires } = reply;
        let row = params![scope, key, request.as_bytes(), reply, expires.micros()];
        self.connection.prepare_cached(REPLY)?.execute(row)?;
        Ok(())
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.raw_execute()?;
        Ok(())
    }
}
