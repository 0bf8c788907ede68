//! Real sockets: TLS, HTTP/2, time-outs, shutdown.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use reqwest::Certificate;
use scopegate_server::{ListenError, ListenLimits, ListenSettings, Listener, Listeners, TlsFiles};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot, watch};

use crate::fixture::Fixture;

fn anywhere(tls: Option<TlsFiles>) -> ListenSettings {
    ListenSettings { address: SocketAddr::from(([127, 0, 0, 1], 0)), tls }
}

/// Writes a new certificate for `localhost` with its key. Returns the certificate.
fn certify(folder: &Path) -> (TlsFiles, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.certificate, cert.pem()).unwrap();
    std::fs::write(&files.key, signing_key.serialize_pem()).unwrap();
    (files, cert.pem())
}

async fn refusal(tls: TlsFiles) -> ListenError {
    Listener::bind(&anywhere(Some(tls))).await.unwrap_err()
}

#[tokio::test]
async fn tls_speaks_http_1_and_2_with_the_certificate_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let (files, certificate) = certify(folder.path());
    let at = Fixture::start_at("https://localhost").await;
    let listeners = Listeners::bind(&anywhere(Some(files)), Some(&anywhere(None))).await.unwrap();
    let (public, admin) = (listeners.public_address(), listeners.admin_address().unwrap());
    let (end, ending) = oneshot::channel::<()>();
    let served = listeners.serve(&at.server, async { drop(ending.await) });
    let asked = async {
        let root = Certificate::from_pem(certificate.as_bytes()).unwrap();
        let client = || {
            reqwest::Client::builder().tls_certs_only([root.clone()]).resolve("localhost", public)
        };
        let url = format!("https://localhost:{}/oauth2/v1/keys", public.port());
        let new = client().build().unwrap().get(&url).send().await.unwrap();
        assert_eq!((new.version(), new.status()), (http::Version::HTTP_2, http::StatusCode::OK));
        let old = client().http1_only().build().unwrap().get(&url).send().await.unwrap();
        assert_eq!((old.version(), old.status()), (http::Version::HTTP_11, http::StatusCode::OK));
        let health = reqwest::get(format!("http://{admin}/readyz")).await.unwrap();
        assert_eq!(health.status(), 200);
        end.send(()).unwrap();
    };
    tokio::join!(served, asked);
    assert!(TcpStream::connect(public).await.is_err());
}

#[tokio::test]
async fn the_error_about_an_unusable_file_names_it_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = certify(folder.path());
    let missing = folder.path().join("missing.pem");
    let text = folder.path().join("text.pem");
    std::fs::write(&text, "hello").unwrap();

    let error = refusal(TlsFiles { certificate: missing, ..files.clone() }).await;
    assert!(matches!(error, ListenError::File { .. }), "{error}");
    let error = refusal(TlsFiles { certificate: text.clone(), ..files.clone() }).await;
    assert!(matches!(error, ListenError::NoCertificate(_)), "{error}");
    let error = refusal(TlsFiles { key: text.clone(), ..files.clone() }).await;
    assert!(matches!(error, ListenError::NoKey(_)), "{error}");

    std::fs::write(&text, "-----BEGIN CERTIFICATE-----\n!!!\n").unwrap();
    let error = refusal(TlsFiles { certificate: text.clone(), ..files.clone() }).await;
    assert!(matches!(error, ListenError::NotPem(_)), "{error}");

    std::fs::write(&text, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let error = refusal(TlsFiles { key: text, ..files }).await;
    assert!(matches!(error, ListenError::KeyMismatch { .. }), "{error}");
    assert!(!error.to_string().contains('\n'));
}

#[tokio::test]
async fn the_error_about_a_taken_port_or_a_foreign_address_names_it() {
    let taken = Listener::bind(&anywhere(None)).await.unwrap();
    let again = ListenSettings { address: taken.address(), tls: None };
    assert!(matches!(Listener::bind(&again).await, Err(ListenError::PortTaken(_))));
    let foreign = ListenSettings { address: "203.0.113.7:0".parse().unwrap(), tls: None };
    let error = Listener::bind(&foreign).await.unwrap_err();
    assert!(matches!(error, ListenError::AddressNotAvailable(_)), "{error}");
}

#[tokio::test]
async fn shutdown_waits_for_requests_and_not_for_idle_connections() {
    let (arrived, mut arrival) = watch::channel(false);
    let go_on = Arc::new(Notify::new());
    let may_go_on = Arc::clone(&go_on);
    let slow = move |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
        let (arrived, may_go_on) = (arrived.clone(), Arc::clone(&may_go_on));
        async move {
            arrived.send_replace(true);
            may_go_on.notified().await;
            peer.to_string()
        }
    };
    let listener = Listener::bind(&anywhere(None)).await.unwrap();
    let address = listener.address();
    let served = listener.serve(Router::new().route("/", get(slow)), async move {
        let _ = arrival.wait_for(|arrived| *arrived).await;
    });
    let asked = async {
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut asking = TcpStream::connect(address).await.unwrap();
        asking.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        // The idle connection is closed while the request is running.
        let end = silent.read(&mut [0]).await;
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
        go_on.notify_one();
        let mut answer = String::new();
        asking.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with(&asking.local_addr().unwrap().to_string()), "{answer}");
    };
    tokio::join!(served, asked);
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let listener = Listener::bind(&anywhere(None)).await.unwrap();
    let address = listener.address();
    let (end, ending) = oneshot::channel::<()>();
    let served = listener.serve(Router::new(), async { drop(ending.await) });
    let asked = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000));
        let _ = stream.write_all(head.as_bytes()).await;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 431");
        end.send(()).unwrap();
    };
    tokio::join!(served, asked);
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_request_is_closed() {
    let listener = Listener::bind(&anywhere(None)).await.unwrap();
    let address = listener.address();
    let (end, ending) = oneshot::channel::<()>();
    let served = listener.serve(Router::new(), async { drop(ending.await) });
    let asked = async {
        for beginning in ["", "P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nx:"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(beginning.as_bytes()).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        end.send(()).unwrap();
    };
    tokio::join!(served, asked);
}

#[tokio::test]
async fn a_request_that_does_not_finish_is_cut_off_at_shutdown() {
    let listener = Listener::bind(&anywhere(None)).await.unwrap();
    let address = listener.address();
    let (arrived, mut arrival) = watch::channel(false);
    let endless = move || {
        arrived.send_replace(true);
        std::future::pending::<()>()
    };
    let router = Router::new().route("/", get(endless));
    let served = listener.serve(router, async move {
        let _ = arrival.wait_for(|arrived| *arrived).await;
        // The clock is paused only now: before, the wait for the request would have been skipped,
        // too.
        tokio::time::pause();
    });
    let asked = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let end = stream.read(&mut [0]).await;
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    };
    tokio::join!(served, asked);
}

/// Tells whether a request gets its whole answer, which has no body.
async fn is_answered(stream: &mut TcpStream) -> bool {
    let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if !stream.read_buf(&mut answer).await.is_ok_and(|length| length > 0) {
            return false;
        }
    }
    answer.starts_with(b"HTTP/1.1 404")
}

/// Waits for the end of a connection.
async fn drain(stream: &mut TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn a_client_that_keeps_its_connections_loses_no_request_to_a_refusal() {
    let listener = Listener::bind(&anywhere(None)).await.unwrap();
    let address = listener.address();
    let (end, ending) = oneshot::channel::<()>();
    let served = listener.serve(Router::new(), async { drop(ending.await) });
    let asked = async {
        let client = reqwest::Client::new();
        let clients = (0..8).map(|number| {
            let client = client.clone();
            async move {
                for round in 0..250 {
                    // Some bodies come with the head, others need several packets.
                    let body = vec![b'x'; [10, 3000, 40_000, 120_000][(number + round) % 4]];
                    let asked = client.post(format!("http://{address}/unknown")).body(body);
                    assert_eq!(asked.send().await.unwrap().status(), 404, "round {round}");
                }
            }
        });
        futures_util::future::join_all(clients).await;
        drop(client);
        end.send(()).unwrap();
    };
    tokio::join!(served, asked);
}

#[tokio::test]
async fn an_answer_reaches_a_client_that_is_still_sending_its_body() {
    let listener = Listener::bind(&anywhere(None)).await.unwrap();
    let address = listener.address();
    let (end, ending) = oneshot::channel::<()>();
    let served = listener.serve(Router::new(), async { drop(ending.await) });
    let asked = async {
        for _ in 0..20 {
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut reading, mut writing) = stream.into_split();
            let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n";
            writing.write_all(head).await.unwrap();
            // Closing the connection before all of this was read would reset it.
            writing.write_all(&[b'x'; 200_000]).await.unwrap();
            let mut answer = String::new();
            reading.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
            assert!(answer.contains("connection: close"), "{answer}");
        }
        end.send(()).unwrap();
    };
    tokio::join!(served, asked);
}

#[tokio::test]
async fn an_address_with_its_maximum_of_connections_gets_another_when_one_ends() {
    let mut limits = ListenLimits::for_descriptors(1024);
    limits.connections_per_address = 2;
    let listener = Listener::bind(&anywhere(None)).await.unwrap().with_limits(limits);
    let address = listener.address();
    let (end, ending) = oneshot::channel::<()>();
    let served = listener.serve(Router::new(), async { drop(ending.await) });
    let asked = async {
        let mut first = TcpStream::connect(address).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        assert!(is_answered(&mut first).await && is_answered(&mut second).await);
        let mut third = TcpStream::connect(address).await.unwrap();
        assert!(!is_answered(&mut third).await);
        drop(first);
        loop {
            // The server may notice the end a little later.
            let mut another = TcpStream::connect(address).await.unwrap();
            if is_answered(&mut another).await {
                break;
            }
        }
        assert!(is_answered(&mut second).await, "it was never closed");
        end.send(()).unwrap();
    };
    tokio::join!(served, asked);
}

#[tokio::test]
async fn when_all_connections_are_taken_the_idle_one_is_closed() {
    let mut limits = ListenLimits::for_descriptors(1024);
    (limits.connections, limits.connections_per_address) = (3, 3);
    let listener = Listener::bind(&anywhere(None)).await.unwrap().with_limits(limits);
    let address = listener.address();
    let (end, ending) = oneshot::channel::<()>();
    let served = listener.serve(Router::new(), async { drop(ending.await) });
    let asked = async {
        let mut idle = Vec::new();
        for number in 1..=3 {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::from(([127, 0, 0, number], 0))).unwrap();
            idle.push(socket.connect(address).await.unwrap());
            assert!(is_answered(idle.last_mut().unwrap()).await);
        }
        let mut new = TcpStream::connect(address).await.unwrap();
        assert!(is_answered(&mut new).await);
        let ends = idle.iter_mut().map(|stream| Box::pin(drain(stream)));
        let (_, first, _) = futures_util::future::select_all(ends).await;
        assert_eq!(first, 0, "it has waited longest");
        end.send(()).unwrap();
    };
    tokio::join!(served, asked);
}
