//! Hands the leaves of this ledger over to a shared one, behind the commits, and keeps its receipts.
//!
//! A cursor over published leaves, kept as a note: every handing over begins where the last receipt ended. What was
//! handed over before a crash is handed over again, and the shared ledger gives the receipt it gave before. A receipt
//! is verified before it is kept, and the cursor is noted after it.

use std::{sync::Arc, time::Duration};

use strongroom_ledger::{Verifier, leaf_hash};
use strongroom_model::{Digest, Error};
use tokio::sync::watch;

use crate::{
    error::from_port,
    kernel::{Inner, Kernel},
    ports::{Note, PortError, PortErrorKind, SharedAnswer, SharedLedger},
    state,
};

use super::shared::{MAX_TOGETHER, ReceiptError, SharedReceipt, path, root};

/// First and longest pause after a failure.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// Where leaves are handed over to.
#[derive(Debug, Clone)]
pub struct ForwardPart {
    /// How it is asked.
    pub shared: Arc<dyn SharedLedger>,
    /// Its key: receipts hold under it.
    pub key: Verifier,
    /// Longest time until fewer leaves than fit together are handed over too.
    pub every: Duration,
}

/// How it goes with the shared ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardState {
    /// Its origin.
    pub name: String,
    /// Leaves for which there is a receipt.
    pub size: u64,
    /// Why the last handing over failed.
    pub failing: Option<String>,
    /// It has other leaves of this ledger, or more than there are.
    pub contradicts: bool,
    prefix: String,
    key: Verifier,
}

impl ForwardState {
    fn receipt(&self, first: u64) -> String {
        format!("{}receipt/{first:020}", self.prefix)
    }

    fn cursor(&self) -> String {
        format!("{}cursor", self.prefix)
    }
}

/// Why leaves were not handed over.
#[derive(Debug, thiserror::Error)]
enum Unsent {
    #[error("{0}")]
    Port(#[from] PortError),
    #[error("it answers with status {status}: {text}")]
    Refused { status: u16, text: String },
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    #[error("its receipt is about other leaves than were handed over")]
    Other,
    #[error("it has receipts for {taken} leaves, this ledger has {own}: the ledger was rolled back")]
    Behind { taken: u64, own: u64 },
}

impl Unsent {
    fn contradicts(&self) -> bool {
        matches!(self, Self::Behind { .. } | Self::Refused { status: 409, .. } | Self::Other)
    }
}

/// A receipt that is kept, and what makes it the receipt of one leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReceipt {
    /// As the shared ledger gave it.
    pub text: String,
    /// The hashes between the leaf and the root in it.
    pub path: Vec<strongroom_ledger::Hash>,
}

impl Kernel {
    /// Hands leaves over to a shared ledger from now on, beside the commits.
    pub fn forward(&self, part: ForwardPart) {
        let name = part.key.name().to_string();
        let prefix = format!("shared/{}/", Digest::of(part.key.to_string().as_bytes()));
        let state =
            ForwardState { name, size: 0, failing: None, contradicts: false, prefix, key: part.key.clone() };
        *self.inner.forwarding.lock() = Some(state);
        self.follow(|inner, stop| run(inner, part, stop));
    }

    /// How it goes with the shared ledger, if there is one.
    pub fn forwarding(&self) -> Option<ForwardState> {
        self.inner.forwarding.lock().clone()
    }

    /// The receipt of the shared ledger for the leaf at `index`, if it was given yet.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when what was kept is not a receipt.
    pub async fn shared_receipt(&self, index: u64) -> Result<Option<KeptReceipt>, Error> {
        let Some(state) = self.forwarding() else { return Ok(None) };
        let (inner, group) = (&self.inner, index - index % MAX_TOGETHER);
        let prefix = state.receipt(0);
        let prefix = &prefix[..prefix.len() - 20];
        // names sort as their numbers, and `!` before all digits
        let after = group.checked_sub(1).map_or_else(|| format!("{prefix}!"), |before| state.receipt(before));
        let most = usize::try_from(index - group + 1).unwrap_or(usize::MAX);
        let notes = inner.database.notes(&after, most).await.map_err(from_port)?;
        let last = state.receipt(index);
        let found = notes.into_iter().rfind(|(name, _)| name.starts_with(prefix) && *name <= last);
        let Some((name, sealed)) = found else { return Ok(None) };
        let text = state::open_note(&inner.ledger.verifier(), &name, &sealed).map_err(from_port)?;
        let corrupt =
            |error: ReceiptError| from_port(PortError::corrupt("a kept receipt").with_source(error));
        let receipt = SharedReceipt::verify(&text, &state.key).map_err(corrupt)?;
        if index >= receipt.first + receipt.leaves {
            return Ok(None);
        }
        let leaves =
            inner.database.leaves(receipt.first, most_of(receipt.leaves)).await.map_err(from_port)?;
        let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let path = path(most_of(index - receipt.first), &hashes);
        Ok(Some(KeptReceipt { text: String::from_utf8_lossy(&text).into_owned(), path }))
    }
}

fn most_of(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Hands over until `stop` says true.
async fn run(inner: Arc<Inner>, part: ForwardPart, mut stop: watch::Receiver<bool>) {
    let mut cursor = None;
    let first = PAUSE.0.min(part.every);
    let mut pause = first;
    loop {
        let step = tokio::select! {
            step = step(&inner, &part, &mut cursor) => step,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let wait = match step {
            Ok(true) => continue,
            Ok(false) => {
                pause = first;
                part.every
            }
            Err(error) => {
                tell(&inner, &error);
                let wait = pause;
                pause = (pause * 2).min(PAUSE.1);
                wait
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// One handing over; true when more leaves wait that fill another one.
async fn step(inner: &Inner, part: &ForwardPart, cursor: &mut Option<u64>) -> Result<bool, Unsent> {
    let Some(state) = inner.forwarding.lock().clone() else { return Ok(false) };
    let from = if let Some(from) = *cursor {
        from
    } else {
        let from = begin(inner, &state).await?;
        // receipts are kept whether the shared ledger is there or not
        note(inner, |state| state.size = from);
        from
    };
    *cursor = Some(from);
    let own = inner.ledger.published().size;
    if from > own {
        return Err(Unsent::Behind { taken: from, own });
    }
    let end = own.min(from - from % MAX_TOGETHER + MAX_TOGETHER);
    if end == from {
        note(inner, |state| (state.size, state.failing, state.contradicts) = (from, None, false));
        return Ok(false);
    }
    let leaves = inner.database.leaves(from, most_of(end - from)).await?;
    let (text, receipt) = match part.shared.take(inner.ledger.origin(), from, &leaves).await? {
        SharedAnswer::Taken(text) => {
            let receipt = SharedReceipt::verify(&text, &part.key)?;
            (text, receipt)
        }
        SharedAnswer::Refused { status, text } => return Err(Unsent::Refused { status, text }),
    };
    let hashes: Vec<_> = leaves.iter().take(most_of(receipt.leaves)).map(|leaf| leaf_hash(leaf)).collect();
    let ours = receipt.ledger == inner.ledger.origin() && receipt.first == from;
    if !ours || hashes.len() as u64 != receipt.leaves || root(&hashes) != receipt.root {
        return Err(Unsent::Other);
    }
    let behind = from + receipt.leaves;
    // in this order: a cursor is never durable before the receipts below it
    inner.queue.push_note(Note { key: state.receipt(from), value: Some(text) });
    inner.queue.push_note(Note { key: state.cursor(), value: Some(behind.to_string().into_bytes()) });
    *cursor = Some(behind);
    note(inner, |state| (state.size, state.failing, state.contradicts) = (behind, None, false));
    Ok(behind < end || own >= behind - behind % MAX_TOGETHER + MAX_TOGETHER)
}

/// Where the last receipt ended.
async fn begin(inner: &Inner, state: &ForwardState) -> Result<u64, PortError> {
    let stored = match inner.recall(&state.cursor()).await {
        Ok(stored) => stored,
        // from the beginning: the shared ledger gives all receipts again
        Err(error) if error.kind == PortErrorKind::Corrupt => {
            tracing::error!(error = %error, "cursor not believed, all leaves are handed over again");
            None
        }
        Err(error) => return Err(error),
    };
    let read = stored.and_then(|text| String::from_utf8(text).ok()?.parse().ok());
    Ok(read.unwrap_or_default())
}

fn note(inner: &Inner, change: impl FnOnce(&mut ForwardState)) {
    if let Some(state) = inner.forwarding.lock().as_mut() {
        change(state);
    }
}

fn tell(inner: &Inner, error: &Unsent) {
    let mut before = None;
    note(inner, |state| {
        before = state.failing.replace(error.to_string());
        state.contradicts = error.contradicts();
    });
    if error.contradicts() {
        tracing::error!(%error, "THE SHARED LEDGER HOLDS OTHER LEAVES of this ledger");
    } else if before.is_none() {
        tracing::warn!(%error, "leaves not handed over to the shared ledger, tried again later");
    }
}
