//! The listeners: bound before the process says it is ready, drained when it stops.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use strongroom_http::{Options, tls};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::JoinSet,
};

use crate::{assemble::Face, config::Config};

/// Connections the system keeps for us until we accept them; it may cut this down to its own limit. One more than there
/// is room for is told nothing and tries again a second later.
const BACKLOG: u32 = 4096;

/// Listeners that are bound and do not serve yet.
pub(in crate::commands) struct Listeners {
    bound: Vec<(Face, TcpListener, SocketAddr)>,
    /// Whether listeners without TLS of their own speak it.
    secure: bool,
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // the address of a process that ended a moment ago
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Listeners {
    /// Binds every face to its address.
    ///
    /// # Errors
    /// When an address is taken, saying whose it was to be.
    pub(in crate::commands) fn bind(config: &Config, faces: Vec<Face>) -> Result<Self> {
        let mut bound = Vec::new();
        for face in faces {
            let failed = || format!("listen on {} for {}", face.address, face.name);
            let listener = listen(face.address).with_context(failed)?;
            let address = listener.local_addr().with_context(failed)?;
            bound.push((face, listener, address));
        }
        Ok(Self { bound, secure: config.http.tls_key.is_some() })
    }

    /// Name and base address of each.
    pub(in crate::commands) fn urls(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        self.bound.iter().map(|(face, _, address)| {
            let scheme = if self.secure || face.tls.is_some() { "https" } else { "http" };
            (face.name, format!("{scheme}://{address}"))
        })
    }

    /// Begins to answer, until `stopped` says true.
    ///
    /// # Errors
    /// When certificate or key cannot be used.
    pub(in crate::commands) fn serve(
        self,
        config: &Config,
        stopped: &watch::Receiver<bool>,
    ) -> Result<Serving> {
        let options = options(config)?;
        let mut tasks = JoinSet::new();
        for (face, listener, _) in self.bound {
            let (mut options, mut stopped) = (options.clone(), stopped.clone());
            if let Some((certificate, key)) = &face.tls {
                options.tls = Some(tls::server_config(certificate, key).context(face.name)?);
            }
            tasks.spawn(async move {
                let stop = async move {
                    // a sender that is gone is a process that ends
                    let _ = stopped.wait_for(|stopped| *stopped).await;
                };
                if let Err(error) = strongroom_http::serve(listener, face.router, options, stop).await {
                    tracing::error!(%error, listener = face.name, "a listener ended");
                }
            });
        }
        Ok(Serving(tasks))
    }
}

/// Listeners at work.
pub(in crate::commands) struct Serving(JoinSet<()>);

impl Serving {
    /// Waits until all have drained.
    pub(in crate::commands) async fn finish(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

fn options(config: &Config) -> Result<Options> {
    let tls = match (&config.http.tls_certificates, &config.http.tls_key) {
        (Some(certificates), Some(key)) => Some(tls::server_config(certificates, key)?),
        _ => None,
    };
    Ok(Options {
        head_timeout: config.http.head_timeout,
        body_timeout: config.http.body_timeout,
        min_body_rate: config.http.min_body_rate,
        max_connections: config.http.max_connections,
        drain: config.http.drain,
        tls,
        ..Options::default()
    })
}
