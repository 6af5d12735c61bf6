//! Accepts connections and serves a router on them until told to stop.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, header},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use crate::{
    options::Options,
    patient::{Patience, Patient},
    rest::Rest,
    stall::{Sending, Stalling},
    under_way::{Answer, UnderWay},
    unread::lend,
};

/// Rest after the system had no file left for a connection, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Marks a request that came over TLS.
#[derive(Debug, Clone, Copy)]
pub struct Secure;

/// Serves `router` on `listener` until `shutdown` ends; then lets requests under way finish.
///
/// A request with both `Content-Length` and `Transfer-Encoding` is read by the latter, and its connection is
/// closed after the answer (RFC 9112 §6.1); a folded header line is refused with 400 and the connection closed.
/// An answer that comes while much of the request's body is unread says that it is the last of its connection.
/// What the parser refuses (400, 414, 431) has an answer without a body: it is written before there is a request.
/// After an answer of 503 with `Retry-After` nothing is read from its connection for that time, at most a second.
/// After `shutdown`, a connection on which no request is under way ends within a second, a head half sent or not.
///
/// # Panics
/// Never: the semaphore is not closed.
///
/// # Errors
/// When the listener itself is unusable. Errors of single connections only end those.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let (stop, stopping) = watch::channel(false);
    let places = Arc::new(Semaphore::new(options.max_connections));
    let acceptor = options.tls.clone().map(TlsAcceptor::from);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let next = async {
            // A place is taken before a connection: the rest waits in the system's queue.
            let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = &mut shutdown => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (router, options, watcher) = (router.clone(), options.clone(), graceful.watcher());
        let (acceptor, stopping, under_way) = (acceptor.clone(), stopping.clone(), UnderWay::default());
        tokio::spawn(async move {
            let served = connection(stream, acceptor, router, &options, watcher, &under_way);
            tokio::select! {
                () = served => {}
                () = under_way.idle_at_the_stop(stopping) => {
                    tracing::debug!("a connection without a request ended with the stop");
                }
            }
            drop(place);
        });
    }
    drop(listener);
    stop.send_replace(true);
    if timeout(options.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way when the time to finish them ended");
    }
    Ok(())
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    options: &Options,
    watcher: hyper_util::server::graceful::Watcher,
    under_way: &UnderWay,
) {
    // Answers are written whole: waiting to fill a packet only delays them.
    let _refused = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else {
        return requests(stream, router, options, watcher, false, under_way).await;
    };
    match timeout(options.head_timeout, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => requests(stream, router, options, watcher, true, under_way).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    options: &Options,
    watcher: hyper_util::server::graceful::Watcher,
    secure: bool,
    under_way: &UnderWay,
) {
    let patience = Patience { piece: options.body_timeout, rate: options.min_body_rate };
    let (sending, rest) = (Sending::default(), Rest::default());
    let (limit, under_way) = (options.write_timeout, under_way.clone());
    let stream = Stalling::new(stream, limit, sending.clone(), rest.clone(), under_way.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let (mut router, sending, rest, begun) =
            (router.clone(), sending.clone(), rest.clone(), under_way.begin());
        async move {
            let waits = request.headers().contains_key(header::EXPECT);
            let (head, body) = request.into_parts();
            let (body, unread) = lend(Patient::new(body, patience));
            let mut request = Request::from_parts(head, Body::new(body));
            if secure {
                request.extensions_mut().insert(Secure);
            }
            let mut response = router.call(request).await?;
            if !unread.discard(!waits).await {
                sending.note();
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            rest.note(&response);
            Ok::<_, Infallible>(response.map(|body| Answer::new(body, begun)))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_buf_size(options.max_head_bytes)
        .max_headers(options.max_headers)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
