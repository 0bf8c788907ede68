//! A network connection to a server, which can be cut.

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, JoinSet};

pub(crate) struct Wire {
    server: (String, u16),
    port: u16,
    carrier: Mutex<JoinHandle<()>>,
}

impl Wire {
    pub(crate) async fn to(host: &str, port: u16) -> Self {
        let server = (host.to_owned(), port);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let carrier = Mutex::new(tokio::spawn(carry(listener, server.clone())));
        Self { server, port, carrier }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends all connections and takes no new one.
    pub(crate) async fn cut(&self) {
        let mut carrier = self.carrier.lock().await;
        carrier.abort();
        assert!((&mut *carrier).await.unwrap_err().is_cancelled());
    }

    pub(crate) async fn mend(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        *self.carrier.lock().await = tokio::spawn(carry(listener, self.server.clone()));
    }
}

async fn carry(listener: TcpListener, server: (String, u16)) {
    let mut connections = JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let server = server.clone();
        connections.spawn(async move {
            let mut far = TcpStream::connect(server).await.unwrap();
            // Both ends notice how it ends.
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
    }
}
