//! What runs beside the requests: sweeping, scrubbing, and what services do in the background.

use std::time::Duration;

use strongroom_kernel::Kernel;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::{assemble::Background, config::Config};

/// Contents of one step of the scrub: small, so that it disturbs no reader.
const SCRUB_STEP: u32 = 10;

/// How often announced events whose time is over are forgotten.
const FORGET_EVERY: Duration = Duration::from_hours(1);

/// How often the database is asked for small content that waits, at most.
const PACK_EVERY: Duration = Duration::from_secs(10);

/// Background work under way.
pub(super) struct Upkeep(JoinSet<()>);

/// Starts all background work; it ends when `stopped` says true.
pub(super) fn start(
    config: &Config,
    kernel: &Kernel,
    services: Vec<Background>,
    stopped: &watch::Receiver<bool>,
) -> Upkeep {
    let mut tasks = JoinSet::new();
    for work in services {
        tasks.spawn(work(stopped.clone()));
    }
    tasks.spawn(until(stopped.clone(), sweep(kernel.clone(), config.upkeep.sweep_every)));
    tasks.spawn(until(stopped.clone(), forget(kernel.clone(), config.upkeep.keep_events)));
    if kernel.packing().is_some() {
        let every = PACK_EVERY.min(config.content.pack_after);
        tasks.spawn(until(stopped.clone(), pack(kernel.clone(), every)));
    }
    if config.upkeep.scrub_per_minute > 0 {
        tasks.spawn(until(stopped.clone(), scrub(kernel.clone(), config.upkeep.scrub_per_minute)));
    }
    Upkeep(tasks)
}

impl Upkeep {
    /// Waits until all of it has ended.
    pub(super) async fn finish(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

async fn until(mut stopped: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

/// Deletes content that nobody refers to: what a crash left at once, the rest on its rhythm.
async fn sweep(kernel: Kernel, every: Duration) {
    match kernel.sweep_orphans().await {
        Ok(0) => {}
        Ok(deleted) => tracing::info!(deleted, "content of uploads that never ended was deleted"),
        Err(error) => {
            tracing::warn!(error = %error.diagnosis(), "content of uploads that never ended not deleted");
        }
    }
    let mut rhythm = interval(every);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rhythm.tick().await;
        match kernel.sweep().await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "content nobody refers to was deleted"),
            Err(error) => tracing::warn!(error = %error.diagnosis(), "content nobody refers to not deleted"),
        }
        match kernel.compact_objects().await {
            Ok(0) => {}
            Ok(objects) => tracing::info!(objects, "objects of small content were written anew or removed"),
            Err(error) => {
                tracing::warn!(error = %error.diagnosis(), "objects of small content not written anew");
            }
        }
    }
}

/// Moves small content that waits in the database into objects.
async fn pack(kernel: Kernel, every: Duration) {
    let mut rhythm = interval(every);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rhythm.tick().await;
        loop {
            match kernel.pack().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(error = %error.diagnosis(), "small content stays in the database for now");
                    break;
                }
            }
        }
    }
}

/// Forgets announced events whose time is over.
async fn forget(kernel: Kernel, keep: Duration) {
    let mut rhythm = interval(FORGET_EVERY);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rhythm.tick().await;
        for topic in strongroom_bytes::TOPICS {
            match kernel.forget_events(topic, keep).await {
                Ok(0) => {}
                Ok(forgotten) => tracing::info!(topic, forgotten, "announced events were forgotten"),
                Err(error) => {
                    tracing::warn!(topic, error = %error.diagnosis(), "announced events not forgotten");
                }
            }
        }
    }
}

/// Reads stored content again, round and round; the kernel keeps the position over restarts.
async fn scrub(kernel: Kernel, per_minute: u32) {
    let step = SCRUB_STEP.min(per_minute);
    let pause = Duration::from_mins(1) * step / per_minute;
    let mut rhythm = interval(pause);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rhythm.tick().await;
        match kernel.scrub_step(step as usize).await {
            Ok(seen) => {
                for finding in seen.broken {
                    tracing::error!(finding, "stored content is not what was stored");
                }
            }
            Err(error) => tracing::warn!(error = %error.diagnosis(), "stored content not verified"),
        }
    }
}
