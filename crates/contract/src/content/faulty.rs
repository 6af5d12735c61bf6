//! Content stores and packs that fail as told: before the work, after it, or not before they are let go on.

use std::{collections::HashMap, collections::VecDeque, ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use strongroom_kernel::ports::{
    ByteStream, ContentKey, ContentStore, PackPosition, Packs, PendingSync, PortError, PortErrorKind, Staged,
};
use tokio::sync::watch;

/// A call of [`ContentStore`], [`Staged`] or [`Packs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentCall {
    /// [`ContentStore::stage`].
    Stage,
    /// [`Staged::write`].
    Write,
    /// [`Staged::keep`].
    Keep,
    /// [`ContentStore::size`].
    Size,
    /// [`ContentStore::read`].
    Read,
    /// [`ContentStore::remove`].
    Remove,
    /// [`ContentStore::list`].
    List,
    /// [`ContentStore::sweep_staged`].
    Sweep,
    /// [`Packs::append`].
    Append,
    /// [`PendingSync::wait`] of an [`Packs::append`].
    Sync,
    /// [`Packs::read`].
    ReadPack,
    /// [`Packs::erase`].
    Erase,
    /// [`Packs::recover`].
    Recover,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentFault {
    /// It is not carried out: EIO as `Unavailable`, ENOSPC as `Full`.
    NotDone(PortErrorKind),
    /// It is carried out and reported as failed.
    DoneButFailed(PortErrorKind),
    /// It waits until [`ContentFaults::let_go`], then is carried out.
    Slow,
}

/// What goes wrong next, for each call. Shared by wrappers and the test that holds them.
#[derive(Debug, Clone, Default)]
pub struct ContentFaults(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    planned: Mutex<HashMap<ContentCall, VecDeque<ContentFault>>>,
    always: Mutex<HashMap<ContentCall, ContentFault>>,
    gone_on: (Mutex<bool>, Condvar),
    gone_on_async: watch::Sender<bool>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            planned: Mutex::default(),
            always: Mutex::default(),
            gone_on: (Mutex::new(false), Condvar::new()),
            gone_on_async: watch::Sender::new(false),
        }
    }
}

impl ContentFaults {
    /// Nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next such call that has no fault planned gets `fault`.
    pub fn next(&self, call: ContentCall, fault: ContentFault) {
        self.0.planned.lock().entry(call).or_default().push_back(fault);
    }

    /// Each such call gets `fault`, until [`ContentFaults::heal`].
    pub fn always(&self, call: ContentCall, fault: ContentFault) {
        self.0.always.lock().insert(call, fault);
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.0.planned.lock().clear();
        self.0.always.lock().clear();
    }

    /// How many planned faults have not come yet.
    pub fn waiting(&self) -> usize {
        self.0.planned.lock().values().map(VecDeque::len).sum()
    }

    /// Lets slow calls go on, those that wait and those to come.
    pub fn let_go(&self) {
        *self.0.gone_on.0.lock() = true;
        self.0.gone_on.1.notify_all();
        self.0.gone_on_async.send_replace(true);
    }

    fn take(&self, call: ContentCall) -> Option<ContentFault> {
        let planned = self.0.planned.lock().get_mut(&call).and_then(VecDeque::pop_front);
        planned.or_else(|| self.0.always.lock().get(&call).copied())
    }

    async fn around<T>(
        &self,
        call: ContentCall,
        work: impl Future<Output = Result<T, PortError>> + Send,
    ) -> Result<T, PortError> {
        match self.take(call) {
            None => work.await,
            Some(ContentFault::NotDone(kind)) => Err(injected(kind, call)),
            Some(ContentFault::DoneButFailed(kind)) => work.await.and(Err(injected(kind, call))),
            Some(ContentFault::Slow) => {
                // The sender lives as long as `self`.
                let _ = self.0.gone_on_async.subscribe().wait_for(|gone_on| *gone_on).await;
                work.await
            }
        }
    }

    fn around_blocking<T>(
        &self,
        call: ContentCall,
        work: impl FnOnce() -> Result<T, PortError>,
    ) -> Result<T, PortError> {
        match self.take(call) {
            None => work(),
            Some(ContentFault::NotDone(kind)) => Err(injected(kind, call)),
            Some(ContentFault::DoneButFailed(kind)) => work().and(Err(injected(kind, call))),
            Some(ContentFault::Slow) => {
                let (gone_on, changed) = &self.0.gone_on;
                changed.wait_while(&mut gone_on.lock(), |gone_on| !*gone_on);
                work()
            }
        }
    }
}

fn injected(kind: PortErrorKind, call: ContentCall) -> PortError {
    PortError::new(kind, format!("injected fault at {call:?}"))
}

/// A content store that fails as told.
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn ContentStore>,
    faults: ContentFaults,
}

impl FaultyStore {
    /// `inner`, failing as `faults` says.
    pub fn new(inner: Arc<dyn ContentStore>, faults: ContentFaults) -> Self {
        Self { inner, faults }
    }
}

#[async_trait]
impl ContentStore for FaultyStore {
    async fn stage(&self) -> Result<Box<dyn Staged>, PortError> {
        let inner = self.faults.around(ContentCall::Stage, self.inner.stage()).await?;
        Ok(Box::new(FaultyStaged { inner, faults: self.faults.clone() }))
    }

    async fn size(&self, key: &ContentKey) -> Result<Option<u64>, PortError> {
        self.faults.around(ContentCall::Size, self.inner.size(key)).await
    }

    async fn read(&self, key: &ContentKey, range: Range<u64>) -> Result<ByteStream, PortError> {
        self.faults.around(ContentCall::Read, self.inner.read(key, range)).await
    }

    async fn remove(&self, key: &ContentKey) -> Result<(), PortError> {
        self.faults.around(ContentCall::Remove, self.inner.remove(key)).await
    }

    async fn list(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<(ContentKey, u64)>, PortError> {
        self.faults.around(ContentCall::List, self.inner.list(after, limit)).await
    }

    async fn sweep_staged(&self) -> Result<u64, PortError> {
        self.faults.around(ContentCall::Sweep, self.inner.sweep_staged()).await
    }
}

struct FaultyStaged {
    inner: Box<dyn Staged>,
    faults: ContentFaults,
}

#[async_trait]
impl Staged for FaultyStaged {
    async fn write(&mut self, piece: Bytes) -> Result<(), PortError> {
        self.faults.around(ContentCall::Write, self.inner.write(piece)).await
    }

    async fn keep(self: Box<Self>, key: &ContentKey) -> Result<(), PortError> {
        let Self { inner, faults } = *self;
        faults.around(ContentCall::Keep, inner.keep(key)).await
    }

    async fn discard(self: Box<Self>) {
        self.inner.discard().await;
    }
}

/// Packs that fail as told.
#[derive(Debug)]
pub struct FaultyPacks {
    inner: Arc<dyn Packs>,
    faults: ContentFaults,
}

impl FaultyPacks {
    /// `inner`, failing as `faults` says.
    pub fn new(inner: Arc<dyn Packs>, faults: ContentFaults) -> Self {
        Self { inner, faults }
    }
}

impl Packs for FaultyPacks {
    fn append(&self, contents: &[&[u8]]) -> Result<(Vec<PackPosition>, PendingSync), PortError> {
        let (positions, sync) =
            self.faults.around_blocking(ContentCall::Append, || self.inner.append(contents))?;
        let faults = self.faults.clone();
        Ok((positions, PendingSync::new(move || faults.around_blocking(ContentCall::Sync, || sync.wait()))))
    }

    fn read(&self, position: PackPosition) -> Result<Bytes, PortError> {
        self.faults.around_blocking(ContentCall::ReadPack, || self.inner.read(position))
    }

    fn stands(&self, position: PackPosition) -> Result<(), PortError> {
        self.faults.around_blocking(ContentCall::ReadPack, || self.inner.stands(position))
    }

    fn erase(&self, position: PackPosition) -> Result<(), PortError> {
        self.faults.around_blocking(ContentCall::Erase, || self.inner.erase(position))
    }

    fn recover(&self, end: Option<PackPosition>) -> Result<(), PortError> {
        self.faults.around_blocking(ContentCall::Recover, || self.inner.recover(end))
    }
}
