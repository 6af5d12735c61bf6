//! The witness: a book per log, one key.

use std::{collections::HashMap, sync::Arc};

use strongroom_kernel::ports::{Clock, PortError};
use strongroom_ledger::{AddCheckpoint, Cosigner, Verifier};

use crate::{
    book::{Book, Refused},
    counts::{Counts, Figures, count, figure},
    keeper::Keeper,
    logs::Logs,
};

/// Cosigns checkpoints of the logs it knows. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Witness {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// By origin.
    books: HashMap<String, Book>,
    cosigner: Cosigner,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    counts: Counts,
}

impl Witness {
    /// Opens the books of all `logs`.
    ///
    /// # Errors
    /// When what was kept cannot be read or is not what was kept.
    pub async fn open(
        logs: &Logs,
        cosigner: Cosigner,
        keeper: Keeper,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, PortError> {
        let mut books = HashMap::new();
        for log in logs.iter() {
            let book = Book::open("witness", Arc::clone(log), &keeper).await?;
            books.insert(log.origin().to_owned(), book);
        }
        let inner = Inner { books, cosigner, keeper, clock, counts: Counts::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The key its cosignatures verify under.
    pub fn verifier(&self) -> Verifier {
        self.inner.cosigner.verifier()
    }

    /// What a metrics page says of it.
    pub fn figures(&self) -> Figures {
        let mut figures = self.inner.counts.figures();
        figures.push(("witness_logs", "Logs it knows", figure(self.inner.books.len() as u64)));
        figures
    }

    /// Cosigns: the line of the signature, when the state behind it is durable. `None`: the log is not known.
    pub(crate) async fn add_checkpoint(&self, request: &AddCheckpoint) -> Option<Result<String, Refused>> {
        let Inner { books, cosigner, keeper, clock, counts } = &*self.inner;
        let Some(book) = books.get(request.origin()) else {
            count(&counts.unknown);
            return None;
        };
        // read before the book is locked: at that time nothing larger had been seen
        let time = u64::try_from(clock.now().micros() / 1_000_000).unwrap_or_default();
        let taken = match book.take(request, Some((cosigner, time)), keeper, counts) {
            Ok(taken) => taken,
            Err(refused) => return Some(Err(refused)),
        };
        let settled = book.settle(taken).await.map(|latest| {
            count(&counts.cosigned);
            let verifier = self.verifier();
            let own = latest.note.signatures().iter().filter(|signature| verifier.made(signature));
            own.map(ToString::to_string).collect()
        });
        Some(settled)
    }

    /// The book of the log whose origin has this hash.
    pub(crate) fn book(&self, hash: &str) -> Option<&Book> {
        self.inner.books.values().find(|book| book.log().hash() == hash)
    }

    pub(crate) fn keeper(&self) -> &Keeper {
        &self.inner.keeper
    }
}
