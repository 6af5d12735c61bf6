//! From the configuration to the parts: the only place that knows the adapters.

mod anchors;
mod chains;
mod cosigners;
mod downloads;
mod finality;
mod gauges;
mod realms;
mod services;
mod shared;
mod sinks;
mod stores;
mod witnesses;

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use strongroom_kernel::{
    Belongs, Kernel, PackingPart, Parts, Schema,
    ports::{Clock, Rng, SystemClock, SystemRng},
};
use strongroom_ledger::Signer;

use crate::config::Config;

pub(crate) use anchors::{all as anchors, ask_authorities, audits};
pub(crate) use cosigners::{mirror, mirror_face, witness, witness_face};
pub(crate) use services::{Background, Face, services};
pub(crate) use shared::{ask_shared, forward};
pub(crate) use sinks::ask_receivers;
pub(crate) use stores::{Mode, Stores, database, migrate, sealing_key, stores};
pub(crate) use witnesses::{ask_witnesses, policy, witnesses};

/// Tables of the kernel and of all services.
pub(crate) fn schemas() -> Vec<Schema> {
    vec![
        strongroom_kernel::SCHEMA,
        strongroom_bytes::SCHEMA,
        strongroom_tracer::SCHEMA,
        strongroom_custody::SCHEMA,
    ]
}

/// Which rows go with which when a subject is erased: what each service says of its own.
pub(crate) const BELONGS: &[Belongs] = &BELONGING;

const BELONGING: [Belongs; strongroom_bytes::BELONGS.len() + strongroom_tracer::BELONGS.len()] = {
    let services = [strongroom_bytes::BELONGS, strongroom_tracer::BELONGS];
    let mut all = [services[0][0]; strongroom_bytes::BELONGS.len() + strongroom_tracer::BELONGS.len()];
    let (mut service, mut place, mut next) = (0, 0, 0);
    while service < services.len() {
        if place == services[service].len() {
            (service, place) = (service + 1, 0);
        } else {
            all[next] = services[service][place];
            (place, next) = (place + 1, next + 1);
        }
    }
    all
};

/// The time of day.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Nonces, salts, keys.
pub(crate) fn rng() -> Arc<dyn Rng> {
    Arc::new(SystemRng)
}

/// Starts the kernel on `stores`.
///
/// # Errors
/// When what is stored contradicts a published checkpoint, or a part does not answer.
pub(crate) async fn kernel(config: &Config, stores: Stores, signer: Signer) -> Result<Kernel> {
    let (bytes, after) = (config.content.pack_bytes, config.content.pack_after);
    let parts = Parts {
        database: stores.database,
        packs: stores.packs,
        store: stores.store,
        packing: stores.objects.map(|objects| PackingPart { objects, bytes, after }),
        sealer: stores.sealer,
        tiles: stores.tiles,
        checkpoint_copy: stores.checkpoint_copy,
        sinks: sinks::sinks(config)?,
        clock: clock(),
        rng: rng(),
        signer,
        anchors: anchors::of_checkpoints(config)?,
        schemas: schemas(),
        coalesce_reads: config.ledger.coalesce_reads,
    };
    Kernel::start(parts).await.map_err(|error| anyhow!(error.diagnosis())).context("start the ledger")
}
