//! A bound port, and the loop that accepts connections on it.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use super::activity::Activity;
use super::connection::Connection;
use super::open_connections::OpenConnections;
use super::patience::Patience;
use super::refusals::Refusals;
use super::tls::Tls;
use super::{ListenError, ListenLimits, ListenSettings};

/// How long running requests may take after shutdown has begun.
const GRACE: Duration = Duration::from_secs(10);

/// The pause after the system could not accept a connection, most likely because there are no
/// descriptors left.
const PAUSE: Duration = Duration::from_millis(200);

/// A bound port, with a certificate if it speaks TLS.
///
/// ```
/// use axum::{Router, routing::get};
/// use scopegate_server::{ListenError, ListenSettings, Listener};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = ListenSettings { address: "127.0.0.1:0".parse()?, tls: None };
/// let listener = Listener::bind(&settings).await?;
/// let address = listener.address();
///
/// let again = Listener::bind(&ListenSettings { address, tls: None }).await;
/// assert!(matches!(again, Err(ListenError::PortTaken(_))));
///
/// let router = Router::new().route("/", get(|| async { "hello" }));
/// let shutdown = async {}; // in a process: its signals
/// listener.serve(router, shutdown).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    limits: ListenLimits,
}

impl Listener {
    /// Binds the port and reads the certificate. Nothing is answered yet.
    ///
    /// # Errors
    ///
    /// [`ListenError`]. Its message is one line that names the address or the file.
    pub async fn bind(settings: &ListenSettings) -> Result<Self, ListenError> {
        let ListenSettings { address, tls } = settings;
        let tls = tls.clone().map(Tls::load).transpose()?.map(Arc::new);
        let failed = |source| ListenError::bind(*address, source);
        let tcp = TcpListener::bind(address).await.map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        Ok(Self { tcp, address, tls, limits: ListenLimits::default() })
    }

    /// Sets other limits than the default ones.
    #[must_use]
    pub fn with_limits(mut self, limits: ListenLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The address, with the port that was bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URLs by which a client on this machine reaches the listener. A listener on all addresses has none that
    /// is certain to be its own, except on this machine.
    pub(super) fn urls(&self) -> Vec<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let (ip, port) = (self.address.ip(), self.address.port());
        let named = (!ip.is_unspecified()).then(|| format!("{scheme}://{}", self.address));
        let is_local = ip.is_loopback() || ip.is_unspecified();
        let local =
            [format!("{scheme}://localhost:{port}"), format!("{scheme}://127.0.0.1:{port}")];
        let mut urls: Vec<String> = named.into_iter().collect();
        urls.extend(local.into_iter().filter(|_| is_local));
        urls.dedup();
        urls
    }

    /// Serves until `shutdown` is ready. Then running requests have 10 s to finish.
    pub async fn serve(self, router: Router, shutdown: impl Future<Output = ()>) {
        let Self { tcp, address, tls, limits } = self;
        let (end, ending) = watch::channel(());
        let mut accepting = Accepting {
            tls: tls.clone(),
            router,
            ending,
            tasks: JoinSet::new(),
            open: OpenConnections::new(limits.clone()),
            limits,
            refusals: Refusals::default(),
        };
        let mut shutdown = pin!(shutdown);
        let mut reload = pin!(reload(tls.clone()));
        tracing::info!(%address, tls = tls.is_some(), "listening");
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                () = &mut reload => {}
                Some(ended) = accepting.tasks.join_next_with_id() => accepting.note_end(ended),
                accepted = tcp.accept(), if !accepting.open.are_many_closing() => {
                    let pause = accepting.take(accepted);
                    if !pause.is_zero() {
                        tokio::select! {
                            () = tokio::time::sleep(pause) => {}
                            () = &mut shutdown => break,
                        }
                    }
                }
            }
        }
        drop((tcp, end));
        accepting.finish(address).await;
    }
}

/// Accepts connections and runs their tasks.
struct Accepting {
    tls: Option<Arc<Tls>>,
    router: Router,
    ending: watch::Receiver<()>,
    tasks: JoinSet<()>,
    open: OpenConnections,
    limits: ListenLimits,
    refusals: Refusals,
}

impl Accepting {
    /// Serves a connection, or closes it. Returns how long to wait before the next one is accepted.
    fn take(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) -> Duration {
        match accepted {
            Ok((stream, peer)) => self.serve(stream, peer),
            // The client has already gone.
            Err(error) if is_gone(&error) => {}
            Err(error) => {
                self.refusals.note_failure(&error);
                // Most likely there are no descriptors left: make one free.
                self.open.close_one();
                return PAUSE;
            }
        }
        Duration::ZERO
    }

    fn serve(&mut self, stream: TcpStream, peer: SocketAddr) {
        // Connections that have ended must not count when room is made for this one.
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.note_end(ended);
        }
        if let Err(refused) = self.open.make_room(peer.ip()) {
            return self.refusals.note(refused, peer);
        }
        // An answer with a token is one small packet. It must not wait to be merged with another.
        let _ = stream.set_nodelay(true);
        let activity = Arc::new(Activity::new());
        let connection = Connection {
            peer,
            router: self.router.clone(),
            activity: Arc::clone(&activity),
            patience: Patience::new(self.limits.write_timeout, self.limits.idle_timeout),
        };
        let tls = self.tls.as_ref().map(|tls| tls.acceptor());
        let task = self.tasks.spawn(connection.serve(stream, tls, self.ending.clone()));
        self.open.add(peer.ip(), activity, task);
    }

    fn note_end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                if error.is_panic() {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "a connection panicked");
                }
                error.id()
            }
        };
        self.open.remove(id);
    }

    /// Waits up to `GRACE` for running requests, then cuts them off.
    async fn finish(mut self, address: SocketAddr) {
        tracing::info!(%address, connections = self.tasks.len(), "finishing");
        let all_ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, all_ended).await.is_err() {
            let connections = self.tasks.len();
            tracing::warn!(%address, connections, "unfinished requests are cut off");
            self.tasks.shutdown().await;
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Reloads the certificate when its files change. Never ends.
async fn reload(tls: Option<Arc<Tls>>) {
    match tls {
        Some(tls) => tls.follow_files().await,
        None => std::future::pending().await,
    }
}
