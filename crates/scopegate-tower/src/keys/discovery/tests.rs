use serde_json::json;

use super::*;
use crate::test_issuer::{Behaviour, Page, TestIssuer};

const OPENID: &str = "/t1/.well-known/openid-configuration";
const RFC_8414: &str = "/.well-known/oauth-authorization-server/t1";

async fn find(pages: Vec<(&'static str, Page)>) -> (Result<Url, KeysError>, Vec<String>) {
    let server = TestIssuer::new();
    server.behave(Behaviour::Pages(pages));
    let found = discover(&server, "https://id.example.com/t1", &HttpHosts::default()).await;
    (found, server.requests())
}

fn metadata(issuer: &str, jwks_uri: &str) -> Page {
    Page::Json(json!({ "issuer": issuer, "jwks_uri": jwks_uri, "scopes_supported": [] }))
}

fn good() -> Page {
    metadata("https://id.example.com/t1", "https://keys.example.net/t1")
}

#[tokio::test]
async fn openid_connect_metadata_is_requested_first() {
    let (found, requests) = find(vec![(OPENID, good()), (RFC_8414, Page::Status(500))]).await;
    // The keys may be on another host than the issuer, as Google's are.
    assert_eq!(found.unwrap().as_str(), "https://keys.example.net/t1");
    assert_eq!(requests, [OPENID]);
}

#[tokio::test]
async fn rfc_8414_metadata_is_the_fallback() {
    let pages = [
        Page::Status(404),
        Page::Status(403),
        Page::Text(b"<html>".to_vec()),
        Page::Json(json!([])),
    ];
    for page in pages {
        let (found, requests) = find(vec![(OPENID, page.clone()), (RFC_8414, good())]).await;
        assert!(found.is_ok(), "{page:?}");
        assert_eq!(requests, [OPENID, RFC_8414]);
    }
    let (found, _) = find(vec![]).await;
    assert_eq!(
        found.unwrap_err().to_string(),
        "the discovery document https://id.example.com/t1/.well-known/openid-configuration answers \
         404 Not Found; the discovery document \
         https://id.example.com/.well-known/oauth-authorization-server/t1 answers 404 Not Found"
    );
}

#[tokio::test]
async fn s3_3_metadata_whose_issuer_differs_in_a_byte_is_refused() {
    for other in [
        "https://id.example.com/t1/",
        "https://id.example.com/T1",
        "https://ID.example.com/t1",
        "https://id.example.com:443/t1",
        "https://evil.example/t1",
        "",
    ] {
        let wrong = metadata(other, "https://id.example.com/keys");
        let (found, requests) = find(vec![(OPENID, wrong), (RFC_8414, good())]).await;
        assert!(matches!(found, Err(KeysError::WrongIssuer { .. })), "{other}: {found:?}");
        assert_eq!(requests, [OPENID], "{other}");
    }
}

#[tokio::test]
async fn the_url_of_a_key_set_must_be_safe() {
    let long = format!("https://id.example.com/{}", "k".repeat(70_000));
    for bad in [
        "http://id.example.com/keys",
        "http://127.0.0.1/keys",
        "/keys",
        "",
        "ftp://a.example/",
        "https://u:p@a.example/",
        "https://a`{b}/keys",
        &long,
    ] {
        let page = metadata("https://id.example.com/t1", bad);
        let (found, _) = find(vec![(OPENID, page.clone()), (RFC_8414, page)]).await;
        assert!(matches!(found, Err(KeysError::NoMetadata { .. })), "{bad}: {found:?}");
    }
    let without = Page::Json(json!({ "issuer": "https://id.example.com/t1" }));
    let (found, _) = find(vec![(OPENID, without.clone()), (RFC_8414, without)]).await;
    assert!(matches!(found, Err(KeysError::NoMetadata { .. })));
}

#[test]
fn the_well_known_parts_are_where_the_standards_put_them() {
    for (issuer, openid, oauth) in [
        (
            "https://a.example",
            "https://a.example/.well-known/openid-configuration",
            "https://a.example/.well-known/oauth-authorization-server",
        ),
        (
            // Auth0 writes its issuers like this.
            "https://a.example/",
            "https://a.example/.well-known/openid-configuration",
            "https://a.example/.well-known/oauth-authorization-server",
        ),
        (
            "http://127.0.0.1:9000/oauth2/default",
            "http://127.0.0.1:9000/oauth2/default/.well-known/openid-configuration",
            "http://127.0.0.1:9000/.well-known/oauth-authorization-server/oauth2/default",
        ),
    ] {
        assert_eq!(openid_connect_url(issuer), openid);
        assert_eq!(rfc_8414_url(issuer), oauth);
    }
}

#[tokio::test]
async fn an_issuer_at_an_allowed_http_host_is_discovered() {
    let issuer = "http://keycloak:8080/realms/a";
    let hosts = HttpHosts::new(&["keycloak".to_owned(), "keys.local".to_owned()]).unwrap();
    let find = async |issuer: &'static str, jwks_uri, hosts: &HttpHosts| {
        let server = TestIssuer::new();
        let page = metadata(issuer, jwks_uri);
        let pages = vec![
            ("/realms/a/.well-known/openid-configuration", page.clone()),
            ("/.well-known/oauth-authorization-server/realms/a", page),
        ];
        server.behave(Behaviour::Pages(pages));
        discover(&server, issuer, hosts).await
    };
    for jwks_uri in ["http://keycloak:8080/k", "http://keys.local/k", "https://a.example/k"] {
        let found = find(issuer, jwks_uri, &hosts).await;
        assert_eq!(found.unwrap().as_str(), jwks_uri);
    }
    for jwks_uri in ["http://a.example/k", "http://127.0.0.1/k", "http://localhost/k"] {
        let found = find(issuer, jwks_uri, &hosts).await;
        assert!(matches!(found, Err(KeysError::NoMetadata { .. })), "{jwks_uri}: {found:?}");
    }
    let found = find(issuer, "http://keycloak:8080/k", &HttpHosts::default()).await;
    assert!(matches!(found, Err(KeysError::NoMetadata { .. })), "not allowed: {found:?}");

    let https = "https://id.example.com/realms/a";
    let found = find(https, "http://keycloak:8080/k", &hosts).await.unwrap_err().to_string();
    assert!(found.contains("its `jwks_uri` is not https, but the issuer is"), "{found}");
    let loopback = "http://127.0.0.1:1/realms/a";
    assert!(find(loopback, "http://127.0.0.1:2/k", &hosts).await.is_ok());
    assert!(find(loopback, "http://keycloak/k", &hosts).await.is_ok());
}

#[tokio::test]
async fn metadata_of_all_tenants_together_is_refused_with_a_hint() {
    let template = metadata("https://id.example.com/{tenantid}/v2.0", "https://id.example.com/k");
    let (found, requests) = find(vec![(OPENID, template)]).await;
    assert!(matches!(found, Err(KeysError::IssuerTemplate { .. })), "{found:?}");
    assert_eq!(requests, [OPENID]);
}

#[tokio::test]
async fn the_error_says_what_is_wrong_with_the_metadata() {
    for (page, problem) in [
        (Page::Text(b"<html>".to_vec()), "it is not JSON"),
        (Page::Text(b"{\"issuer\":".to_vec()), "it is not JSON"),
        (Page::Json(json!("text")), "it is not a JSON object"),
        (Page::Json(json!({ "issuer": 1 })), "it is not a JSON object"),
        (Page::Json(json!({ "jwks_uri": "https://a.example/k" })), "it has no `issuer`"),
        (Page::Json(json!({ "issuer": "https://id.example.com/t1" })), "it has no `jwks_uri`"),
    ] {
        let (found, _) = find(vec![(OPENID, page)]).await;
        let text = found.unwrap_err().to_string();
        let expected = "the discovery document https://id.example.com/t1/.well-known/\
                        openid-configuration is not usable";
        assert!(text.starts_with(expected) && text.contains(problem), "{text}");
    }
}
