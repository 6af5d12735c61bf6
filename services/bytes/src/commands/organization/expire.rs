//! Retention by age: scan jobs that ended too long ago go, with their raw files and parser jobs.
//!
//! The age of a job counts from its end, as the scanner told it; a job of which no end is known stays. Deleting is as
//! that of a whole organisation (`remove.rs`), and recorded under a name of its own. One pass reads all jobs in the
//! order of insertion, in pages, so it needs no index and disturbs nobody.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use strongroom_kernel::{Command, Kernel, Kind, Snapshot, Unit, Uuid, Value, ports::Reach};
use strongroom_model::{Caller, Error, Timestamp};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use super::{
    Deleted,
    remove::{Jobs, next_step},
    unexpected,
};
use crate::{BytesState, commands::EXPIRE_JOBS, config::Retention, queries::undecodable};

/// Jobs that are looked at together.
const PAGE: i64 = 1_000;
/// Jobs that are deleted together.
const TOGETHER: usize = 100;
/// How often old jobs are looked for.
const EVERY: Duration = Duration::from_hours(24);

/// One step of deleting old jobs of one organisation.
#[derive(Debug)]
struct ExpireJobs {
    caller: Caller,
    organization: String,
    jobs: Jobs,
}

#[async_trait]
impl Command for ExpireJobs {
    type Reply = Deleted;

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, Deleted), Error> {
        let mut unit = Unit::new(&self.caller, EXPIRE_JOBS);
        unit.about("organization", &self.organization);
        let deleted = next_step(snapshot, &self.organization, &self.jobs, &mut unit).await?;
        Ok((unit, deleted))
    }

    fn unmet(&self, _label: &'static str) -> Error {
        unexpected()
    }
}

/// Deletes all jobs that ended longer ago than `retention` says, with what belongs to them; `heard` is told of each
/// step.
///
/// # Errors
/// `Unavailable`, `StorageFull`; the next call goes on where this one ended.
pub async fn expire_jobs(
    kernel: &Kernel,
    caller: &Caller,
    retention: &Retention,
    mut heard: impl FnMut(Deleted),
) -> Result<Deleted, Error> {
    let now = kernel.clock().now();
    let mut all = Deleted::default();
    let mut after = -1;
    loop {
        let page = page(kernel, after).await?;
        let Some(last) = page.last() else { break };
        after = last.order;
        for (organization, jobs) in old(&page, retention, now) {
            for jobs in jobs.chunks(TOGETHER) {
                let caller = caller.clone();
                let command = ExpireJobs {
                    caller,
                    organization: organization.to_owned(),
                    jobs: Jobs::These(jobs.to_vec()),
                };
                while is_left(kernel, &command).await? {
                    let step = kernel.run(&command).await?.reply;
                    all.add(step);
                    heard(step);
                }
            }
        }
    }
    all.done = true;
    Ok(all)
}

/// Deletes old jobs once a day, until `stop` says true. Does nothing where all is kept for ever.
pub async fn keep_retention(state: BytesState, mut stop: watch::Receiver<bool>) {
    let retention = &state.config().retention;
    if retention.keeps_everything() {
        return;
    }
    let caller = Caller::system("retention");
    let mut rhythm = interval(EVERY);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = rhythm.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let expired = tokio::select! {
            expired = expire_jobs(state.kernel(), &caller, retention, |_| ()) => expired,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match expired {
            Ok(Deleted { boefje_metas: 0, .. }) => {}
            Ok(Deleted { boefje_metas, raw_files, normalizer_metas, .. }) => {
                tracing::info!(boefje_metas, raw_files, normalizer_metas, "old scan jobs were deleted");
            }
            Err(error) => tracing::warn!(error = %error.diagnosis(), "old scan jobs not deleted"),
        }
    }
}

/// A job, as far as its age is concerned.
struct Aged {
    order: i64,
    id: Uuid,
    organization: String,
    ended_at: Option<Timestamp>,
}

async fn page(kernel: &Kernel, after: i64) -> Result<Vec<Aged>, Error> {
    let sql = "SELECT row_order, id, organization, ended_at FROM bytes_boefje_meta WHERE row_order > $1 \
        ORDER BY row_order LIMIT $2";
    let kinds = [Kind::Int, Kind::Id, Kind::Text, Kind::Time];
    let snapshot = kernel.snapshot().await?;
    let rows = snapshot.query(sql, &[Value::Int(after), Value::Int(PAGE)], &kinds, Reach::Scan).await?;
    rows.into_iter()
        .map(|row| match <[Value; 4]>::try_from(row) {
            Ok([Value::Int(order), Value::Id(id), Value::Text(organization), ended]) => {
                let ended_at = if let Value::Time(ended_at) = ended { Some(ended_at) } else { None };
                Ok(Aged { order, id, organization, ended_at })
            }
            _ => Err(undecodable()),
        })
        .collect()
}

/// Those of `page` that ended too long before `now`, by their organisations.
fn old<'a>(page: &'a [Aged], retention: &Retention, now: Timestamp) -> BTreeMap<&'a str, Vec<Uuid>> {
    let mut old: BTreeMap<&str, Vec<Uuid>> = BTreeMap::new();
    for job in page {
        let (Some(ended_at), Some(keep)) = (job.ended_at, retention.of(&job.organization)) else { continue };
        if now.saturating_since(ended_at) > keep {
            old.entry(&job.organization).or_default().push(job.id);
        }
    }
    old
}

/// Whether anything of these jobs is there; a file that came while they went is, too.
async fn is_left(kernel: &Kernel, command: &ExpireJobs) -> Result<bool, Error> {
    let snapshot = kernel.snapshot().await?;
    let (_, step) = command.decide(&snapshot).await?;
    Ok(!step.done)
}
