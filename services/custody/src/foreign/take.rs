//! Taking leaves: once, in order, and the same receipt whenever they come again.

use std::time::Duration;

use async_trait::async_trait;
use strongroom_kernel::{
    Command, Kernel, ProofError, Row as _, Snapshot, State, Unit, UnitResult, Value, from_port,
    ports::{Reach, RowFilter, StoredRecord},
    shared::{NOUNS, SharedReceipt, TAKE_LEAVES, root},
};
use strongroom_ledger::{Hash, leaf_hash};
use strongroom_model::{Caller, Digest, Error, ErrorKind};

use super::ForeignLeaves;

/// How long a receipt waits for the checkpoint that covers it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Leaves that are handed over.
#[derive(Debug)]
pub(super) struct Handed {
    pub(super) sender: Caller,
    pub(super) ledger: String,
    pub(super) first: u64,
    pub(super) hashes: Vec<Hash>,
}

impl Handed {
    fn key(&self) -> Vec<Value> {
        vec![
            Value::Text(self.sender.name.clone()),
            Value::Text(self.ledger.clone()),
            Value::Int(number(self.first)),
        ]
    }

    fn row(&self) -> ForeignLeaves {
        ForeignLeaves {
            sender: self.sender.name.clone(),
            ledger: self.ledger.clone(),
            first_leaf: number(self.first),
            leaves: number(self.hashes.len() as u64),
            root: Digest::from_bytes(*root(&self.hashes).as_bytes()),
        }
    }

    /// The record of them, without a row.
    fn unit(&self) -> Unit {
        let mut unit = Unit::new(&self.sender, TAKE_LEAVES);
        let [ledger, range, over] = NOUNS;
        unit.about(ledger, &self.ledger);
        unit.about(range, SharedReceipt::range(self.first, self.hashes.len() as u64));
        unit.about(over, root(&self.hashes));
        unit
    }

    /// Whether the leaves begin with those of `row`.
    fn begin_with(&self, row: &ForeignLeaves) -> bool {
        let taken = usize::try_from(row.leaves).ok().and_then(|leaves| self.hashes.get(..leaves));
        taken.is_some_and(|taken| root(taken).as_bytes() == row.root.as_bytes())
    }
}

/// Numbers of leaves are below 2⁶³: looked at when the request is read.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[async_trait]
impl Command for Handed {
    type Reply = ();

    async fn decide(&self, snapshot: &Snapshot) -> Result<(Unit, ()), Error> {
        let last: Vec<ForeignLeaves> = snapshot
            .select(
                "WHERE sender = $1 AND ledger = $2 ORDER BY first_leaf DESC LIMIT 1",
                &self.key()[..2],
                Reach::Point,
            )
            .await?;
        let end = last.first().map_or(0, |last| last.first_leaf + last.leaves);
        if end != number(self.first) {
            let text =
                format!("{end} leaves of this ledger were handed over, so that the next begins at {end}");
            return Err(Error::new(ErrorKind::Conflict, text));
        }
        let mut unit = self.unit();
        unit.put(&self.row(), State::Absent.or("handed_over_already"));
        Ok((unit, ()))
    }
}

/// Takes the leaves unless they were taken, and gives the receipt.
///
/// # Errors
/// `Conflict` when they do not follow those that were taken, or are others; `Unavailable`: then they may have been
/// taken, and whoever asks again is told.
pub(super) async fn take(kernel: &Kernel, handed: &Handed) -> Result<String, Error> {
    let mut taken = find(kernel, handed).await?;
    if taken.is_none() {
        let outcome = kernel.run(handed).await;
        taken = find(kernel, handed).await?;
        if let (None, Err(error)) = (&taken, outcome) {
            return Err(error);
        }
    }
    let Some((row, sequence)) = taken else {
        return Err(Error::new(ErrorKind::Unavailable, "it could not be read back, try again"));
    };
    if !handed.begin_with(&row) {
        let mut unit = handed.unit();
        unit.result = UnitResult::Refused("other_leaves");
        kernel.record(unit).await?;
        tracing::error!(
            ledger = handed.ledger,
            first = handed.first,
            "OTHER LEAVES: a ledger handed over other leaves than before under the same indexes"
        );
        let text = "other or more leaves were handed over under these indexes: the ledger was rewritten";
        return Err(Error::new(ErrorKind::Conflict, text));
    }
    let late =
        |_| Error::new(ErrorKind::Unavailable, "they were taken, the receipt is not there yet: ask again");
    tokio::time::timeout(PATIENCE, receipt(kernel, sequence)).await.map_err(late)?
}

/// The row of leaves that were taken from this index on, and the sequence of its unit.
async fn find(kernel: &Kernel, handed: &Handed) -> Result<Option<(ForeignLeaves, u64)>, Error> {
    let key = handed.key();
    let rows = kernel.database().rows(ForeignLeaves::TABLE, RowFilter::Key(&key)).await.map_err(from_port)?;
    let Some(stored) = rows.into_iter().next() else { return Ok(None) };
    let row = ForeignLeaves::from_values(stored.values).map_err(from_port)?;
    Ok(Some((row, stored.version)))
}

/// The receipt of the unit with this sequence, once a published checkpoint covers its leaf.
async fn receipt(kernel: &Kernel, sequence: u64) -> Result<String, Error> {
    let internal = |text: String| Error::new(ErrorKind::Internal, "internal error").with_context(text);
    let ledger = kernel.ledger();
    let mut published = ledger.watch();
    loop {
        published.borrow_and_update();
        let record = kernel.database().record(sequence).await.map_err(from_port)?;
        let record: StoredRecord = record.ok_or_else(|| internal("a row's record is missing".to_owned()))?;
        match ledger.inclusion_proof(record.index).await {
            // a record that has no index yet gives its sequence, which is another leaf's index
            Ok(proof) => {
                let key = ledger.verifier();
                if proof.verify(leaf_hash(&record.leaf), ledger.origin(), &[key]).is_ok() {
                    return SharedReceipt::print(&record, &proof)
                        .map_err(|error| internal(error.to_string()));
                }
            }
            Err(ProofError::NotPublished) => {}
            Err(error) => return Err(internal(error.to_string())),
        }
        if published.changed().await.is_err() {
            return Err(Error::new(ErrorKind::Unavailable, "the ledger is closing"));
        }
    }
}
