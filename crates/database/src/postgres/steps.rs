//! A unit as statements, and what must come of each.

use std::collections::HashMap;

use strongroom_kernel::{
    Expectation, Operation, State, Table, Value,
    ports::{PackPosition, Place, PortError, Prepared},
};
use strongroom_model::{Digest, Timestamp};

use crate::{
    number::{order, signed},
    place::number_of,
    statements::safe_bump,
};

use super::{pipeline::Step, session::Session, value::Arg};

/// The label under which a unit hears that it refers to content nobody has.
const UNKNOWN: &str = "content";

const ADD_REFERENCE: &str = "UPDATE kernel_content SET refs = refs + 1, unreferenced_since = NULL \
    WHERE domain = $1 AND digest = $2";
const ADD_CONTENT: &str = "INSERT INTO kernel_content AS c \
    (domain, digest, size, place, pack, pack_offset, pack_length, refs, unreferenced_since) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (domain, digest) DO UPDATE SET \
    refs = c.refs + excluded.refs, \
    unreferenced_since = CASE WHEN c.refs + excluded.refs = 0 THEN c.unreferenced_since END";
const ADD_SMALL: &str = "INSERT INTO kernel_small_content (domain, digest, payload) VALUES ($1, $2, $3) \
    ON CONFLICT DO NOTHING";
const NOTHING: &str = "SELECT 1 WHERE FALSE";

/// How many rows a step must touch, and the label when it does not.
#[derive(Debug, Clone, Copy)]
pub(super) enum Demand {
    /// It does not matter.
    Free,
    /// Exactly so many.
    Rows(u64, Option<&'static str>),
}

/// A step of a unit.
#[derive(Debug)]
pub(super) struct UnitStep<'b> {
    /// Place of the unit among those planned together.
    pub(super) unit: usize,
    pub(super) step: Step<'b>,
    pub(super) demand: Demand,
    /// The table, and the label of a taken key, for when a unique constraint is broken.
    pub(super) table: Option<(&'static Table, Option<&'static str>)>,
}

/// Small contents of a batch that were not there when it began, and where they are going.
pub(super) type Absent<'b> = HashMap<(&'b str, &'b Digest), Place>;

/// Plans statements, in the order in which they are to be sent.
#[derive(Debug)]
pub(super) struct Plan<'s, 'b> {
    pub(super) session: &'s mut Session,
    pub(super) steps: Vec<UnitStep<'b>>,
    pub(super) time: Timestamp,
    unit: usize,
    /// Whether references must find their content.
    strict: bool,
}

impl<'s, 'b> Plan<'s, 'b> {
    /// A plan for units that are committed for the first time.
    pub(super) fn to_commit(session: &'s mut Session, time: Timestamp) -> Self {
        Self { session, steps: Vec::new(), time, unit: 0, strict: true }
    }

    /// A plan for units that are carried out again.
    pub(super) fn to_replay(session: &'s mut Session, time: Timestamp) -> Self {
        Self { strict: false, ..Self::to_commit(session, time) }
    }

    /// Adds a unit that will have `sequence`: first its content, then its operations.
    pub(super) async fn unit(
        &mut self,
        place: usize,
        unit: &'b Prepared,
        sequence: u64,
        absent: &Absent<'b>,
    ) -> Result<(), PortError> {
        self.unit = place;
        let mut riding: Vec<(&str, &Digest)> = Vec::new();
        for content in &unit.small {
            let key = (content.domain.as_str(), &content.digest);
            let Some(place) = absent.get(&key).filter(|_| !riding.contains(&key)) else { continue };
            riding.push(key);
            if *place == Place::Database {
                let args = vec![Arg::Text(key.0), Arg::Bytes(key.1.as_bytes()), Arg::Bytes(content.stored())];
                self.add(ADD_SMALL, args, Demand::Free, None).await?;
            }
            self.content(key, content.bytes.len() as u64, *place, unit).await?;
        }
        for content in &unit.large {
            let key = (content.domain.as_str(), &content.digest);
            if !riding.contains(&key) {
                riding.push(key);
                self.content(key, content.size, Place::Store, unit).await?;
            }
        }
        self.operations(&unit.operations, sequence, &riding).await
    }

    /// Adds operations of the unit of `sequence`; references to what is `riding` are counted already.
    pub(super) async fn operations(
        &mut self,
        operations: &'b [Operation],
        sequence: u64,
        riding: &[(&str, &Digest)],
    ) -> Result<(), PortError> {
        let mut place = 0;
        for operation in operations {
            match operation {
                Operation::Put { table, values, expectation } => {
                    let referred = reference(table, values).filter(|key| !riding.contains(key));
                    self.put(table, values, *expectation, (sequence, place), referred).await?;
                }
                Operation::Remove { table, key, expectation } => {
                    self.remove(table, key, *expectation).await?;
                }
                Operation::Bump { table, key, column, by, bounds, label } => {
                    let sql = self.session.table(table);
                    let sql = sql.sql.bump(table, column).ok_or_else(|| {
                        PortError::refused(format!(
                            "{}.{column} is not an integer column to bump",
                            table.name
                        ))
                    })?;
                    let Some((least, greatest)) = safe_bump(*by, *bounds) else {
                        self.add(NOTHING, Vec::new(), Demand::Rows(1, *label), None).await?;
                        continue;
                    };
                    let mut args: Vec<_> = [*by, least, greatest, signed(sequence)].map(Arg::Int).into();
                    args.extend(key.iter().map(Arg::Value));
                    self.add(sql, args, Demand::Rows(1, *label), None).await?;
                }
                Operation::Require { table, key, expectation } => {
                    self.require(table, key, *expectation).await?;
                    continue;
                }
            }
            place += 1;
        }
        Ok(())
    }

    async fn put(
        &mut self,
        table: &'static Table,
        values: &'b [Value],
        expectation: Expectation,
        (sequence, place): (u64, usize),
        referred: Option<(&'b str, &'b Digest)>,
    ) -> Result<(), PortError> {
        let sql = self.session.table(table);
        if expectation.state != State::Absent && table.content.is_some() {
            let key = sql.sql.key_places.iter().filter_map(|place| values.get(*place));
            self.drop_reference(&sql.drop_reference, key).await?;
        }
        let mut args: Vec<Arg<'b>> = Vec::with_capacity(values.len() + 2);
        args.extend(values.iter().map(Arg::Value));
        let text = match expectation.state {
            State::Absent | State::Any => {
                args.push(Arg::Int(order(sequence, place)));
                if expectation.state == State::Any { &sql.sql.upsert } else { &sql.sql.insert }
            }
            State::Present => &sql.sql.update,
            State::Version(_) => &sql.sql.update_version,
        };
        args.push(Arg::Int(signed(sequence)));
        if let State::Version(version) = expectation.state {
            args.push(Arg::Int(signed(version)));
        }
        self.add(text, args, Demand::Rows(1, expectation.label), Some((table, expectation.label))).await?;
        let Some((domain, digest)) = referred else { return Ok(()) };
        let demand = if self.strict { Demand::Rows(1, Some(UNKNOWN)) } else { Demand::Free };
        self.add(ADD_REFERENCE, vec![Arg::Text(domain), Arg::Bytes(digest.as_bytes())], demand, None).await
    }

    async fn remove(
        &mut self,
        table: &'static Table,
        key: &'b [Value],
        expectation: Expectation,
    ) -> Result<(), PortError> {
        if expectation.state == State::Absent {
            return self.require(table, key, expectation).await;
        }
        let sql = self.session.table(table);
        if table.content.is_some() {
            self.drop_reference(&sql.drop_reference, key).await?;
        }
        let mut args: Vec<_> = key.iter().map(Arg::Value).collect();
        let one = Demand::Rows(1, expectation.label);
        let (text, demand) = match expectation.state {
            State::Version(version) => {
                args.push(Arg::Int(signed(version)));
                (&sql.sql.delete_version, one)
            }
            State::Any => (&sql.sql.delete, Demand::Free),
            State::Present | State::Absent => (&sql.sql.delete, one),
        };
        self.add(text, args, demand, None).await
    }

    async fn require(
        &mut self,
        table: &'static Table,
        key: &'b [Value],
        expectation: Expectation,
    ) -> Result<(), PortError> {
        let sql = self.session.table(table);
        let mut args: Vec<_> = key.iter().map(Arg::Value).collect();
        let (text, rows) = match expectation.state {
            State::Any => return Ok(()),
            State::Absent => (&sql.present, 0),
            State::Present => (&sql.present, 1),
            State::Version(version) => {
                args.push(Arg::Int(signed(version)));
                (&sql.in_version, 1)
            }
        };
        self.add(text, args, Demand::Rows(rows, expectation.label), None).await
    }

    async fn drop_reference(
        &mut self,
        sql: &str,
        key: impl IntoIterator<Item = &'b Value>,
    ) -> Result<(), PortError> {
        let mut args: Vec<_> = key.into_iter().map(Arg::Value).collect();
        args.push(Arg::Int(self.time.micros()));
        self.add(sql, args, Demand::Free, None).await
    }

    /// The entry of content that rides with `unit`, with the references the unit's rows begin with.
    async fn content(
        &mut self,
        (domain, digest): (&'b str, &'b Digest),
        size: u64,
        place: Place,
        unit: &'b Prepared,
    ) -> Result<(), PortError> {
        let refers = |operation: &&Operation| {
            matches!(operation, Operation::Put { table, values, .. }
                if reference(table, values) == Some((domain, digest)))
        };
        let references = unit.operations.iter().filter(refers).count() as u64;
        let (place, position) = number_of(place);
        let of = |part: fn(PackPosition) -> i64| Arg::MaybeInt(position.map(part));
        let args = vec![
            Arg::Text(domain),
            Arg::Bytes(digest.as_bytes()),
            Arg::Int(signed(size)),
            Arg::Int(place),
            of(|position| position.pack.into()),
            of(|position| signed(position.offset)),
            of(|position| position.length.into()),
            Arg::Int(signed(references)),
            Arg::MaybeInt((references == 0).then_some(self.time.micros())),
        ];
        self.add(ADD_CONTENT, args, Demand::Free, None).await
    }

    async fn add(
        &mut self,
        sql: &str,
        args: Vec<Arg<'b>>,
        demand: Demand,
        table: Option<(&'static Table, Option<&'static str>)>,
    ) -> Result<(), PortError> {
        let step = Step { statement: self.session.statement(sql).await?, args };
        self.steps.push(UnitStep { unit: self.unit, step, demand, table });
        Ok(())
    }
}

/// The content a row with these values refers to.
fn reference<'v>(table: &Table, values: &'v [Value]) -> Option<(&'v str, &'v Digest)> {
    let content = table.content?;
    match (values.get(table.position(content.domain)?)?, values.get(table.position(content.digest)?)?) {
        (Value::Text(domain), Value::Digest(digest)) => Some((domain, digest)),
        _ => None,
    }
}
