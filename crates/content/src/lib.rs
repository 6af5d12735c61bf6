//! Where content lives: small pieces together in packs, large ones in a folder or on an S3 server.
//!
//! Reading order: [`packs`] (small content, append-only), [`Disk`] (large content in a folder), [`S3Store`] (large
//! content elsewhere), [`ObjectPacks`] (small content together in objects of either), [`sealed`] (encryption around
//! any of them), [`DiskTiles`] (the public files of the ledger), [`open_store`] (which of them a URL names). How a
//! file gets onto the disk for good is in [`strongroom_durable`].
//! Who refers to a content and when it may be deleted is decided by the kernel; content is verified there too.
//!
//! Every adapter does nothing on the disk when it is made: reading beside a serving process leaves no trace.

pub mod packs;
pub mod sealed;

mod blocking;
mod disk;
mod headed;
mod listing;
mod objects;
mod open;
mod paths;
mod reserve;
mod s3;
mod staging;
mod tiles;

pub use disk::Disk;
pub use headed::{Headed, HeadedStaged};
pub use objects::ObjectPacks;
pub use open::{OpenStore, Sealing, open_packs, open_store};
pub use packs::{FilePacks, PackSettings};
pub use reserve::Reserve;
pub use s3::{S3Settings, S3Store};
pub use sealed::{BoxKey, SealedPacks, SealedStore};
pub use tiles::DiskTiles;
