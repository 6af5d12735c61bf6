//! From names of hosts to addresses.

use std::{fmt, io, net::IpAddr};

use futures::future::BoxFuture;

/// Looks names of hosts up.
pub trait Names: fmt::Debug + Send + Sync {
    /// All addresses of `name`.
    fn look_up(&self, name: String) -> BoxFuture<'_, io::Result<Vec<IpAddr>>>;
}

/// The resolver of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, name: String) -> BoxFuture<'_, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            // The port is of no matter here: the client puts that of the URL in.
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
