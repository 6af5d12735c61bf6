//! The index of terms: its catalogue and its blocks.

use std::collections::HashMap;

use async_trait::async_trait;
use strongroom_kernel::ports::{PortError, StoredRecord, TermBlock, TermChange, TermRun, TermStore};

use crate::number::{limit as as_limit, run_state, signed, state_number, unsigned};

use super::{Postgres, error::failed, read};

const RUNS: &str = "SELECT number, first, behind, state FROM ledger_term_run ORDER BY first, number";
const BLOCKS: &str = "SELECT first, entries FROM ledger_term_block WHERE run = $1 AND first >= \
    COALESCE((SELECT first FROM ledger_term_block WHERE run = $1 AND first <= $2 ORDER BY first DESC LIMIT 1), ''::bytea) \
    ORDER BY first LIMIT $3";
const PUT_RUN: &str = "INSERT INTO ledger_term_run (number, first, behind, state) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (number) DO UPDATE SET first = excluded.first, behind = excluded.behind, state = excluded.state";
const PUT_BLOCKS: &str = "INSERT INTO ledger_term_block (run, first, entries) \
    SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) \
    ON CONFLICT (run, first) DO UPDATE SET entries = excluded.entries";
const REMOVE_BLOCKS: &str = "DELETE FROM ledger_term_block AS b USING unnest($1::bigint[], $2::bytea[]) AS gone (run, first) \
    WHERE b.run = gone.run AND b.first = gone.first";
const DROP_BLOCKS: &str = "DELETE FROM ledger_term_block WHERE run = ANY($1)";
const DROP_RUNS: &str = "DELETE FROM ledger_term_run WHERE number = ANY($1)";

#[async_trait]
impl TermStore for Postgres {
    async fn term_runs(&self) -> Result<Vec<TermRun>, PortError> {
        let failed = failed("read the catalogue of terms");
        let client = self.readers.get().await?;
        let statement = client.prepare_cached(RUNS).await.map_err(&failed)?;
        let rows = client.query(&statement, &[]).await.map_err(&failed)?;
        rows.iter()
            .map(|row| {
                let number = |place: usize| {
                    unsigned(row.try_get(place).map_err(&failed)?, "a number in the catalogue of terms")
                };
                let state = run_state(row.try_get(3).map_err(&failed)?)?;
                Ok(TermRun { number: number(0)?, first: number(1)?, end: number(2)?, state })
            })
            .collect()
    }

    async fn term_blocks(&self, run: u64, from: &[u8], limit: usize) -> Result<Vec<TermBlock>, PortError> {
        let failed = failed("read blocks of terms");
        let client = self.readers.get().await?;
        let statement = client.prepare_cached(BLOCKS).await.map_err(&failed)?;
        let rows =
            client.query(&statement, &[&signed(run), &from, &as_limit(limit)]).await.map_err(&failed)?;
        let block = |row: &tokio_postgres::Row| -> Result<TermBlock, tokio_postgres::Error> {
            Ok(TermBlock { first: row.try_get(0)?, entries: row.try_get(1)? })
        };
        rows.iter().map(block).collect::<Result<Vec<_>, _>>().map_err(&failed)
    }

    async fn change_terms(&self, change: TermChange) -> Result<(), PortError> {
        let failed = failed("change the index of terms");
        let mut lent = self.writer().await?;
        let (remove, drop_blocks, drop_runs, put_run, put_blocks) = (
            lent.session.statement(REMOVE_BLOCKS).await?,
            lent.session.statement(DROP_BLOCKS).await?,
            lent.session.statement(DROP_RUNS).await?,
            lent.session.statement(PUT_RUN).await?,
            lent.session.statement(PUT_BLOCKS).await?,
        );
        let transaction = lent.session.client.transaction().await.map_err(&failed)?;
        if !change.remove.is_empty() {
            let (runs, firsts): (Vec<i64>, Vec<&[u8]>) =
                change.remove.iter().map(|(run, first)| (signed(*run), first.as_slice())).unzip();
            transaction.execute(&remove, &[&runs, &firsts]).await.map_err(&failed)?;
        }
        if !change.drop.is_empty() {
            let runs: Vec<i64> = change.drop.iter().map(|run| signed(*run)).collect();
            transaction.execute(&drop_blocks, &[&runs]).await.map_err(&failed)?;
            transaction.execute(&drop_runs, &[&runs]).await.map_err(&failed)?;
        }
        for TermRun { number, first, end, state } in &change.runs {
            let row = [signed(*number), signed(*first), signed(*end), state_number(*state)];
            let [number, first, end, state] = &row;
            transaction.execute(&put_run, &[number, first, end, state]).await.map_err(&failed)?;
        }
        if !change.blocks.is_empty() {
            let runs: Vec<i64> = change.blocks.iter().map(|(run, _)| signed(*run)).collect();
            let firsts: Vec<&[u8]> = change.blocks.iter().map(|(_, block)| block.first.as_slice()).collect();
            let entries: Vec<&[u8]> =
                change.blocks.iter().map(|(_, block)| block.entries.as_slice()).collect();
            transaction.execute(&put_blocks, &[&runs, &firsts, &entries]).await.map_err(&failed)?;
        }
        transaction.commit().await.map_err(&failed)?;
        lent.give_back();
        Ok(())
    }

    async fn records_at(&self, indexes: &[u64]) -> Result<Vec<StoredRecord>, PortError> {
        let records = read::records_at(&self.readers.get().await?, indexes).await?;
        let by_index: HashMap<u64, StoredRecord> =
            records.into_iter().map(|record| (record.index, record)).collect();
        indexes
            .iter()
            .map(|index| {
                let record = by_index.get(index).cloned();
                record.ok_or_else(|| PortError::missing(format!("record {index} is not in the ledger")))
            })
            .collect()
    }
}
