//! A port that is taken, and what is accepted on it.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::connection::Connection;
use super::tls::Tls;
use super::{ListenError, ListenSettings};

/// How many connections are open at most; more wait in the system's queue.
const MAX_CONNECTIONS: usize = 10_000;

/// How long requests may take to finish once the end has begun.
const GRACE: Duration = Duration::from_secs(10);

/// The pause after the system has no more file descriptors, or the like.
const PAUSE: Duration = Duration::from_millis(200);

/// A port that is taken, with the certificate if it speaks TLS.
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
}

impl Listener {
    /// Takes the port and reads the certificate. Nothing is answered yet.
    ///
    /// # Errors
    ///
    /// [`ListenError`] in one line that names the address or the file.
    pub async fn bind(settings: &ListenSettings) -> Result<Self, ListenError> {
        let ListenSettings { address, tls } = settings;
        let tls = tls.clone().map(Tls::load).transpose()?.map(Arc::new);
        let failed = |source| ListenError::bind(*address, source);
        let tcp = TcpListener::bind(address).await.map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        Ok(Self { tcp, address, tls })
    }

    /// The address, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the future is ready; then finishes the requests that are there, for ten seconds.
    pub async fn serve(self, router: Router, shutdown: impl Future<Output = ()>) {
        let Self { tcp, address, tls } = self;
        let (end, ending) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        let mut reload = pin!(reload(tls.clone()));
        tracing::info!(%address, tls = tls.is_some(), "listening");
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                () = &mut reload => {}
                Some(ended) = connections.join_next() => log_panic(ended),
                accepted = tcp.accept(), if connections.len() < MAX_CONNECTIONS => {
                    let Some((stream, peer)) = accepted_stream(accepted).await else { continue };
                    let tls = tls.as_ref().map(|tls| tls.acceptor());
                    let connection = Connection { peer, router: router.clone() };
                    connections.spawn(connection.serve(stream, tls, ending.clone()));
                }
            }
        }
        drop((tcp, end));
        tracing::info!(%address, connections = connections.len(), "finishing");
        let all_ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, all_ended).await.is_err() {
            tracing::warn!(%address, connections = connections.len(), "unfinished requests are cut off");
            connections.shutdown().await;
        }
    }
}

async fn accepted_stream(
    accepted: io::Result<(TcpStream, SocketAddr)>,
) -> Option<(TcpStream, SocketAddr)> {
    match accepted {
        Ok(accepted) => Some(accepted),
        // The client has gone already.
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => None,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot accept connections");
            tokio::time::sleep(PAUSE).await;
            None
        }
    }
}

fn log_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(error = &error as &dyn std::error::Error, "a connection panicked");
    }
}

/// Follows the files of the certificate; never ends.
async fn reload(tls: Option<Arc<Tls>>) {
    match tls {
        Some(tls) => tls.follow_files().await,
        None => std::future::pending().await,
    }
}
