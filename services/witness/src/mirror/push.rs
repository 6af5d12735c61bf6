//! `add-entries`: entries that somebody brings, against a pending checkpoint (`c2sp.org/tlog-mirror`).
//!
//! Nothing is buffered beyond one package, and nothing is kept that is not proven. The shelf is locked for a package
//! at a time, so uploads that pause hold nobody up, neither each other nor the mirror's own questions to the log.

use std::sync::Arc;

use axum::http::StatusCode;
use strongroom_kernel::{
    from_port,
    ports::{PortError, PortErrorKind},
};
use strongroom_ledger::{
    mirror::{MirrorInfo, UploadHead},
    tile::TILE_WIDTH,
};

use super::{
    Mirror,
    copy::{Committed, Copy},
    shelf::{Package, Unshelved},
    upload::Upload,
};
use crate::{
    book::Latest,
    counts::{Counts, count},
};

const WIDTH: u64 = TILE_WIDTH as u64;

/// What comes of an upload.
pub(crate) enum Pushed {
    /// All of it is held: the mirror's signature lines.
    Cosigned(String),
    /// A part of it was taken.
    Accepted(MirrorInfo),
    /// It does not begin where it could, or its checkpoint is not pending.
    Conflict(MirrorInfo),
    /// It is refused with this status.
    Refused(StatusCode, String),
    /// It could not be written.
    Unwritten(PortErrorKind),
}

impl Mirror {
    /// Takes what `upload` brings.
    pub(crate) async fn add_entries(&self, mut upload: Upload) -> Pushed {
        let counts = &self.inner.shared.counts;
        let head = match upload.head().await {
            Ok(Some(head)) => head,
            Ok(None) => return malformed("the head of the upload is not whole"),
            Err(error) => return malformed(&error.to_string()),
        };
        let Some(copy) = self.inner.copies.get(&head.origin) else {
            count(&counts.unknown);
            return Pushed::Refused(StatusCode::NOT_FOUND, "this log is not known here".to_owned());
        };
        let Some(latest) = copy.pending_of(head.end) else { return copy.conflict(None).await };
        let next = copy.next().await;
        let too_early = head.start < head.end && head.start < next - next % WIDTH;
        if head.start > next || too_early || copy.held() > head.end {
            return copy.conflict(Some(head.end)).await;
        }
        match take(copy, &head, &latest, &mut upload, counts).await {
            Ok(()) => copy.finish_push(&latest).await,
            Err(pushed) => pushed,
        }
    }
}

/// Takes all packages of an upload.
async fn take(
    copy: &Arc<Copy>,
    head: &UploadHead,
    latest: &Latest,
    upload: &mut Upload,
    counts: &Counts,
) -> Result<(), Pushed> {
    let goal = latest.seen();
    let mut taken = false;
    for range in head.packages() {
        let read = upload.package(range.end - range.start).await;
        let package = match read {
            Ok(Some(package)) => package,
            Ok(None) | Err(_) if taken => return Err(Pushed::Accepted(copy.info(Some(goal.size)).await)),
            Ok(None) => return Err(malformed("the first package is not whole")),
            Err(error) => return Err(malformed(&error.to_string())),
        };
        let package = Package { start: range.start, entries: package.entries, proof: package.proof };
        let added = copy.shelf.lock().await.add(package, goal).await;
        match added {
            Ok(()) => taken = true,
            Err(Unshelved::Gap(_)) => return Err(copy.conflict(Some(goal.size)).await),
            Err(error @ Unshelved::Unproven(_)) => {
                count(&counts.unproven_entries);
                return Err(Pushed::Refused(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()));
            }
            Err(Unshelved::Unwritten(error)) => return Err(unwritten(error)),
        }
    }
    Ok(())
}

impl Copy {
    /// Index of the first entry that is missing.
    async fn next(&self) -> u64 {
        self.shelf.lock().await.next()
    }

    /// Leaves that are cosigned.
    fn held(&self) -> u64 {
        self.shown().map_or(0, |shown| shown.size)
    }

    /// How far the copy is; `size` is that of a pending checkpoint which the upload named, if it did.
    async fn info(&self, size: Option<u64>) -> MirrorInfo {
        let usable = size.filter(|&size| size >= self.held());
        let size = usable.unwrap_or_else(|| self.pending_size());
        // an upload up to `size` can begin there at the latest
        let next = self.next().await.min(size);
        MirrorInfo { size, next, ticket: Vec::new() }
    }

    async fn conflict(&self, size: Option<u64>) -> Pushed {
        Pushed::Conflict(self.info(size).await)
    }

    /// Cosigns what was pushed.
    async fn finish_push(self: &Arc<Self>, latest: &Latest) -> Pushed {
        let size = latest.checkpoint.size();
        match self.commit(latest).await {
            Ok(Committed::Cosigned(lines)) => {
                tracing::debug!(origin = self.origin(), size, "entries pushed and cosigned");
                Pushed::Cosigned(lines)
            }
            Ok(Committed::Behind | Committed::Incomplete | Committed::OtherTree) => {
                self.conflict(Some(size)).await
            }
            Err(error) => unwritten(error),
        }
    }
}

fn malformed(text: &str) -> Pushed {
    Pushed::Refused(StatusCode::BAD_REQUEST, text.to_owned())
}

fn unwritten(error: PortError) -> Pushed {
    let kind = error.kind;
    tracing::error!(error = %from_port(error).diagnosis(), "pushed entries not kept");
    Pushed::Unwritten(kind)
}
