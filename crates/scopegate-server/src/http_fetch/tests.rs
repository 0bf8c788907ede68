//! Fetches over real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::get;

use super::*;
use crate::listen::{ListenSettings, Listener};

/// A site on loopback, and the number of its requests.
async fn publisher() -> (SocketAddr, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let count = move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::ready::<axum::extract::Request>(request)
    };
    let endless = || async {
        let chunk = || Ok::<_, std::convert::Infallible>(vec![b' '; 64 * 1024]);
        Body::from_stream(futures_util::stream::repeat_with(chunk))
    };
    let site = Router::new()
        .route("/keys", get(|| async { "{\"keys\":[]}" }))
        .route("/just-fits", get(|| async { " ".repeat(MAX_LENGTH) }))
        .route("/large", get(|| async { " ".repeat(MAX_LENGTH + 1) }))
        .route("/endless", get(endless))
        .route("/silent", get(std::future::pending::<()>))
        .route("/redirect", get(|| async { (StatusCode::FOUND, [("location", "/keys")]) }))
        .route("/error", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .layer(axum::middleware::map_request(count));
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(&ListenSettings { address, tls: None }).await.unwrap();
    let address = listener.address();
    tokio::spawn(listener.serve(site, std::future::pending()));
    (address, asked)
}

#[tokio::test]
async fn a_document_of_bounded_size_is_fetched() {
    let (address, _) = publisher().await;
    let fetch = HttpFetch::for_catalog(Exposure::Loopback);
    let get = async |path: &str| fetch.get(&format!("http://{address}{path}")).await;
    assert_eq!(get("/keys").await.unwrap(), b"{\"keys\":[]}");
    assert_eq!(get("/just-fits").await.unwrap().len(), MAX_LENGTH);
    assert_eq!(get("/large").await, Err(FetchError::TooLarge));
    assert_eq!(get("/endless").await, Err(FetchError::TooLarge));
    assert_eq!(get("/error").await, Err(FetchError::Status(500)));
    let named = format!("http://localhost:{}/keys", address.port());
    assert!(fetch.get(&named).await.is_ok());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (address, asked) = publisher().await;
    let fetch = HttpFetch::for_catalog(Exposure::Loopback);
    let refused = fetch.get(&format!("http://{address}/redirect")).await;
    assert_eq!((refused, asked.load(Ordering::Relaxed)), (Err(FetchError::Status(302)), 1));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let (address, _) = publisher().await;
    let max_time = Duration::from_millis(50);
    let fetch = HttpFetch { max_time, ..HttpFetch::for_catalog(Exposure::Loopback) };
    let url = format!("http://{address}/silent");
    assert_eq!(fetch.get(&url).await, Err(FetchError::TimedOut));
}

#[tokio::test]
async fn few_documents_are_fetched_at_a_time() {
    let (address, asked) = publisher().await;
    let fetch = Arc::new(HttpFetch::for_catalog(Exposure::Loopback));
    let get = |path: &str| {
        let (fetch, url) = (Arc::clone(&fetch), format!("http://{address}{path}"));
        tokio::spawn(async move { fetch.get(&url).await })
    };
    let waiting: Vec<_> = (0..MAX_AT_ONCE).map(|_| get("/silent")).collect();
    while (asked.load(Ordering::Relaxed) as usize) < MAX_AT_ONCE {
        tokio::task::yield_now().await;
    }
    let one_more = get("/keys");
    assert_eq!(fetch.turns.available_permits(), 0);
    waiting[0].abort();
    assert!(one_more.await.unwrap().is_ok(), "its turn comes when another has ended");
}

#[tokio::test]
async fn a_public_server_asks_no_address_of_its_own_network() {
    let (address, asked) = publisher().await;
    let port = address.port();
    let fetch = HttpFetch::for_catalog(Exposure::Public);
    for url in [
        format!("http://127.0.0.1:{port}/keys"),
        format!("https://127.0.0.1:{port}/keys"),
        format!("https://localhost:{port}/keys"),
        format!("https://[::ffff:127.0.0.1]:{port}/keys"),
        format!("https://2130706433:{port}/keys"),
        format!("https://0x7f.1:{port}/keys"),
        format!("https://127.0.0.1.:{port}/keys"),
        "https://10.0.0.1/keys".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://[fd00::1]/keys".to_owned(),
        "http://example.com/keys".to_owned(),
        "file:///etc/passwd".to_owned(),
        "data:application/json,{}".to_owned(),
        "keys".to_owned(),
    ] {
        assert_eq!(fetch.get(&url).await, Err(FetchError::Forbidden), "{url}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_command_asks_any_address_but_plain_http_on_loopback_only() {
    let (address, _) = publisher().await;
    let fetch = HttpFetch::for_administrator();
    assert!(fetch.get(&format!("http://{address}/keys")).await.is_ok());
    let refused = fetch.get("http://10.0.0.1/keys").await;
    assert_eq!(refused, Err(FetchError::Forbidden));
    assert_eq!(fetch.check(&Url::parse("https://10.0.0.1/keys").unwrap()), Ok(()));
}

#[tokio::test]
async fn a_failed_connection_says_why() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fetch = HttpFetch::for_catalog(Exposure::Loopback);
    let FetchError::NoConnection(cause) =
        fetch.get(&format!("http://{unused}/keys")).await.unwrap_err()
    else {
        panic!("nothing listens there");
    };
    assert!(cause.contains("refused"), "{cause}");
}

#[tokio::test]
async fn plain_http_is_for_loopback_only() {
    let fetch = HttpFetch::for_catalog(Exposure::Loopback);
    for url in ["http://example.com/keys", "http://10.0.0.1/keys", "https://10.0.0.1/keys"] {
        assert_eq!(fetch.get(url).await, Err(FetchError::Forbidden), "{url}");
    }
}
