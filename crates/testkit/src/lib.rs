//! A whole Strongroom in-process, for tests: SQLite and packs in a temporary folder, a clock that stands still,
//! seeded randomness, a sink that remembers what it was told.
//!
//! [`TestPlatform`] carries services, [`Room`] tests the kernel itself: it can be closed, spoilt and opened again.
//! Services bring their tables and their router; this crate knows none of them.

mod anchor;
mod caller;
mod clock;
mod fetch;
mod home;
mod openapi;
mod platform;
mod provider;
mod rng;
mod room;
mod sink;

pub use anchor::{FakeAnchor, Mood};
pub use caller::{Reply, send};
pub use clock::FixedClock;
pub use fetch::FakeFetch;
pub use openapi::assert_documented;
pub use platform::{LeafText, TestPlatform};
pub use provider::{FakeProvider, SigningKey};
pub use rng::SeededRng;
pub use room::{Room, RoomOptions};
pub use sink::{FakeSink, Heard};
