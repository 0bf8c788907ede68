//! One connection: the handshake, then HTTP/1 or HTTP/2, each step in bounded time.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

/// How long the TLS handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// How long a client may take until its first request is there.
const FIRST_REQUEST_TIME: Duration = Duration::from_secs(15);

/// How long until the next one on HTTP/1: longer than proxies keep idle connections, a minute mostly,
/// so that it is they who close.
const NEXT_REQUEST_TIME: Duration = Duration::from_secs(75);

/// How often an idle HTTP/2 client is asked whether it is still there, and for how long.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIME: Duration = Duration::from_secs(10);

/// How many requests of one HTTP/2 connection are answered at once.
const MAX_STREAMS: u32 = 100;

/// The longest head of a request, in bytes.
const MAX_HEAD: u32 = 64 * 1024;

/// One connection.
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) router: Router,
}

impl Connection {
    /// Serves until the client or the server ends it; `ending` is closed when the server does.
    pub(super) async fn serve(
        self,
        stream: TcpStream,
        tls: Option<TlsAcceptor>,
        mut ending: watch::Receiver<()>,
    ) {
        // A token is one small packet; it shall not wait for another.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else { return self.speak(stream, ending).await };
        let handshake = tokio::time::timeout(HANDSHAKE_TIME, tls.accept(stream));
        tokio::select! {
            // The sender never sends: it is gone.
            _ = ending.changed() => {}
            shaken = handshake => match shaken {
                Ok(Ok(stream)) => self.speak(stream, ending).await,
                Ok(Err(error)) => tracing::debug!(peer = %self.peer, %error, "no TLS handshake"),
                Err(_) => tracing::debug!(peer = %self.peer, "the TLS handshake took too long"),
            },
        }
    }

    async fn speak<S>(self, stream: S, mut ending: watch::Receiver<()>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, router } = self;
        let has_asked = Arc::new(AtomicBool::new(false));
        let service = service_fn({
            let has_asked = Arc::clone(&has_asked);
            move |mut request: Request<Incoming>| {
                has_asked.store(true, Ordering::Relaxed);
                request.extensions_mut().insert(ConnectInfo(peer));
                router.clone().call(request)
            }
        });
        let protocols = protocols();
        let mut connection = pin!(protocols.serve_connection(TokioIo::new(stream), service));
        let mut first_request = pin!(tokio::time::sleep(FIRST_REQUEST_TIME));
        let (mut is_waiting, mut is_ending) = (true, false);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%peer, error, "a connection broke");
                    }
                    return;
                }
                () = &mut first_request, if is_waiting => {
                    // hyper's own time-outs begin after it knows which version is spoken.
                    if !has_asked.load(Ordering::Relaxed) {
                        return tracing::debug!(%peer, "a connection without a request");
                    }
                    is_waiting = false;
                }
                _ = ending.changed(), if !is_ending => {
                    is_ending = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// HTTP/1 and HTTP/2, with their limits.
fn protocols() -> auto::Builder<TokioExecutor> {
    let mut protocols = auto::Builder::new(TokioExecutor::new());
    protocols
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(NEXT_REQUEST_TIME)
        .max_buf_size(MAX_HEAD as usize);
    protocols
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIME)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD);
    protocols
}
