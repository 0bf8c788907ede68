//! Listeners: TCP and TLS, a bounded number of connections, graceful shutdown.

mod activity;
mod answer_body;
mod connection;
mod error;
mod exchange;
mod limits;
mod listener;
mod open_connections;
mod patience;
mod peer_stream;
mod refusals;
mod request_body;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::sync::watch;

use crate::server::Server;

pub use error::ListenError;
pub use limits::ListenLimits;
pub use listener::Listener;

/// Where to listen.
#[derive(Clone, Debug)]
pub struct ListenSettings {
    /// The address and the port. With port 0 the system chooses a free one.
    pub address: SocketAddr,
    /// The certificate, if the listener speaks TLS itself.
    pub tls: Option<TlsFiles>,
}

/// A certificate and its key, in PEM files. They are read again when they change.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate, followed by the intermediate ones.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// The listeners of a [`Server`]: the public one, and the administrator's.
#[derive(Debug)]
pub struct Listeners {
    public: Listener,
    admin: Option<Listener>,
}

impl Listeners {
    /// Binds the ports and reads the certificates. Nothing is answered yet.
    ///
    /// # Errors
    ///
    /// [`ListenError`]. Its message is one line that names the address or the file.
    pub async fn bind(
        public: &ListenSettings,
        admin: Option<&ListenSettings>,
    ) -> Result<Self, ListenError> {
        let public = Listener::bind(public).await?;
        let admin = match admin {
            Some(admin) => Some(Listener::bind(admin).await?),
            None => None,
        };
        Ok(Self { public, admin }.with_limits(ListenLimits::default()))
    }

    /// Sets other limits than the default ones. The administrator's listener has a few connections
    /// of its own, so that it works even if the public one is full.
    #[must_use]
    pub fn with_limits(self, limits: ListenLimits) -> Self {
        let admin_limits = ListenLimits::for_admin(&limits);
        Self {
            public: self.public.with_limits(limits),
            admin: self.admin.map(|admin| admin.with_limits(admin_limits)),
        }
    }

    /// The address of the public listener.
    pub fn public_address(&self) -> SocketAddr {
        self.public.address()
    }

    /// The address of the administrator's listener.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Listener::address)
    }

    /// Serves until `shutdown` is ready, then shuts down gracefully and closes the server.
    pub async fn serve(self, server: &Server, shutdown: impl Future<Output = ()>) {
        let Self { public, admin } = self;
        let (end, ending) = watch::channel(());
        let ended = |mut ending: watch::Receiver<()>| async move {
            // Nothing is ever sent. Dropping the sender is the signal.
            let _ = ending.changed().await;
        };
        let serve_admin = async {
            if let Some(admin) = admin {
                server.authority().set_admin_urls(admin.urls());
                admin.serve(server.admin_router(), ended(ending.clone())).await;
            }
        };
        let wait = async {
            shutdown.await;
            drop(end);
        };
        tokio::join!(public.serve(server.router(), ended(ending.clone())), serve_admin, wait);
        server.close().await;
    }
}
