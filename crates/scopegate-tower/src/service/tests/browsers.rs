//! Preflight requests.

use super::*;

fn preflight(path: &str) -> http::request::Builder {
    Request::options(path)
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "GET")
}

#[tokio::test]
async fn the_metadata_answers_preflights() {
    let issuer = TestIssuer::new();
    let layer = issuer.builder().resource("https://api.example.com").build().unwrap();
    let path = "/.well-known/oauth-protected-resource";
    let request =
        preflight(path).header("access-control-request-headers", "mcp-protocol-version, x-a");
    let response = send(&layer, request.body(()).unwrap()).await;
    assert_eq!(response.status(), 204);
    let headers = response.headers();
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["access-control-allow-methods"], "GET, HEAD");
    assert_eq!(headers["access-control-allow-headers"], "mcp-protocol-version, x-a");
    assert_eq!(headers["access-control-max-age"], "3600");
    assert!(!headers.contains_key(CONTENT_TYPE));
    assert_eq!(text(response).await, "");

    let response = send(&layer, preflight(path).body(()).unwrap()).await;
    assert_eq!(response.status(), 204);
    assert!(!response.headers().contains_key("access-control-allow-headers"));

    let no_preflight = Request::options(path).header("origin", "https://app.example.com");
    assert_eq!(send(&layer, no_preflight.body(()).unwrap()).await.status(), 401);
    assert_eq!(send(&layer, preflight("/orders").body(()).unwrap()).await.status(), 401);
}
