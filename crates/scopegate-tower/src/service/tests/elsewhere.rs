//! Tokens that are not in the Authorization header.

use http::header::CACHE_CONTROL;
use http::request::Builder;

use super::*;
use crate::TokenSource;

fn layer(issuer: &TestIssuer, source: impl Into<TokenSource>) -> BearerLayer {
    issuer.builder().token_source(source).build().unwrap()
}

/// Answers with the URI that the inner service sees, and allows every cache to store the answer.
async fn uri(request: Request<()>) -> Result<Response<Body>, Infallible> {
    let response = Response::builder().header(CACHE_CONTROL, "public").header("x-inner", "1");
    Ok(response.body(request.uri().to_string().into()).unwrap())
}

async fn send_uri(layer: &BearerLayer, request: Builder) -> Response<ResponseBody<Body>> {
    layer.layer(service_fn(uri)).oneshot(request.body(()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_token_in_a_named_header_is_admitted() {
    let issuer = TestIssuer::new();
    let layer = layer(&issuer, TokenSource::header("x-access-token"));
    let token = issuer.token();
    let get = || Request::get("/").header("x-access-token", &token);
    assert_eq!(text(send(&layer, get().body(()).unwrap()).await).await, "u1");
    let twice = get().header(AUTHORIZATION, format!("Bearer {token}")).body(()).unwrap();
    let response = send(&layer, twice).await;
    assert_eq!(response.status(), 400);
    assert_eq!(
        challenge(&response),
        "Bearer error=\"invalid_request\", error_description=\"There are tokens in two headers\""
    );
    assert_eq!(status(&layer, &token).await, 401, "Authorization is not read");
    let bearer = Request::get("/").header("x-access-token", format!("Bearer {token}"));
    assert_eq!(send(&layer, bearer.body(()).unwrap()).await.status(), 400, "there is no scheme");
}

#[tokio::test]
async fn a_token_in_a_cookie_is_admitted_from_this_or_a_listed_origin() {
    let issuer = TestIssuer::new();
    let layer = layer(&issuer, TokenSource::cookie("token").origin("https://app.example.com"));
    let cookie = format!("theme=dark; token={}", issuer.token());
    let get = || Request::get("/").header("cookie", &cookie);
    let post = || Request::post("/").header("cookie", &cookie);
    for admitted in [
        get(),
        post().header("sec-fetch-site", "same-origin"),
        post().header("origin", "https://app.example.com"),
        get().header("upgrade", "websocket").header("sec-fetch-site", "same-origin"),
    ] {
        assert_eq!(text(send(&layer, admitted.body(()).unwrap()).await).await, "u1");
    }
    for refused in [
        post(),
        post().header("sec-fetch-site", "same-site"),
        post().header("origin", "https://evil.example"),
        get().header("upgrade", "websocket").header("origin", "https://evil.example"),
    ] {
        let response = send(&layer, refused.body(()).unwrap()).await;
        assert_eq!(response.status(), 403);
        assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
        assert_eq!(response.extensions().get::<Refusal>().unwrap().reason(), "cross_origin");
        assert_eq!(
            text(response).await,
            "{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,\
             \"detail\":\"A request with this cookie must come from this origin\"}"
        );
    }
    let two = get().header("cookie", "token=other").body(()).unwrap();
    let response = send(&layer, two).await;
    assert_eq!(response.status(), 400);
    assert_eq!(
        challenge(&response),
        "Bearer error=\"invalid_request\", \
         error_description=\"There is more than one cookie with a token\""
    );
    let header = post().header(AUTHORIZATION, format!("Bearer {}", issuer.token()));
    assert_eq!(send(&layer, header.body(()).unwrap()).await.status(), 200);
    let header = get().header(AUTHORIZATION, "Bearer junk").body(()).unwrap();
    assert_eq!(send(&layer, header).await.status(), 401, "the cookie is ignored");
}

#[tokio::test]
async fn an_optional_layer_refuses_a_cookie_from_another_origin() {
    let issuer = TestIssuer::new();
    let layer = layer(&issuer, TokenSource::cookie("token")).optional();
    let post = || Request::post("/");
    assert_eq!(send(&layer, post().body(()).unwrap()).await.status(), 200);
    let cookie = format!("token={}", issuer.token());
    let response = send(&layer, post().header("cookie", cookie).body(()).unwrap()).await;
    assert_eq!(response.status(), 403);
}

#[tokio::test]
async fn a_token_in_the_query_is_removed_and_its_answer_is_not_stored() {
    let issuer = TestIssuer::new();
    let layer = layer(&issuer, TokenSource::insecure_query_for_handshakes());
    let path = format!("/ws?a=%7e&access%5Ftoken={}&b", issuer.token());
    // The first request waits for keys, the second does not.
    for _ in 0..2 {
        let response = send_uri(&layer, Request::get(&path).header("upgrade", "websocket")).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers().get_all(CACHE_CONTROL).iter().count(), 1);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()["x-inner"], "1");
        assert_eq!(text(response).await, "/ws?a=%7e&b");
    }
    let events = Request::get(&path).header("accept", "text/event-stream");
    assert_eq!(text(send_uri(&layer, events).await).await, "/ws?a=%7e&b");
    let header = Request::get("/ws?a").header(AUTHORIZATION, format!("Bearer {}", issuer.token()));
    let response = send_uri(&layer, header).await;
    assert_eq!(response.headers()[CACHE_CONTROL], "public", "no token was in the query");
    assert_eq!(text(response).await, "/ws?a");
}

#[tokio::test]
async fn a_refusal_of_a_token_in_the_query_is_not_stored() {
    let issuer = TestIssuer::new();
    let layer = layer(&issuer, TokenSource::insecure_query_for_handshakes());
    let get = |path: &str| Request::get(path).header("upgrade", "websocket");
    let header = get("/ws?access_token=a").header(AUTHORIZATION, "Bearer a");
    for (request, status) in [
        (get("/ws?access_token=junk"), 401),
        (get("/ws?access_token=a&access_token=b"), 400),
        (header, 400),
        (Request::get("/ws?access_token=a"), 401),
    ] {
        let response = send_uri(&layer, request).await;
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert!(response.headers().contains_key(WWW_AUTHENTICATE));
    }
    let response = send_uri(&layer, get("/ws?a")).await;
    assert_eq!(response.status(), 401);
    assert!(!response.headers().contains_key(CACHE_CONTROL));
}

#[tokio::test]
async fn a_token_in_the_query_is_removed_where_it_is_not_read() {
    let issuer = TestIssuer::new();
    let layer = layer(&issuer, TokenSource::insecure_query_for_handshakes()).optional();
    let response = send_uri(&layer, Request::get("/?access_token=a&b")).await;
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(text(response).await, "/?b");
}

#[tokio::test]
async fn without_the_source_a_query_stays_as_it_is() {
    let issuer = TestIssuer::new();
    let request = || Request::get("/?access_token=a").header("upgrade", "websocket");
    for source in [TokenSource::authorization(), TokenSource::cookie("token").into()] {
        let layer = layer(&issuer, source);
        let refused = send_uri(&layer, request()).await;
        assert_eq!(refused.status(), 401);
        assert!(!refused.headers().contains_key(CACHE_CONTROL));
        let response = send_uri(&layer.optional(), request()).await;
        assert_eq!(response.headers()[CACHE_CONTROL], "public");
        assert_eq!(text(response).await, "/?access_token=a");
    }
}

#[tokio::test]
async fn the_metadata_names_the_methods_of_the_source() {
    let issuer = TestIssuer::new();
    for (source, methods) in [
        (TokenSource::authorization(), json!(["header"])),
        (TokenSource::cookie("token").into(), json!(["header"])),
        (TokenSource::header("x-access-token"), json!([])),
        (TokenSource::insecure_query_for_handshakes(), json!(["header", "query"])),
    ] {
        let builder = issuer.builder().resource("https://api.example.com").token_source(source);
        let document = builder.build().unwrap().protected_resource().unwrap().json();
        let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(document["bearer_methods_supported"], methods);
    }
}
