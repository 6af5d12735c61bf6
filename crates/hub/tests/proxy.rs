//! A TCP proxy that can cut its connections, refuse new ones, or swallow all bytes.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A proxy before a broker, at an address that stays the same.
pub(crate) struct Proxy {
    address: String,
    target: String,
    accepting: Option<JoinHandle<()>>,
    connections: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Proxy {
    /// Forwards to `target` (`host:port`).
    pub(crate) async fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("an address").to_string();
        let mut proxy =
            Self { address, target: target.to_owned(), accepting: None, connections: Arc::default() };
        proxy.forward(listener);
        proxy
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    fn forward(&mut self, listener: TcpListener) {
        let (target, connections) = (self.target.clone(), Arc::clone(&self.connections));
        self.accepting = Some(tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let target = target.clone();
                let connection = tokio::spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(target).await {
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                });
                connections.lock().expect("unpoisoned").push(connection);
            }
        }));
    }

    /// Cuts all connections; new ones go on being accepted.
    pub(crate) async fn cut(&self) {
        let connections = std::mem::take(&mut *self.connections.lock().expect("unpoisoned"));
        for connection in connections {
            connection.abort();
            let _ = connection.await;
        }
    }

    /// Cuts all connections and refuses new ones.
    pub(crate) async fn close(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = accepting.await;
        }
        self.cut().await;
    }

    /// Accepts connections again and forwards them.
    pub(crate) async fn open(&mut self) {
        let listener = TcpListener::bind(&self.address).await.expect("bind again");
        self.forward(listener);
    }

    /// Accepts connections and reads them, but never says a word. Returns how many ended through its own task.
    pub(crate) async fn swallow(&mut self) -> tokio::sync::mpsc::UnboundedReceiver<()> {
        self.close().await;
        let listener = TcpListener::bind(&self.address).await.expect("bind again");
        let (ended, ends) = tokio::sync::mpsc::unbounded_channel();
        self.accepting = Some(tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let ended = ended.clone();
                tokio::spawn(async move {
                    let mut piece = [0; 4_096];
                    while client.read(&mut piece).await.is_ok_and(|length| length > 0) {}
                    let _ = client.shutdown().await;
                    let _ = ended.send(());
                });
            }
        }));
        ends
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}
