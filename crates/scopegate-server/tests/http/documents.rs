//! Keys, metadata and health.

use axum::body::Body;
use axum::response::Response;
use http::{Method, Request};
use tower::ServiceExt;

use crate::fixture::Fixture;
use crate::rendered::{json, rendered, the_same};

async fn get_with(at: &Fixture, path: &str, name: &str, value: &str) -> Response {
    at.send(Request::get(path).header(name, value).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn metadata_is_served_at_every_well_known_place() {
    let at = Fixture::start().await;
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        assert_eq!(json(at.get(path).await).await["issuer"], "http://127.0.0.1:9000", "{path}");
    }
    for path in [
        "/oauth2/default/.well-known/openid-configuration",
        "/oauth2/default/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/oauth2/default",
    ] {
        let metadata = json(at.get(path).await).await;
        assert_eq!(metadata["issuer"], "http://127.0.0.1:9000/oauth2/default", "{path}");
        assert_eq!(metadata["jwks_uri"], "http://127.0.0.1:9000/oauth2/default/v1/keys", "{path}");
    }
}

#[tokio::test]
async fn a_base_url_with_a_path_has_everything_below_it() {
    let at = Fixture::start_at("https://id.example.com/t:a/b").await;
    for path in [
        "/t:a/b/oauth2/v1/keys",
        "/t:a/b/oauth2/default/v1/keys",
        "/t:a/b/.well-known/openid-configuration",
        "/t:a/b/.well-known/oauth-authorization-server",
        "/t:a/b/.well-known/oauth-authorization-server/oauth2/default",
        "/t:a/b/oauth2/default/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/t:a/b",
        "/.well-known/oauth-authorization-server/t:a/b/oauth2/default",
        "/livez",
    ] {
        assert_eq!(at.get(path).await.status(), 200, "{path}");
    }
    for path in ["/oauth2/v1/keys", "/.well-known/openid-configuration", "/tXa/b/oauth2/v1/keys"] {
        assert_eq!(at.get(path).await.status(), 404, "{path}");
    }
}

/// OpenID Connect Discovery §3: all URLs are https if the base URL is.
#[tokio::test]
async fn each_url_of_a_document_is_below_its_issuer() {
    let base = "https://id.example.com/t";
    let at = Fixture::start_at(base).await;
    for path in ["", "/oauth2/default"] {
        let document = format!("/t{path}/.well-known/openid-configuration");
        let document = json(at.get(&document).await).await;
        assert_eq!(document["issuer"], format!("{base}{path}"));
        let below =
            if path.is_empty() { format!("{base}/oauth2") } else { format!("{base}{path}") };
        let urls = document.as_object().unwrap().iter().filter(|(name, _)| {
            name.ends_with("_endpoint") || *name == "jwks_uri" //
        });
        let mut number = 0;
        for (name, url) in urls {
            assert!(url.as_str().unwrap().starts_with(&format!("{below}/v1/")), "{name}: {url}");
            number += 1;
        }
        assert!(number >= 8, "{document}");
    }
}

#[tokio::test]
async fn braces_in_the_path_of_a_base_url_are_no_placeholders() {
    let at = Fixture::start_at("https://id.example.com/{id}/:a/*b").await;
    assert_eq!(at.get("/{id}/:a/*b/oauth2/v1/keys").await.status(), 200);
    assert_eq!(at.get("/x/:a/*b/oauth2/v1/keys").await.status(), 404);
    let doubled = "https://id.example.com/.well-known/oauth-authorization-server";
    assert_eq!(Fixture::start_at(doubled).await.get("/livez").await.status(), 200);
}

#[tokio::test]
async fn keys_are_cached_and_readable_by_scripts() {
    let at = Fixture::start().await;
    let response = at.get("/oauth2/default/v1/keys").await;
    let headers = response.headers();
    assert_eq!(headers["cache-control"], "public, max-age=600");
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["content-type"], "application/json");
    let keys = json(response).await;
    assert_eq!(keys["keys"][0]["alg"], "ES256");
    assert!(keys["keys"][0].get("d").is_none());
}

#[tokio::test]
async fn a_document_that_the_client_has_is_not_sent_again() {
    let at = Fixture::start().await;
    for path in ["/oauth2/default/v1/keys", "/.well-known/openid-configuration"] {
        let tag = at.get(path).await.headers()["etag"].to_str().unwrap().to_owned();
        assert!(tag.starts_with('"'), "{tag}");
        for named in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let response = get_with(&at, path, "if-none-match", &named).await;
            assert_eq!(response.status(), 304);
            assert_eq!(response.headers()["etag"], *tag);
            assert_eq!(response.headers()["cache-control"], "public, max-age=600");
        }
        assert_eq!(get_with(&at, path, "if-none-match", "\"x\"").await.status(), 200);
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let at = Fixture::start().await;
    let path = "/oauth2/default/v1/keys";
    let get = at.get(path).await;
    let head = at.send(Request::head(path).body(Body::empty()).unwrap()).await;
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["etag"], get.headers()["etag"]);
    assert!(axum::body::to_bytes(head.into_body(), 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_preflight_is_answered_for_public_documents_and_registered_origins_only() {
    let at = Fixture::start().await;
    let preflight = |path| {
        let request = Request::builder().method(Method::OPTIONS).uri(path);
        let request = request.header("origin", "https://app.example");
        at.send(request.header("access-control-request-method", "GET").body(Body::empty()).unwrap())
    };
    insta::assert_snapshot!(rendered(preflight("/oauth2/default/v1/keys").await).await, @r#"
    204 No Content
    access-control-allow-headers: *
    access-control-allow-methods: GET, HEAD
    access-control-allow-origin: *
    access-control-max-age: 86400
    x-content-type-options: nosniff
    "#);
    insta::assert_snapshot!(rendered(preflight("/oauth2/default/v1/token").await).await, @r#"
    204 No Content
    x-content-type-options: nosniff
    "#);
}

#[tokio::test]
async fn an_unknown_server_has_no_documents() {
    let at = Fixture::start().await;
    let unknown = at.get("/oauth2/nowhere/v1/keys").await;
    insta::assert_snapshot!(rendered(unknown).await, @r#"
    404 Not Found
    access-control-allow-origin: *
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"not_found","error_description":"There is no such authorization server."}
    "#);
    for path in [
        "/oauth2/off/v1/keys",
        "/oauth2/off/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/oauth2/off",
        "/oauth2/v1/v1/keys",
        "/oauth2/org/v1/keys",
    ] {
        assert_eq!(at.get(path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn endpoints_that_do_not_exist_are_not_advertised() {
    let at = Fixture::start().await;
    let mut answers = Vec::new();
    for path in ["/", "/oauth2/default/v1/status/1", "/oauth2/v1/clients", "/metrics", "*"] {
        let response = at.get(path).await;
        answers.push(rendered(response).await);
    }
    insta::assert_snapshot!(the_same(answers), @r#"
    404 Not Found
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"not_found","error_description":"There is nothing here."}
    "#);
    let metadata = json(at.get("/oauth2/default/.well-known/openid-configuration").await).await;
    let advertised = metadata.as_object().unwrap().keys().filter(|key| key.ends_with("_endpoint"));
    assert_eq!(
        advertised.collect::<Vec<_>>(),
        [
            "authorization_endpoint",
            "device_authorization_endpoint",
            "end_session_endpoint",
            "introspection_endpoint",
            "pushed_authorization_request_endpoint",
            "revocation_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
        ]
    );
}

#[tokio::test]
async fn the_answer_to_a_wrong_method_lists_the_right_ones() {
    let at = Fixture::start().await;
    let request = Request::post("/oauth2/default/v1/keys").body(Body::empty()).unwrap();
    insta::assert_snapshot!(rendered(at.send(request).await).await, @r#"
    405 Method Not Allowed
    allow: GET,HEAD,OPTIONS
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    x-content-type-options: nosniff
    {"error":"invalid_request","error_description":"The method is not allowed here."}
    "#);
}

#[tokio::test]
async fn answers_under_an_https_base_have_hsts() {
    let at = Fixture::start_at("https://id.example.com").await;
    let headers = at.get("/livez").await.headers().clone();
    assert_eq!(headers["strict-transport-security"], "max-age=31536000");
}

#[tokio::test]
async fn both_listeners_answer_health_checks() {
    let at = Fixture::start().await;
    for router in [at.server.router(), at.server.admin_router()] {
        for (path, status) in [("/livez", "alive"), ("/readyz", "ready")] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(json(response).await["status"], status);
        }
    }
    // The administrator's listener serves the org server's keys, but no custom server's, and no other listener
    // serves the management API.
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let admin = async |path| at.server.admin_router().oneshot(get(path)).await.unwrap().status();
    assert_eq!(admin("/oauth2/v1/keys").await, 200);
    assert_eq!(admin("/oauth2/default/v1/keys").await, 404);
    assert_eq!(at.get("/api/v1/authorizationServers").await.status(), 404);
}
