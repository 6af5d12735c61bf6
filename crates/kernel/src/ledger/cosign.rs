//! Published checkpoints cosigned by witnesses, behind the commits (`c2sp.org/tlog-witness`, `c2sp.org/tlog-policy`).
//!
//! One checkpoint at a time is the target. Every witness is asked for it by a task of its own, so that a slow one
//! holds nobody up; when those that answered make the quorum, the checkpoint with their cosignatures is kept and
//! served, and the newest published one becomes the target. No commit ever waits for any of this.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use strongroom_ledger::{AddCheckpoint, Note, Policy, Signature, Verifier};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

use crate::ports::{PortError, Witness, WitnessAnswer};

use super::{LedgerView, ProofError, Published};

/// How long a checkpoint waits for its quorum while newer ones are there.
const PATIENCE: Duration = Duration::from_secs(30);
/// First and longest pause after a witness did not cosign.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));
/// Requests for one cosignature: the first may begin at the wrong size, and so may a second.
const TRIES: usize = 4;

/// Who cosigns, and when he is asked.
#[derive(Debug, Clone)]
pub struct WitnessPart {
    /// What is a quorum.
    pub policy: Policy,
    /// How witnesses are asked, by their place in the policy; those left out are not asked.
    pub witnesses: Vec<(usize, Arc<dyn Witness>)>,
    /// Least time between two checkpoints that are sent to witnesses.
    pub every: Duration,
}

/// How it goes with one witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessState {
    /// Its name in the policy.
    pub name: String,
    /// Leaves of the last checkpoint it cosigned since the start.
    pub size: u64,
    /// Why it did not cosign when it was asked last.
    pub failing: Option<String>,
    /// It has seen a larger tree than this ledger has, or another history of the same length.
    pub contradicts: bool,
}

/// What is known of cosignatures.
#[derive(Debug, Default)]
pub(super) struct Cosigning {
    latest: watch::Sender<Option<Arc<Published>>>,
    states: Mutex<Vec<WitnessState>>,
}

impl Cosigning {
    pub(super) fn new(latest: Option<Published>) -> Self {
        Self { latest: watch::Sender::new(latest.map(Arc::new)), states: Mutex::default() }
    }
}

/// Name of the file with the latest checkpoint that a quorum cosigned.
pub(crate) const COSIGNED: &str = "checkpoint.cosigned";

impl LedgerView {
    /// The latest checkpoint that a quorum of witnesses cosigned, with their signatures.
    pub fn cosigned(&self) -> Option<Arc<Published>> {
        self.inner.cosigning.latest.borrow().clone()
    }

    /// Follows the cosigned checkpoint.
    pub fn watch_cosigned(&self) -> watch::Receiver<Option<Arc<Published>>> {
        self.inner.cosigning.latest.subscribe()
    }

    /// The latest published checkpoint, with cosignatures if a quorum has cosigned this very one.
    pub fn served(&self) -> Arc<Published> {
        let published = self.published();
        self.cosigned().filter(|cosigned| cosigned.size == published.size).unwrap_or(published)
    }

    /// How it goes with each witness that is asked.
    pub fn witnesses(&self) -> Vec<WitnessState> {
        self.inner.cosigning.states.lock().clone()
    }

    async fn announce_cosigned(&self, cosigned: Published) -> Result<(), PortError> {
        self.inner.tiles.write(COSIGNED, cosigned.text.as_bytes()).await?;
        self.inner.cosigning.latest.send_replace(Some(Arc::new(cosigned)));
        Ok(())
    }

    fn note_state(&self, row: usize, change: impl FnOnce(&mut WitnessState)) {
        if let Some(state) = self.inner.cosigning.states.lock().get_mut(row) {
            change(state);
        }
    }
}

/// A verified cosignature.
struct Found {
    place: usize,
    size: u64,
    signature: Signature,
}

/// Asks witnesses until `stop` says true.
pub(crate) async fn run(view: LedgerView, part: WitnessPart, mut stop: watch::Receiver<bool>) {
    let WitnessPart { policy, witnesses, every } = part;
    let known = |(place, _): &(usize, _)| WitnessState {
        name: policy.witnesses()[*place].name.clone(),
        size: 0,
        failing: None,
        contradicts: false,
    };
    *view.inner.cosigning.states.lock() = witnesses.iter().map(known).collect();
    let (targets, _) = watch::channel(view.published());
    let (found, mut results) = mpsc::channel(64);
    let mut tasks = JoinSet::new();
    for (row, (place, witness)) in witnesses.into_iter().enumerate() {
        let verifier = policy.witnesses()[place].verifier.clone();
        let asked = Asked { view: view.clone(), row, place, witness, verifier, found: found.clone() };
        tasks.spawn(follow(asked, targets.subscribe()));
    }
    drop(found);
    let mut round = Round::new(view.published());
    let mut rhythm = interval(every.max(Duration::from_millis(1)));
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Some(found) = results.recv() => {
                round.add(found, &policy);
                if let Some(cosigned) = round.take_cosigned()
                    && let Err(error) = view.announce_cosigned(cosigned).await
                {
                    tracing::error!(error = %error, source = ?error.source, "cosigned checkpoint not kept");
                }
            }
            _ = rhythm.tick() => {
                let newest = view.published();
                if round.may_end(&newest, every) {
                    round = Round::new(Arc::clone(&newest));
                    targets.send_replace(newest);
                }
            }
            () = stopped(&mut stop) => return,
        }
    }
}

/// Ends when `stop` says true, or nobody can say so any more.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// One target and the cosignatures it has.
struct Round {
    target: Arc<Published>,
    begun: Instant,
    signatures: BTreeMap<usize, Signature>,
    met: bool,
    fresh: bool,
}

impl Round {
    fn new(target: Arc<Published>) -> Self {
        Self { target, begun: Instant::now(), signatures: BTreeMap::new(), met: false, fresh: false }
    }

    fn add(&mut self, found: Found, policy: &Policy) {
        if found.size != self.target.size {
            return;
        }
        self.signatures.insert(found.place, found.signature);
        self.met = policy.is_met(|place| self.signatures.contains_key(&place));
        self.fresh = self.met;
    }

    /// The target with its cosignatures, if they make the quorum and there is a new one.
    fn take_cosigned(&mut self) -> Option<Published> {
        if !std::mem::take(&mut self.fresh) {
            return None;
        }
        let mut note = Note::parse(self.target.text.as_bytes()).ok()?;
        for signature in self.signatures.values() {
            note.add(signature.clone());
        }
        Some(Published { size: self.target.size, root: self.target.root, text: note.to_string() })
    }

    fn may_end(&self, newest: &Published, every: Duration) -> bool {
        let waited = self.begun.elapsed();
        newest.size > self.target.size
            && (waited >= PATIENCE || (self.met && waited >= every) || self.target.size == 0)
    }
}

/// One witness and what its task needs.
struct Asked {
    view: LedgerView,
    row: usize,
    place: usize,
    witness: Arc<dyn Witness>,
    verifier: Verifier,
    found: mpsc::Sender<Found>,
}

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
enum Uncosigned {
    #[error("{0}")]
    Port(PortError),
    #[error("make the consistency proof: {0}")]
    Proof(#[from] ProofError),
    #[error("make the request: {0}")]
    Request(String),
    #[error("it answers with status {status}: {text}")]
    Refused { status: u16, text: String },
    #[error("it answers without a good signature under its key")]
    Unsigned,
    #[error(
        "it cosigned {seen} leaves, this ledger has {own}: the ledger was rolled back, or its key is used elsewhere"
    )]
    Ahead { seen: u64, own: u64 },
    #[error("it does not say twice alike how many leaves it cosigned")]
    Restless,
}

impl Uncosigned {
    /// Whether it means that somebody was shown another history.
    fn contradicts(&self) -> bool {
        matches!(self, Self::Ahead { .. } | Self::Refused { status: 422, .. })
    }
}

/// Has every target cosigned by one witness; after a failure the newest one, a while later.
async fn follow(asked: Asked, mut targets: watch::Receiver<Arc<Published>>) {
    // what it was shown in an earlier life; it says so itself if it is not right
    let mut old = asked.view.cosigned().map_or(0, |cosigned| cosigned.size);
    let mut failures = 0_u32;
    loop {
        let target = Arc::clone(&targets.borrow_and_update());
        if target.size > 0 {
            match cosign(&asked, &mut old, &target).await {
                Ok(signature) => {
                    failures = 0;
                    asked.view.note_state(asked.row, |state| {
                        state.size = target.size;
                        state.failing = None;
                        state.contradicts = false;
                    });
                    let found = Found { place: asked.place, size: target.size, signature };
                    if asked.found.send(found).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tell(&asked, &error, failures);
                    tokio::time::sleep((PAUSE.0 * 2_u32.saturating_pow(failures.min(10))).min(PAUSE.1)).await;
                    failures += 1;
                    continue;
                }
            }
        }
        if targets.changed().await.is_err() {
            return;
        }
    }
}

fn tell(asked: &Asked, error: &Uncosigned, failures: u32) {
    let mut name = String::new();
    asked.view.note_state(asked.row, |state| {
        name.clone_from(&state.name);
        state.failing = Some(error.to_string());
        state.contradicts = error.contradicts();
    });
    if error.contradicts() {
        tracing::error!(witness = name, %error, "THE WITNESS HOLDS ANOTHER HISTORY of this ledger");
    } else if failures == 0 {
        tracing::warn!(witness = name, %error, "checkpoint not cosigned, tried again later");
    } else {
        tracing::debug!(witness = name, %error, failures, "checkpoint not cosigned, tried again later");
    }
}

/// Has `target` cosigned; `old` is what the witness is believed to have cosigned last.
async fn cosign(asked: &Asked, old: &mut u64, target: &Published) -> Result<Signature, Uncosigned> {
    let note = Note::parse(target.text.as_bytes()).map_err(|error| Uncosigned::Request(error.to_string()))?;
    for _ in 0..TRIES {
        let own = asked.view.size();
        if *old > target.size {
            return Err(Uncosigned::Ahead { seen: *old, own });
        }
        let proof = if *old == 0 || *old == target.size {
            Vec::new()
        } else {
            asked.view.consistency_proof(*old, target.size).await?
        };
        let request = AddCheckpoint::new(*old, proof, note.clone())
            .map_err(|error| Uncosigned::Request(error.to_string()))?;
        match asked.witness.add_checkpoint(&request).await.map_err(Uncosigned::Port)? {
            WitnessAnswer::Cosigned(signatures) => {
                let good = signatures.into_iter().find(|signature| {
                    asked.verifier.made(signature) && asked.verifier.verify(note.text(), signature.bytes())
                });
                let signature = good.ok_or(Uncosigned::Unsigned)?;
                *old = target.size;
                return Ok(signature);
            }
            WitnessAnswer::Latest(seen) if seen > target.size => {
                // asked again from nothing next time, in case it only misspoke
                *old = 0;
                return Err(Uncosigned::Ahead { seen, own });
            }
            WitnessAnswer::Latest(seen) => *old = seen,
            WitnessAnswer::Refused { status, text } => return Err(Uncosigned::Refused { status, text }),
        }
    }
    Err(Uncosigned::Restless)
}
