//! Lives from the database alone, read beside whoever serves.

use std::{future::Future, ops::Range};

use strongroom_custody::life::About;
use strongroom_kernel::{
    index::{self, Found},
    ports::{Database, PortError},
};

/// Looks leaves up that tell of `about`: in the index as far as it goes, and in the records behind it.
pub(crate) fn looking_up<'a>(
    database: &'a dyn Database,
    about: &'a About,
) -> impl Fn(Range<u64>, usize) -> Looking<'a> + Send + Sync {
    move |range, limit| {
        Box::pin(index::find(database, about.term_kind(), &about.name, range, limit, u64::MAX))
    }
}

/// A search under way.
pub(crate) type Looking<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Found, PortError>> + Send + 'a>>;
