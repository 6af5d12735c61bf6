//! The units of an erasure: rows removed or rewritten without the value, and the names of what is destroyed.
//!
//! They are committed before anything is destroyed, so that a crash leaves an intent and never a gap nobody explains.

use async_trait::async_trait;
use strongroom_model::{Caller, Error, ErrorKind};

use crate::{
    command::Command,
    error::from_port,
    kernel::Kernel,
    row::Value,
    snapshot::Snapshot,
    unit::{Operation, State, Unit},
};

use super::{
    named::{self, ERASE, ERASURE, Places, VALUES},
    plan::{Plan, RowName, Search},
};

/// Rows and records of one unit, unless that is too much for it.
const ROWS: usize = 200;
const RECORDS: usize = 500;

/// Some rows and records of an erasure, as one unit.
struct Erase<'a> {
    search: Search<'a>,
    plan: &'a Plan,
    caller: &'a Caller,
    rows: &'a [RowName],
    names: Places,
}

#[async_trait]
impl Command for Erase<'_> {
    type Reply = ();

    async fn decide(&self, _: &Snapshot) -> Result<(Unit, ()), Error> {
        let mut unit = Unit::new(self.caller, ERASE);
        unit.about(ERASURE, self.search.id);
        for (index, places) in &self.names {
            unit.about(VALUES, named::name(*index, places));
        }
        for name in self.rows {
            unit.operations.extend(self.operation(name).await?);
        }
        Ok((unit, ()))
    }
}

impl Erase<'_> {
    /// What is done to a row; nothing when it is gone or no longer holds the subject.
    async fn operation(&self, (table, key): &RowName) -> Result<Option<Operation>, Error> {
        let Some(table) = self.search.table(table) else { return Ok(None) };
        let Some(row) = self.search.find(table, key).await.map_err(from_port)? else { return Ok(None) };
        let expectation = State::Version(row.version).into();
        let name = (table.name, key.clone());
        if self.plan.whole.contains(&name) {
            return Ok(Some(Operation::Remove { table, key: key.clone(), expectation }));
        }
        let mut values = row.values;
        let mut changed = false;
        for column in self.plan.columns.get(&name).into_iter().flatten() {
            if self.search.subject.is_in_column(&values[*column]) {
                values[*column] = Value::Null;
                changed = true;
            }
        }
        Ok(changed.then_some(Operation::Put { table, values, expectation }))
    }
}

/// Commits the units of `plan`: durable when it returns. What is named is counted as named from then on.
///
/// # Errors
/// `Unavailable`, `StorageFull`: some of them may have been committed.
pub(super) async fn commit(
    kernel: &Kernel,
    search: Search<'_>,
    plan: &mut Plan,
    caller: &Caller,
) -> Result<(), Error> {
    let mut rows: Vec<RowName> = plan.rows().cloned().collect();
    rows.sort_by_key(|(table, _)| *table);
    let names: Vec<_> = std::mem::take(&mut plan.unnamed).into_iter().collect();
    let mut rows = rows.chunks(ROWS);
    let mut names = names.chunks(RECORDS);
    loop {
        let (rows, names) = (rows.next().unwrap_or_default(), names.next().unwrap_or_default());
        if rows.is_empty() && names.is_empty() {
            return Ok(());
        }
        let part = Erase { search, plan, caller, rows, names: names.iter().cloned().collect() };
        commit_part(kernel, part).await?;
    }
}

/// Commits a part, in halves where it is too large for one unit.
async fn commit_part(kernel: &Kernel, part: Erase<'_>) -> Result<(), Error> {
    let mut waiting = vec![part];
    while let Some(part) = waiting.pop() {
        match kernel.run(&part).await {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::TooLarge && part.rows.len() > 1 => {
                let (first, second) = part.rows.split_at(part.rows.len() / 2);
                let Erase { search, plan, caller, names, .. } = part;
                waiting.push(Erase { search, plan, caller, rows: second, names: Places::new() });
                waiting.push(Erase { search, plan, caller, rows: first, names });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
