//! CORS: scripts of a client's registered origins may read the answers to that client.

use axum::body::Body;
use http::{Method, Request};
use scopegate_tests::{Answer, Pkce, TestServer, Token};

use crate::oidc_core::flow::{request, start};

const SPA: &str = "https://spa.example";
const OTHER: &str = "https://other.example";

async fn sent(
    server: &TestServer,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn preflight(server: &TestServer, path: &str, origin: &str) -> Answer {
    let asks = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization"),
    ];
    sent(server, Method::OPTIONS, path, &asks, "").await
}

#[tokio::test]
async fn a_preflight_is_allowed_for_registered_origins() {
    let (server, _) = start().await;
    for endpoint in ["token", "userinfo", "revoke"] {
        for path in [format!("/oauth2/default/v1/{endpoint}"), format!("/oauth2/v1/{endpoint}")] {
            for origin in [SPA, OTHER] {
                let answer = preflight(&server, &path, origin).await.expect(204);
                assert_eq!(answer.header("access-control-allow-origin"), origin, "{path}");
                let headers = answer.header("access-control-allow-headers");
                for sent in ["Authorization", "Content-Type", "X-Okta-User-Agent-Extended"] {
                    assert!(headers.split(", ").any(|allowed| allowed == sent), "{headers}");
                }
                assert_eq!(answer.header("access-control-allow-credentials"), "");
                assert_eq!(answer.header("vary"), "Origin");
            }
            for origin in ["https://evil.example", "null", "https://spa.example:444"] {
                let answer = preflight(&server, &path, origin).await;
                assert_eq!(answer.header("access-control-allow-origin"), "", "{path} {origin}");
            }
        }
    }
}

#[tokio::test]
async fn no_script_may_read_authorize_logout_or_introspect() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    for endpoint in ["authorize", "logout", "introspect"] {
        let path = format!("/oauth2/default/v1/{endpoint}");
        let answer = preflight(&server, &path, SPA).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{endpoint}");
        let answer = sent(&server, Method::GET, &path, &[("origin", SPA)], "").await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{endpoint}");
    }
    let answer = browser.authorize(&request(&[])).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn only_origins_of_the_tokens_client_may_read_userinfo() {
    let (server, alice) = start().await;
    let token = server.token_of(&alice, Token { client: "spa", ..Token::default() }).await;
    let bearer = format!("Bearer {token}");
    let path = "/oauth2/default/v1/userinfo";
    for (origin, allowed) in [(SPA, SPA), (OTHER, ""), ("https://evil.example", "")] {
        let headers = [("origin", origin), ("authorization", &bearer)];
        let answer = sent(&server, Method::GET, path, &headers, "").await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        assert_eq!(answer.header("vary"), if allowed.is_empty() { "" } else { "Origin" });
    }
    // A script must be able to see that its token is no longer valid.
    let headers = [("origin", SPA), ("authorization", "Bearer expired")];
    let answer = sent(&server, Method::GET, path, &headers, "").await.expect(401);
    assert_eq!(answer.header("access-control-allow-origin"), SPA);
    assert!(answer.header("access-control-expose-headers").contains("WWW-Authenticate"));
    let headers = [("origin", "https://evil.example"), ("authorization", "Bearer expired")];
    let answer = sent(&server, Method::GET, path, &headers, "").await.expect(401);
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn only_origins_of_the_requesting_client_may_read_tokens() {
    let (server, alice) = start().await;
    let mut browser = server.browser_of(&alice).await;
    let redirect = "https://spa.example/cb";
    for (origin, allowed) in [(SPA, SPA), (OTHER, "")] {
        let pkce = Pkce::generate();
        let code = browser.code("alice", "spa", redirect, "openid", &pkce).await;
        let form = format!(
            "grant_type=authorization_code&client_id=spa&code={code}&redirect_uri={redirect}\
             &code_verifier={}",
            pkce.verifier
        );
        let form_type = ("content-type", "application/x-www-form-urlencoded");
        let headers = [("origin", origin), form_type];
        let path = "/oauth2/default/v1/token";
        let answer = sent(&server, Method::POST, path, &headers, &form).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        // The second use of the code is refused. The same origin may read the refusal.
        let answer = sent(&server, Method::POST, path, &headers, &form).await.expect(400);
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
    }
}

#[tokio::test]
async fn only_origins_of_the_requesting_client_may_read_the_answer_to_a_revocation() {
    let (server, alice) = start().await;
    let token = server.token_of(&alice, Token { client: "spa", ..Token::default() }).await;
    let path = "/oauth2/default/v1/revoke";
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    let good = format!("client_id=spa&token={token}");
    for (form, status) in [(good.as_str(), 200), ("client_id=spa", 400)] {
        for (origin, allowed) in [(SPA, SPA), (OTHER, ""), ("https://evil.example", "")] {
            let headers = [("origin", origin), form_type];
            let answer = sent(&server, Method::POST, path, &headers, form).await.expect(status);
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{origin}");
            assert_eq!(answer.header("access-control-allow-credentials"), "");
        }
    }
}
