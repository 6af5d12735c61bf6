//! Destroying what was stored, and leaving no trace of it in the files of tables.
//!
//! PostgreSQL keeps old rows in their pages, also after a plain `VACUUM`, until something else is written there. So
//! tables are written anew (`VACUUM FULL`), and the statistics that the planner keeps of values are taken again.

use std::time::{Duration, Instant};

use strongroom_kernel::{
    Table,
    ports::{Erasure, PortError},
};
use tokio::time::sleep;
use tokio_postgres::error::SqlState;

use crate::number::{position, signed};

use super::{error::failed, session::Session};

const OPENINGS: &str = "UPDATE ledger_record SET openings = $2 WHERE sequence = $1";
const EVENT: &str = "DELETE FROM hub_event WHERE position = \
    (SELECT number FROM hub_topic WHERE topic = $1 AND partition = 0) * $2 + $3";
const REPLIES: &str = "DELETE FROM kernel_reply";
/// Tables of ours that may hold what was erased.
const OURS: [&str; 8] = [
    "ledger_record",
    "ledger_term_block",
    "hub_event",
    "kernel_content",
    "kernel_small_content",
    "kernel_object",
    "kernel_reply",
    "kernel_note",
];
/// What the answer says of the server's own log.
const LOG: &str = "PostgreSQL's write-ahead log, its archive and its replicas keep old pages until their segments are \
    written over or removed";
const STATISTICS: &str = "PostgreSQL's statistics of columns may keep old values, since this user may not clear them: as \
    a superuser delete the rows of our tables from pg_statistic, then run VACUUM FULL pg_statistic and ANALYZE";
/// An analysis of an empty table leaves what was known of it.
const FORGET_STATISTICS: &str = "DELETE FROM pg_catalog.pg_statistic WHERE starelid = '";
const CHECKPOINT: &str =
    "this user may not run CHECKPOINT: files of tables as they were go at the server's next one";

const OLD_SNAPSHOTS: &str = "a transaction that was open on this server, or a backup or a replica of it, may have kept \
    old rows: end it and erase again";
/// Who keeps rows as they were at a transaction: a snapshot reaches back to the oldest transaction that was running when
/// it was taken, in whichever database of the server that was. So nothing that old may run anywhere any more, and no
/// older snapshot be in use here, by a replica or by a replication slot.
const WHO_SEES: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot()) <= $1::text::xid8 \
    OR EXISTS (SELECT FROM pg_stat_activity WHERE (datname = current_database() OR backend_type = 'walsender') \
        AND pid <> pg_backend_pid() \
        AND greatest(age(backend_xmin), age(backend_xid)) >= age($1::text::xid8::xid)) \
    OR EXISTS (SELECT FROM pg_replication_slots \
        WHERE greatest(age(xmin), age(catalog_xmin)) >= age($1::text::xid8::xid))";
/// How long others may look at old rows, and how often we ask.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_millis(50));

/// Replaces openings, removes events and all kept replies.
pub(super) async fn erase(session: &mut Session, erasure: &Erasure) -> Result<(), PortError> {
    let failed = failed("erase values");
    let transaction = session.client.transaction().await.map_err(&failed)?;
    for (sequence, openings) in &erasure.openings {
        transaction.execute(OPENINGS, &[&signed(*sequence), openings]).await.map_err(&failed)?;
    }
    for (topic, offset) in &erasure.events {
        let streams = position(1, 0);
        transaction.execute(EVENT, &[topic, &streams, &signed(*offset)]).await.map_err(&failed)?;
    }
    transaction.execute(REPLIES, &[]).await.map_err(&failed)?;
    transaction.commit().await.map_err(&failed)
}

/// Writes `tables` and our own anew.
pub(super) async fn clear_files(
    session: &Session,
    tables: &[&'static Table],
) -> Result<Vec<String>, PortError> {
    let failed = failed("write tables anew");
    let mut unseen = wait_unseen(session).await.map_err(&failed)?;
    let names = OURS.iter().copied().chain(tables.iter().map(|table| table.name));
    let mut cleared = true;
    for name in names {
        cleared &= try_to(session, &format!("{FORGET_STATISTICS}{name}'::regclass")).await?;
        session.client.batch_execute(&format!("VACUUM (FULL, ANALYZE) {name}")).await.map_err(&failed)?;
    }
    unseen &= wait_unseen(session).await.map_err(&failed)?;
    cleared &= try_to(session, "VACUUM (FULL) pg_catalog.pg_statistic").await?;
    let mut caveats = vec![LOG.to_owned()];
    if !unseen {
        caveats.push(OLD_SNAPSHOTS.to_owned());
    }
    if !cleared {
        caveats.push(STATISTICS.to_owned());
    }
    if !try_to(session, "CHECKPOINT").await? {
        caveats.push(CHECKPOINT.to_owned());
    }
    Ok(caveats)
}

/// Waits until nobody can see a row that is removed by now: such rows are written anew like any other. False when
/// somebody still can.
async fn wait_unseen(session: &Session) -> Result<bool, tokio_postgres::Error> {
    let now: String = session.client.query_one("SELECT pg_current_xact_id()::text", &[]).await?.get(0);
    let end = Instant::now() + PATIENCE.0;
    while session.client.query_one(WHO_SEES, &[&now]).await?.get(0) {
        if Instant::now() >= end {
            return Ok(false);
        }
        sleep(PATIENCE.1).await;
    }
    Ok(true)
}

/// Runs what this user may not be allowed to.
async fn try_to(session: &Session, command: &str) -> Result<bool, PortError> {
    match session.client.batch_execute(command).await {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(false),
        Err(error) => Err(failed("write statistics anew")(error)),
    }
}
