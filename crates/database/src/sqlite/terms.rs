//! The index of terms: its catalogue and its blocks.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use strongroom_kernel::ports::{
    PortError, RunState, StoredRecord, TermBlock, TermChange, TermRun, TermStore,
};

use crate::number::{limit as as_limit, run_state, signed, state_number, unsigned};

use super::{Sqlite, error::failed, read};

const RUNS: &str = "SELECT number, first, behind, state FROM ledger_term_run ORDER BY first, number";
const BLOCKS: &str = "SELECT first, entries FROM ledger_term_block WHERE run = ?1 AND first >= \
    COALESCE((SELECT MAX(first) FROM ledger_term_block WHERE run = ?1 AND first <= ?2), x'') ORDER BY first LIMIT ?3";
const PUT_RUN: &str =
    "INSERT OR REPLACE INTO ledger_term_run (number, first, behind, state) VALUES (?1, ?2, ?3, ?4)";
const PUT_BLOCK: &str = "INSERT OR REPLACE INTO ledger_term_block (run, first, entries) VALUES (?1, ?2, ?3)";
const REMOVE_BLOCK: &str = "DELETE FROM ledger_term_block WHERE run = ?1 AND first = ?2";
const DROP_BLOCKS: &str = "DELETE FROM ledger_term_block WHERE run = ?1";
const DROP_RUN: &str = "DELETE FROM ledger_term_run WHERE number = ?1";

#[async_trait]
impl TermStore for Sqlite {
    async fn term_runs(&self) -> Result<Vec<TermRun>, PortError> {
        self.pool.point(runs).await
    }

    async fn term_blocks(&self, run: u64, from: &[u8], limit: usize) -> Result<Vec<TermBlock>, PortError> {
        self.pool.point(|connection| blocks(connection, run, from, limit)).await
    }

    async fn change_terms(&self, change: TermChange) -> Result<(), PortError> {
        self.writer()?
            .run(move |writer| {
                writer.transaction(|connection, _| {
                    carry_out(connection, &change).map_err(failed("change the index of terms"))
                })
            })
            .await
    }

    async fn records_at(&self, indexes: &[u64]) -> Result<Vec<StoredRecord>, PortError> {
        let indexes = indexes.to_vec();
        self.pool.scan(move |connection| read::records_at(connection, &indexes)).await
    }
}

fn runs(connection: &Connection) -> Result<Vec<TermRun>, PortError> {
    let failed = failed("read the catalogue of terms");
    let mut select = connection.prepare_cached(RUNS).map_err(&failed)?;
    let mut rows = select.query([]).map_err(&failed)?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let number =
            |place: usize| unsigned(row.get(place).map_err(&failed)?, "a number in the catalogue of terms");
        let state: RunState = run_state(row.get(3).map_err(&failed)?)?;
        runs.push(TermRun { number: number(0)?, first: number(1)?, end: number(2)?, state });
    }
    Ok(runs)
}

fn blocks(connection: &Connection, run: u64, from: &[u8], limit: usize) -> Result<Vec<TermBlock>, PortError> {
    let failed = failed("read blocks of terms");
    let mut select = connection.prepare_cached(BLOCKS).map_err(&failed)?;
    let rows = select.query_map(params![signed(run), from, as_limit(limit)], |row| {
        Ok(TermBlock { first: row.get(0)?, entries: row.get(1)? })
    });
    rows.and_then(Iterator::collect).map_err(&failed)
}

fn carry_out(connection: &Connection, change: &TermChange) -> rusqlite::Result<()> {
    for (run, first) in &change.remove {
        connection.prepare_cached(REMOVE_BLOCK)?.execute(params![signed(*run), first])?;
    }
    for run in &change.drop {
        connection.prepare_cached(DROP_BLOCKS)?.execute([signed(*run)])?;
        connection.prepare_cached(DROP_RUN)?.execute([signed(*run)])?;
    }
    for TermRun { number, first, end, state } in &change.runs {
        let row = [signed(*number), signed(*first), signed(*end), state_number(*state)];
        connection.prepare_cached(PUT_RUN)?.execute(row)?;
    }
    for (run, block) in &change.blocks {
        connection.prepare_cached(PUT_BLOCK)?.execute(params![signed(*run), block.first, block.entries])?;
    }
    Ok(())
}
