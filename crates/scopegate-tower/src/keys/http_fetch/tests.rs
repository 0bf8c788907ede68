use std::io::Write;

use url::Url;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::*;
use crate::keys::download::{Downloaded, Target, download};
use crate::keys::{IssuerDocument, KeysError};

async fn read(fetch: &HttpFetch, url: &Url) -> Result<Downloaded, KeysError> {
    download(fetch, Target { document: IssuerDocument::KeySet, url }).await
}

async fn serve(at: &str, answer: ResponseTemplate) -> (MockServer, Url) {
    let server = MockServer::start().await;
    Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(&server).await;
    let url = Url::parse(&server.uri()).unwrap().join(at).unwrap();
    (server, url)
}

#[tokio::test]
async fn a_document_is_read_over_the_network() {
    let answer = ResponseTemplate::new(200)
        .insert_header("cache-control", "max-age=120")
        .set_body_raw(r#"{"keys":[]}"#, "application/json");
    let (server, url) = serve("/keys", answer).await;
    let document = read(&HttpFetch::new(), &url).await.unwrap();
    assert_eq!(document.body, r#"{"keys":[]}"#);
    assert_eq!(document.fresh_for.unwrap().as_secs(), 120);
    let request = server.received_requests().await.unwrap().remove(0);
    assert!(request.headers["user-agent"].to_str().unwrap().starts_with("scopegate/"));
    assert_eq!(request.headers["accept-encoding"], "gzip");
}

#[tokio::test]
async fn a_compressed_document_is_decompressed() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(br#"{"keys":[]}"#).unwrap();
    let answer = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_bytes(encoder.finish().unwrap());
    let (_server, url) = serve("/keys", answer).await;
    assert_eq!(read(&HttpFetch::new(), &url).await.unwrap().body, r#"{"keys":[]}"#);

    let answer = ResponseTemplate::new(200).insert_header("content-encoding", "br");
    let (_server, url) = serve("/keys", answer).await;
    let error = read(&HttpFetch::new(), &url).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the key set {url} has the content encoding \"br\"; only gzip is supported")
    );
}

#[tokio::test]
async fn a_body_is_not_read_beyond_the_limit() {
    let (_server, url) =
        serve("/keys", ResponseTemplate::new(200).set_body_bytes(vec![b' '; MAX_DOCUMENT_LEN + 1]))
            .await;
    let request = Request::get(url.as_str()).body(()).unwrap();
    assert!(matches!(HttpFetch::new().fetch(request).await, Err(FetchError::TooLarge)));
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_not_followed() {
    let (other, elsewhere) = serve("/keys", ResponseTemplate::new(200)).await;
    let redirect = ResponseTemplate::new(302).insert_header("location", elsewhere.as_str());
    let (_server, url) = serve("/keys", redirect).await;
    let error = read(&HttpFetch::new(), &url).await.unwrap_err();
    assert!(matches!(error, KeysError::Redirected { .. }), "{error:?}");
    assert!(other.received_requests().await.unwrap().is_empty());
    // A custom client may follow the redirect; the answer is rejected all the same.
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let error = read(&HttpFetch::with_client(client), &url).await.unwrap_err();
    assert!(matches!(error, KeysError::Redirected { .. }), "{error:?}");
}

#[tokio::test]
async fn a_redirect_within_the_origin_is_followed() {
    let (server, url) =
        serve("/keys", ResponseTemplate::new(307).insert_header("location", "/v2/keys")).await;
    let keys = ResponseTemplate::new(200).set_body_string("found");
    Mock::given(path("/v2/keys")).respond_with(keys).mount(&server).await;
    assert_eq!(read(&HttpFetch::new(), &url).await.unwrap().body, "found");
}

#[tokio::test]
async fn a_refused_connection_is_an_error() {
    // Also with TLS, without a crypto provider installed for the process.
    for url in ["http://127.0.0.1:1/keys", "https://127.0.0.1:1/keys"] {
        let error = read(&HttpFetch::new(), &Url::parse(url).unwrap()).await;
        assert!(matches!(error, Err(KeysError::Fetch { source: FetchError::Transport(_), .. })));
    }
}

/// Resolves every name to these addresses.
struct Resolved(Vec<SocketAddr>);

impl Resolve for Resolved {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses = self.0.clone();
        Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
    }
}

fn resolving_to(addresses: &[&str]) -> HttpFetch {
    let addresses = addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0));
    HttpFetch { private_dns: PrivateDns::over(Resolved(addresses.collect())), ..Default::default() }
}

#[tokio::test]
async fn plain_http_connects_to_the_private_addresses_of_a_name_only() {
    let keys = ResponseTemplate::new(200).set_body_string("found");
    let (server, url) = serve("/keys", keys).await;
    let mut named = url.clone();
    named.set_host(Some("keycloak")).unwrap();
    for addresses in [&["127.0.0.1"][..], &["::ffff:127.0.0.1"], &["93.184.216.34", "127.0.0.1"]] {
        let document = read(&resolving_to(addresses), &named).await.unwrap();
        assert_eq!(document.body, "found", "{addresses:?}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
    for address in ["93.184.216.34", "169.254.169.254", "2606:2800:220:1::1"] {
        let error = read(&resolving_to(&[address, "8.8.8.8"]), &named).await.unwrap_err();
        assert_eq!(
            crate::keys::described(&error),
            format!(
                "the key set {named} cannot be read: `keycloak` resolves to {address}, and plain \
                 http is for loopback and private addresses only"
            )
        );
    }
    let error = read(&resolving_to(&[]), &named).await.unwrap_err();
    assert!(
        matches!(error, KeysError::Fetch { source: FetchError::Transport(_), .. }),
        "{error:?}"
    );
    named.set_host(Some("localhost")).unwrap();
    let error = read(&resolving_to(&["10.0.0.1"]), &named).await.unwrap_err();
    let KeysError::Fetch { source, .. } = error else { panic!("{error:?}") };
    assert!(matches!(source, FetchError::NotPrivate { .. }), "{source:?}");
    assert!(read(&HttpFetch::new(), &named).await.is_ok(), "the system's resolver");
}
