//! Content that is being uploaded or deleted.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::ports::ContentKey;

/// Keeps uploads and deletions of one content apart.
///
/// Large content is stored while no row refers to it yet: the sweep leaves it alone. And content that is being
/// deleted is not taken for stored by an upload of the same bytes: it waits until the deletion has ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct InFlight(Arc<Held>);

#[derive(Debug, Default)]
struct Held {
    keys: Mutex<HashMap<ContentKey, Use>>,
    deleted: Notify,
}

#[derive(Debug)]
enum Use {
    /// So many uploads whose unit is not committed yet.
    Uploads(usize),
    Deletion,
}

impl InFlight {
    /// Holds the content for an upload, once no deletion of it is under way.
    pub(crate) async fn enter(&self, key: &ContentKey) -> InFlightGuard {
        loop {
            let deleted = self.0.deleted.notified();
            if self.try_enter(key) {
                return InFlightGuard { held: self.clone(), key: key.clone() };
            }
            deleted.await;
        }
    }

    fn try_enter(&self, key: &ContentKey) -> bool {
        match self.0.keys.lock().entry(key.clone()).or_insert(Use::Uploads(0)) {
            Use::Uploads(count) => {
                *count += 1;
                true
            }
            Use::Deletion => false,
        }
    }

    /// Holds the content for its deletion, if nobody uploads it.
    pub(crate) fn claim(&self, key: &ContentKey) -> Option<InFlightGuard> {
        match self.0.keys.lock().entry(key.clone()) {
            Entry::Occupied(_) => None,
            Entry::Vacant(vacant) => {
                vacant.insert(Use::Deletion);
                Some(InFlightGuard { held: self.clone(), key: key.clone() })
            }
        }
    }
}

/// Holds a content while it lives.
#[derive(Debug)]
pub(crate) struct InFlightGuard {
    held: InFlight,
    key: ContentKey,
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut keys = self.held.0.keys.lock();
        match keys.get_mut(&self.key) {
            Some(Use::Uploads(count)) if *count > 1 => *count -= 1,
            Some(Use::Uploads(_)) => drop(keys.remove(&self.key)),
            Some(Use::Deletion) => {
                keys.remove(&self.key);
                self.held.0.deleted.notify_waiters();
            }
            None => {}
        }
    }
}
