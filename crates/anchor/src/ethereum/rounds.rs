//! Brings what is under way into blocks: one caller at a time does a round for all.
//!
//! A round looks where each transaction is, sends again what the node has lost, replaces what pays too little, moves
//! what has lost its nonce to somebody else's transaction, and notes what has its confirmations. Whoever waits for a
//! text does a round when the last is a while ago, so there is no task to be stopped, and a caller who gives up
//! leaves nothing half done: everything is in the book before it is sent.

use std::{collections::HashMap, sync::Arc};

use alloy_primitives::B256;
use parking_lot::Mutex;
use strongroom_kernel::ports::{PortError, PortErrorKind};
use tokio::time::Instant;

use super::{
    Ethereum, Link, Writing,
    book::{Attempt, Book, Entry, Nonce},
    chain::{Confirmed, Progress},
    data_of,
    refusal::{self, Refusal},
    rpc::RpcError,
    transaction::{self, Fees},
};

/// Most transactions under way; further texts wait for their turn.
const MOST_UNDER_WAY: usize = 64;
/// Most transactions signed for one text; after that the last one is only sent again.
const MOST_ATTEMPTS: usize = 64;
/// Rounds running in which a nonce must be somebody else's: a node may count a block before it shows its receipts.
const ROUNDS_GONE: u32 = 3;
/// How often one call raises the fees before it leaves the rest to the next round.
const RAISES: usize = 8;

/// What only the one caller has who works.
#[derive(Debug, Default)]
pub(super) struct Desk {
    book: Option<Arc<Mutex<Book>>>,
    last_round: Option<Instant>,
    /// When each text's current transaction was first sent by this process.
    sent: HashMap<B256, Instant>,
    /// In how many rounds running a text's nonce was used while none of its transactions was in a block.
    gone: HashMap<B256, u32>,
    /// Why a text cannot be sent, until whoever waits for it asks.
    trouble: HashMap<B256, PortError>,
}

impl Ethereum {
    /// One look at `text`: has it sent if it is new, does a round if one is due, gives its proof if it has one.
    pub(super) async fn work(
        &self,
        writing: &Writing,
        text: B256,
        first: bool,
    ) -> Result<Option<String>, PortError> {
        let mut desk = self.desk.lock().await;
        let book = self.open(&mut desk, writing).await?;
        let (found, under_way) = {
            let book = book.lock();
            (book.find(&text).cloned(), book.under_way().len())
        };
        match found {
            None if under_way >= MOST_UNDER_WAY => {}
            None => self.begin(&mut desk, writing, &book, text).await?,
            // Was settled before this call, so the chain is asked whether it still is.
            Some(Entry { attempts, settled: Some(link) }) if first => {
                self.same_chain().await?;
                if self.anywhere(&attempts).await? {
                    return Ok(Some(link));
                }
                change(&book, move |book| book.revive(text)).await?;
            }
            Some(_) => {}
        }
        if desk.last_round.is_none_or(|last| last.elapsed() >= self.settings.poll) {
            let done = self.round(&mut desk, writing, &book).await;
            desk.last_round = Some(Instant::now());
            done?;
        }
        if let Some(trouble) = desk.trouble.remove(&text) {
            return Err(trouble);
        }
        let settled = book.lock().find(&text).and_then(|entry| entry.settled.clone());
        Ok(settled)
    }

    async fn open(&self, desk: &mut Desk, writing: &Writing) -> Result<Arc<Mutex<Book>>, PortError> {
        if let Some(book) = &desk.book {
            return Ok(Arc::clone(book));
        }
        let (path, chain, address) =
            (writing.book.clone(), self.settings.chain_id, writing.account.address());
        let opened = blocking(move || Book::open(&path, chain, address)).await?;
        Ok(Arc::clone(desk.book.insert(Arc::new(Mutex::new(opened)))))
    }

    /// Signs, notes and sends the first transaction for a text.
    async fn begin(
        &self,
        desk: &mut Desk,
        writing: &Writing,
        book: &Arc<Mutex<Book>>,
        text: B256,
    ) -> Result<(), PortError> {
        self.same_chain().await?;
        let address = writing.account.address();
        // what the chain has lost takes its old place, before anything new does
        Self::revive_lost(desk, book, self.chain.next_nonce(address).await?).await?;
        let free = self.chain.next_free_nonce(address).await?;
        let fees = self.settings.fees.suggest(&self.chain).await?;
        self.attempt(writing, book, text, Nonce::From(free), fees).await?;
        self.submit(desk, writing, book, text).await
    }

    /// Signs a transaction and makes it durable.
    async fn attempt(
        &self,
        writing: &Writing,
        book: &Arc<Mutex<Book>>,
        text: B256,
        nonce: Nonce,
        fees: Fees,
    ) -> Result<(), PortError> {
        let (account, chain) = (writing.account.clone(), self.settings.chain_id);
        change(book, move |book| {
            book.attempt(text, nonce, fees, |nonce| {
                transaction::sign(&account, chain, nonce, fees, data_of(&text))
            })
        })
        .await
    }

    /// Hands the current transaction of a text to the node, with higher fees if it asks for more.
    async fn submit(
        &self,
        desk: &mut Desk,
        writing: &Writing,
        book: &Arc<Mutex<Book>>,
        text: B256,
    ) -> Result<(), PortError> {
        for _ in 0..RAISES {
            let Some((attempt, tries)) = current(book, &text) else { return Ok(()) };
            let (code, message) = match self.chain.send(&attempt.signed.raw).await {
                Ok(()) => {
                    desk.sent.insert(text, Instant::now());
                    return Ok(());
                }
                Err(RpcError::Node { code, message }) => (code, message),
                Err(error) => return Err(error.into()),
            };
            match refusal::meaning(&message) {
                Refusal::Known => {
                    desk.sent.entry(text).or_insert_with(Instant::now);
                    return Ok(());
                }
                // The next round sees why: our own transaction is in a block, somebody else's is, or others of ours
                // must come first.
                Refusal::NonceTooLow | Refusal::NonceTooHigh | Refusal::Full => return Ok(()),
                // Somebody's transaction waits under the nonce we took: let it be, take the next.
                Refusal::ReplacementUnderpriced if tries == 1 => {
                    let next = Nonce::From(attempt.nonce + 1);
                    self.attempt(writing, book, text, next, attempt.fees).await?;
                }
                Refusal::ReplacementUnderpriced | Refusal::Underpriced => {
                    if !self.raise(writing, book, text, &attempt, tries).await? {
                        let error =
                            format!("send to the chain: the node asks for more than we may pay: {message}");
                        return Err(PortError::unavailable(error));
                    }
                }
                Refusal::NoFunds => {
                    let address = writing.account.address();
                    let error = format!("send to the chain: account {address} cannot pay: {message}");
                    return Err(PortError::refused(error));
                }
                Refusal::Other => {
                    let error = format!("send to the chain: the node says: {message} ({code})");
                    return Err(PortError::refused(error));
                }
            }
        }
        Ok(())
    }

    /// Signs the current transaction again with higher fees; false when we may not pay them.
    async fn raise(
        &self,
        writing: &Writing,
        book: &Arc<Mutex<Book>>,
        text: B256,
        old: &Attempt,
        tries: usize,
    ) -> Result<bool, PortError> {
        if tries >= MOST_ATTEMPTS {
            return Ok(false);
        }
        let suggested = self.settings.fees.suggest(&self.chain).await?;
        let Some(fees) = self.settings.fees.raised(old.fees, suggested) else { return Ok(false) };
        tracing::info!(nonce = old.nonce, ?fees, "anchor replaced by one that pays more");
        self.attempt(writing, book, text, Nonce::Exactly(old.nonce), fees).await?;
        Ok(true)
    }

    /// Whether one of the transactions is in a block.
    async fn anywhere(&self, attempts: &[Attempt]) -> Result<bool, PortError> {
        let height = self.chain.height().await?;
        for attempt in attempts.iter().rev() {
            let progress =
                self.chain.progress(&attempt.signed.hash, height, self.settings.confirmations).await?;
            if matches!(progress, Progress::Deep(_)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn round(
        &self,
        desk: &mut Desk,
        writing: &Writing,
        book: &Arc<Mutex<Book>>,
    ) -> Result<(), PortError> {
        let address = writing.account.address();
        self.same_chain().await?;
        // The height comes first: what is in a block by then is counted by the nonce that is asked next.
        let height = self.chain.height().await?;
        let next = self.chain.next_nonce(address).await?;
        Self::revive_lost(desk, book, next).await?;
        let under_way = book.lock().under_way();
        let taken = self.final_nonce(writing, height, next, &under_way).await?;
        for (nonce, text) in under_way {
            let done = self.look(desk, writing, book, text, View { height, next, taken }, nonce).await;
            match done {
                Ok(()) => {}
                Err(error) if error.kind == PortErrorKind::Refused => drop(desk.trouble.insert(text, error)),
                Err(error) => return Err(error),
            }
        }
        self.close_gap(desk, writing, book, next).await
    }

    /// Puts settled texts under way again whose blocks a chain with this next nonce cannot have.
    async fn revive_lost(desk: &mut Desk, book: &Arc<Mutex<Book>>, next: u64) -> Result<(), PortError> {
        let lost = book.lock().lost(next);
        for text in lost {
            tracing::warn!("a block with an anchor is gone from the chain, the anchor is sent again");
            change(book, move |book| book.revive(text)).await?;
            desk.sent.remove(&text);
        }
        Ok(())
    }

    /// The next nonce as of a block that has its confirmations; only asked for when somebody has used one of ours.
    async fn final_nonce(
        &self,
        writing: &Writing,
        height: u64,
        next: u64,
        under_way: &[(u64, B256)],
    ) -> Result<u64, PortError> {
        if under_way.first().is_none_or(|(nonce, _)| *nonce >= next) {
            return Ok(0);
        }
        let deep = (height + 1).saturating_sub(self.settings.confirmations);
        self.chain.next_nonce_at(writing.account.address(), deep).await
    }

    /// What has become of one text.
    async fn look(
        &self,
        desk: &mut Desk,
        writing: &Writing,
        book: &Arc<Mutex<Book>>,
        text: B256,
        view: View,
        nonce: u64,
    ) -> Result<(), PortError> {
        let attempts = book.lock().find(&text).map(|entry| entry.attempts.clone()).unwrap_or_default();
        let mut young = false;
        // A transaction can only be in a block once its nonce is used.
        for attempt in attempts.iter().rev().filter(|attempt| attempt.nonce < view.next) {
            let hash = &attempt.signed.hash;
            match self.chain.progress(hash, view.height, self.settings.confirmations).await? {
                Progress::Deep(confirmed) => {
                    let link = self.link(confirmed);
                    desk.sent.remove(&text);
                    desk.gone.remove(&text);
                    return change(book, move |book| book.settle(text, link)).await;
                }
                Progress::Young => young = true,
                Progress::Absent => {}
            }
        }
        if young {
            return Ok(());
        }
        if nonce < view.next {
            if nonce < view.taken {
                let rounds = desk.gone.entry(text).or_default();
                *rounds += 1;
                if *rounds < ROUNDS_GONE {
                    return Ok(());
                }
                desk.gone.remove(&text);
                // Somebody else's transaction has the nonce for good: ours can never be in a block.
                let fees = self.settings.fees.suggest(&self.chain).await?;
                let free = self.chain.next_free_nonce(writing.account.address()).await?;
                self.attempt(writing, book, text, Nonce::From(free), fees).await?;
                return self.submit(desk, writing, book, text).await;
            }
            return Ok(());
        }
        let Some((attempt, tries)) = current(book, &text) else { return Ok(()) };
        if self.chain.transaction(&attempt.signed.hash).await?.is_none() {
            return self.submit(desk, writing, book, text).await;
        }
        let since = *desk.sent.entry(text).or_insert_with(Instant::now);
        // Only the one that is next can be stuck by its fees; the others wait for it.
        if nonce == view.next && since.elapsed() >= self.settings.stuck_after {
            if self.raise(writing, book, text, &attempt, tries).await? {
                return self.submit(desk, writing, book, text).await;
            }
            desk.sent.insert(text, Instant::now());
        }
        Ok(())
    }

    /// Where nothing waits under the account's next nonce, nothing behind it can come into a block: the last text
    /// under way is given that nonce.
    async fn close_gap(
        &self,
        desk: &mut Desk,
        writing: &Writing,
        book: &Arc<Mutex<Book>>,
        next: u64,
    ) -> Result<(), PortError> {
        let under_way = book.lock().under_way();
        let (Some((first, _)), Some((_, last))) = (under_way.first().copied(), under_way.last().copied())
        else {
            return Ok(());
        };
        if first <= next {
            return Ok(());
        }
        let address = writing.account.address();
        // Somebody else's transaction may wait there, or a block may have come meanwhile.
        if self.chain.next_free_nonce(address).await? > next || self.chain.next_nonce(address).await? != next
        {
            return Ok(());
        }
        tracing::warn!(nonce = next, "nothing waits under the account's next nonce, an anchor takes it");
        let fees = self.settings.fees.suggest(&self.chain).await?;
        self.attempt(writing, book, last, Nonce::Exactly(next), fees).await?;
        self.submit(desk, writing, book, last).await
    }

    fn link(&self, confirmed: Confirmed) -> String {
        let Confirmed { transaction, block, number, time } = confirmed;
        Link { chain: self.settings.chain_id, transaction, block, number, time }.to_string()
    }
}

/// The chain as a round sees it.
#[derive(Debug, Clone, Copy)]
struct View {
    /// Number of the newest block.
    height: u64,
    /// Our account's next nonce by the newest block.
    next: u64,
    /// All nonces below it are used in blocks that have their confirmations.
    taken: u64,
}

/// The transaction of a text that shall be in a block, and how many were signed.
fn current(book: &Mutex<Book>, text: &B256) -> Option<(Attempt, usize)> {
    let book = book.lock();
    let entry = book.find(text)?;
    Some((entry.current()?.clone(), entry.attempts.len()))
}

/// Changes the book beside the async workers. What has begun is finished even if nobody waits any more.
async fn change(
    book: &Arc<Mutex<Book>>,
    work: impl FnOnce(&mut Book) -> Result<(), PortError> + Send + 'static,
) -> Result<(), PortError> {
    let book = Arc::clone(book);
    blocking(move || work(&mut book.lock())).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PortError> + Send + 'static,
) -> Result<T, PortError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| PortError::unavailable("work on the book of transactions").with_source(error))?
}
