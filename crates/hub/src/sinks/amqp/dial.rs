//! Makes the TCP or TLS stream under a connection, with a handle that ends it from outside.
//!
//! The client library reads and writes on a thread per connection, which ends with the stream. A broker that
//! accepts and then says nothing would keep stream and thread for ever, so whoever gives up cuts the stream.

use std::{io, net::Shutdown, sync::Arc, sync::Mutex, sync::PoisonError, time::Duration};

use async_compat::Compat;
use lapin::{
    ConnectionProperties,
    tcp::{AsyncTcpStream, OwnedTLSConfig},
    uri::AMQPUri,
};
use tokio::{net::TcpStream, time::timeout};

use super::AmqpAddress;

/// How long a TCP connection with its TLS handshake may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Cuts the stream it was made with; does so when dropped, too.
#[derive(Debug, Clone, Default)]
pub(super) struct Scissors(Arc<Cut>);

#[derive(Debug, Default)]
struct Cut(Mutex<Vec<std::net::TcpStream>>);

impl Scissors {
    fn hold(&self, stream: std::net::TcpStream) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        for stream in self.0.get_mut().unwrap_or_else(PoisonError::into_inner) {
            // An error says that the stream is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Connects and logs in.
pub(super) async fn dial(address: &AmqpAddress) -> lapin::Result<(lapin::Connection, Scissors)> {
    let scissors = Scissors::default();
    let weak = Arc::downgrade(&scissors.0);
    let tls = address.is_tls();
    let connect = async move |uri: AMQPUri, _runtime: _| {
        let Some(cut) = weak.upgrade() else { return Err(gone().into()) };
        let opened = timeout(CONNECT_TIMEOUT, open(&uri, tls, &Scissors(cut))).await;
        Ok(opened.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??)
    };
    let properties = ConnectionProperties::default().with_connection_name("strongroom".into());
    let runtime = lapin::runtime::default_runtime()?;
    let connection =
        lapin::Connection::connector(address.uri().clone(), runtime, connect, properties).await?;
    Ok((connection, scissors))
}

async fn open(
    uri: &AMQPUri,
    tls: bool,
    scissors: &Scissors,
) -> io::Result<AsyncTcpStream<Compat<TcpStream>>> {
    let stream = TcpStream::connect((&*uri.authority.host, uri.authority.port)).await?;
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    scissors.hold(stream.try_clone()?);
    let stream = AsyncTcpStream::Plain(Compat::new(TcpStream::from_std(stream)?));
    if tls {
        stream.into_tls(&uri.authority.host, OwnedTLSConfig::default().as_ref()).await
    } else {
        Ok(stream)
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "nobody waits for this connection any more")
}
