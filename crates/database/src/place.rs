//! How the place of a content stands in a row.

use strongroom_kernel::ports::{PackPosition, Place};

/// In a pack, at a position.
pub(crate) const IN_PACK: i64 = 0;
/// In the content store, under its digest.
pub(crate) const IN_STORE: i64 = 1;
/// In a table of the database.
pub(crate) const IN_DATABASE: i64 = 2;
/// In an object of the content store, with others, at a position.
pub(crate) const IN_OBJECT: i64 = 3;

/// The number of a place, and the position there.
pub(crate) fn number_of(place: Place) -> (i64, Option<PackPosition>) {
    match place {
        Place::Pack(position) => (IN_PACK, Some(position)),
        Place::Store => (IN_STORE, None),
        Place::Database => (IN_DATABASE, None),
        Place::Object(position) => (IN_OBJECT, Some(position.at)),
    }
}
