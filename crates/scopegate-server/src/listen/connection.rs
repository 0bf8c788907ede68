//! One connection: the handshake, then HTTP/1 or HTTP/2, each step in bounded time.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::activity::Activity;
use super::exchange::Exchanges;
use super::patience::{Action, Patience};
use super::peer_stream::PeerStream;

/// How long the TLS handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// How often an HTTP/2 client is pinged, and how long it may take to answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIME: Duration = Duration::from_secs(10);

/// Maximum concurrent requests of one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;

/// The longest head of a request, in bytes.
const MAX_HEAD: u32 = 64 * 1024;

/// One connection.
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) router: Router,
    pub(super) activity: Arc<Activity>,
    pub(super) patience: Patience,
}

impl Connection {
    /// Serves until the client or the server ends the connection. The sender of `ending` is dropped
    /// when the server shuts down.
    pub(super) async fn serve<S>(
        self,
        stream: S,
        tls: Option<TlsAcceptor>,
        mut ending: watch::Receiver<()>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::clone(&self.activity);
        let stream = PeerStream::new(stream, activity, self.patience.write_timeout);
        let Some(tls) = tls else { return self.speak(stream, ending).await };
        let handshake = tokio::time::timeout(HANDSHAKE_TIME, tls.accept(stream));
        tokio::select! {
            // The sender never sends. This means that it was dropped.
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
        let Self { peer, router, activity, mut patience } = self;
        let exchanges = Exchanges { peer, router, activity: Arc::clone(&activity) };
        let service = service_fn(move |request| exchanges.answer(request));
        let protocols = protocols(&patience);
        let mut connection = pin!(protocols.serve_connection(TokioIo::new(stream), service));
        let mut look = pin!(tokio::time::sleep_until(patience.first_look(Instant::now())));
        let (mut is_watched, mut is_ending) = (true, false);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%peer, error, "a connection broke");
                    }
                    return;
                }
                () = &mut look, if is_watched => {
                    match patience.judge(activity.standing(), Instant::now()) {
                        Action::Close(reason) => {
                            return tracing::debug!(%peer, reason, "a connection is closed");
                        }
                        Action::Tell(then) => {
                            connection.as_mut().graceful_shutdown();
                            look.as_mut().reset(then);
                        }
                        Action::LookAgain(then) => look.as_mut().reset(then),
                        Action::GoOn => is_watched = false,
                    }
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
fn protocols(patience: &Patience) -> auto::Builder<TokioExecutor> {
    let mut protocols = auto::Builder::new(TokioExecutor::new());
    protocols
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.idle_timeout)
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

#[cfg(test)]
mod tests;
