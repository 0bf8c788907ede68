//! Sign-ins over real connections that are closed before the answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use scopegate_core::store::{CatalogStore, KeyStore};
use scopegate_server::{ListenSettings, Listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::browser::{Browser, PASSWORD, sign_in_fields};
use crate::fixture::{FORM, Fixture, eventually};

/// A server that listens until it is dropped.
struct Listening {
    address: SocketAddr,
    /// How many requests it is answering.
    deciding: Arc<AtomicUsize>,
}

/// Counts as a running request until it is dropped.
struct Decides(Arc<AtomicUsize>);

impl Decides {
    fn begin(deciding: Arc<AtomicUsize>) -> Self {
        deciding.fetch_add(1, Ordering::SeqCst);
        Self(deciding)
    }
}

impl Drop for Decides {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn counted(
    State(deciding): State<Arc<AtomicUsize>>,
    request: Request,
    next: Next,
) -> Response {
    let _decides = Decides::begin(deciding);
    next.run(request).await
}

impl Listening {
    async fn start<S: CatalogStore + KeyStore>(fixture: &Fixture<S>) -> Self {
        let anywhere = ListenSettings { address: (Ipv4Addr::LOCALHOST, 0).into(), tls: None };
        let listener = Listener::bind(&anywhere).await.unwrap();
        let (address, deciding) = (listener.address(), Arc::new(AtomicUsize::new(0)));
        let router =
            fixture.server.router().layer(from_fn_with_state(Arc::clone(&deciding), counted));
        tokio::spawn(listener.serve(router, std::future::pending()));
        Self { address, deciding }
    }

    /// Sends a sign-in from an address of the loopback network.
    async fn sign_in<S: CatalogStore + KeyStore>(
        &self,
        from: Ipv4Addr,
        browser: &Browser<'_, S>,
        (request, login, password): (&str, &str, &str),
    ) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        let mut connection = socket.connect(self.address).await.unwrap();
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(sign_in_fields(request, login, password))
            .finish();
        let (cookies, length) = (browser.cookie_line(), form.len());
        let text = format!(
            "POST /signin HTTP/1.1\r\nhost: x\r\ncookie: {cookies}\r\ncontent-type: {FORM}\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{form}"
        );
        connection.write_all(text.as_bytes()).await.unwrap();
        connection
    }
}

async fn status(mut connection: TcpStream) -> String {
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// On Linux a connection may come from any address of the loopback network.
#[cfg(target_os = "linux")]
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[tokio::test]
async fn a_guess_whose_connection_was_closed_stays_counted() {
    let fixture = Fixture::start_in_memory().await.with_users().await;
    let mut browser = Browser::new(&fixture);
    let form = browser.sign_in_form().await;
    let server = Listening::start(&fixture).await;
    fixture.store.hang();
    let before = fixture.store.reads();
    let mut connections = Vec::new();
    for _ in 0..10 {
        let guess = (form.request(), "alice", "wrong password");
        connections.push(server.sign_in(HERE, &browser, guess).await);
    }
    eventually(async || fixture.store.reads() == before + 10).await;
    assert_eq!(server.deciding.load(Ordering::SeqCst), 10);
    drop(connections);
    eventually(async || server.deciding.load(Ordering::SeqCst) == 0).await;

    fixture.store.repair();
    let right = (form.request(), "alice", PASSWORD);
    assert_eq!(status(server.sign_in(HERE, &browser, right).await).await, "429");
    let other = (form.request(), "bob", PASSWORD);
    assert_eq!(status(server.sign_in(HERE, &browser, other).await).await, "303");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn closed_connections_of_one_address_keep_no_other_user_out() {
    let fixture = Fixture::start().await.with_users().await;
    let mut browser = Browser::new(&fixture);
    let form = browser.sign_in_form().await;
    let server = Listening::start(&fixture).await;
    for round in 0..5 {
        let mut connections = Vec::new();
        for number in 0..20 {
            let login = format!("user-{round}-{number}");
            let guess = (form.request(), login.as_str(), "wrong password");
            connections.push(server.sign_in(HERE, &browser, guess).await);
        }
        // Half of them are closed before another user signs in, half of them after.
        connections.truncate(10);
        let right = (form.request(), "alice", PASSWORD);
        assert_eq!(status(server.sign_in(ELSEWHERE, &browser, right).await).await, "303");
    }
}
