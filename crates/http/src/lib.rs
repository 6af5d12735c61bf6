//! What all of Strongroom's HTTP services share.
//!
//! - [`serve`]: a listener with limits and a graceful stop
//! - [`routing`]: a table of operations looked up by path and method
//! - [`Observer`]: request id, access line, metrics and the net under panics, around a service's router
//! - [`body`]: request bodies with a limit of size and of waiting
//! - [`docs`]: a page that shows an OpenAPI document
//! - [`failure`]: statuses of errors, where a service's clients expect no others
//! - [`idempotency`]: the key of requests that may be repeated
//! - [`Metrics`]: the registry behind the metrics page
//!
//! It knows no service: bodies of errors are theirs.

mod access;
pub mod body;
pub mod docs;
pub mod failure;
pub mod health;
pub mod idempotency;
mod listen;
mod metrics;
mod observe;
mod options;
mod patient;
mod rest;
pub mod routing;
mod shed;
mod stall;
pub mod tls;
mod under_way;
mod unread;

pub use access::{Facts, RECEIPT_HEADER, REQUEST_ID_HEADER, RequestId, insert_receipt};
pub use listen::{Secure, serve};
pub use metrics::Metrics;
pub use observe::{Observer, SPANS, observed};
pub use options::Options;
pub use shed::shed;
