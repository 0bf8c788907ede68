//! Core §5.3, the userinfo endpoint.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use scopegate_claims::UnixTime;
use scopegate_core::catalog::{ClientId, ServerId, Status};
use scopegate_core::directory::User;
use scopegate_core::store::{Change, Ended, Family, FamilyBody, FamilyId, Ledger};
use scopegate_tests::{Answer, TestServer, Token, claims};
use serde_json::json;

use crate::oidc_core::flow::altered;
use crate::oidc_core::world::{add_alice, catalog, profile};

const USERINFO: &str = "/oauth2/default/v1/userinfo";

async fn start() -> (TestServer, User) {
    let server = TestServer::start(catalog()).await;
    let alice = add_alice(&server).await;
    (server, alice)
}

async fn asked(server: &TestServer, token: &str) -> Answer {
    server.anonymous().bearing(token).read(USERINFO).await
}

/// A refusal with its challenge (RFC 6750 §3).
#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str) {
    answer.expect_error(status, error);
    let challenge = answer.header("www-authenticate");
    let realm = r#"Bearer realm="http://127.0.0.1:9000/oauth2/default", error=""#;
    assert!(challenge.starts_with(&format!("{realm}{error}\"")), "{challenge}");
}

#[tokio::test]
async fn s5_3_1_get_and_post_give_the_same_answer() {
    let (server, alice) = start().await;
    let token = server.token_of(&alice, Token::default()).await;
    let by_get = asked(&server, &token).await.expect(200);
    assert_eq!(by_get.json(), json!({ "sub": alice.id.as_str() }));
    assert_eq!(by_get.header("content-type"), "application/json");
    assert_eq!(by_get.header("cache-control"), "no-store");
    let bare = Request::post(USERINFO).header("authorization", format!("Bearer {token}"));
    let bare = server.send(bare.body(Body::empty()).unwrap()).await;
    let with_form = server.anonymous().bearing(&token).post_to(USERINFO, &[]).await;
    let in_body = server.anonymous().post_to(USERINFO, &[("access_token", &token)]).await;
    for other in [bare, with_form, in_body] {
        assert_eq!(other.expect(200).body, by_get.body);
    }
}

#[tokio::test]
async fn s5_4_each_scope_returns_its_claims() {
    let (server, alice) = start().await;
    let told = async |scope: &'static str| {
        let token = server.token_of(&alice, Token { scopes: scope, ..Token::default() }).await;
        asked(&server, &token).await.expect(200).json()
    };
    let with_sub = |names: &[&str]| {
        let mut known = json!({ "sub": alice.id.as_str() });
        for name in names {
            known[*name] = profile()[*name].clone();
        }
        known
    };
    let email = ["email", "email_verified"];
    let phone = ["phone_number", "phone_number_verified"];
    assert_eq!(told("openid email").await, with_sub(&email));
    assert_eq!(told("openid phone").await, with_sub(&phone));
    assert_eq!(told("openid address").await, with_sub(&["address"]));
    let mut of_profile = with_sub(&["name", "given_name", "family_name", "locale", "zoneinfo"]);
    of_profile["preferred_username"] = "alice".into();
    of_profile["updated_at"] = 1_800_000_000.into();
    assert_eq!(told("openid profile").await, of_profile);
    let all = told("openid profile email address phone").await;
    assert_eq!(all.as_object().unwrap().len(), 8 + 2 + 2 + 1);
    assert!(all.get("shoe_size").is_none(), "only standard claims are returned");
}

#[tokio::test]
async fn s5_5_a_claim_that_was_requested_by_name_is_returned() {
    let (server, alice) = start().await;
    let claims = ["name".to_owned(), "shoe_size".to_owned(), "nickname".to_owned()];
    let token = server
        .token_of(&alice, Token { userinfo_claims: claims.to_vec(), ..Token::default() })
        .await;
    let told = asked(&server, &token).await.expect(200).json();
    assert_eq!(told, json!({ "sub": alice.id.as_str(), "name": "Alice Liddell" }));
}

#[tokio::test]
async fn a_token_for_any_audience_of_the_server_is_accepted() {
    let (server, alice) = start().await;
    let token =
        server.token_of(&alice, Token { audience: "api://stock", ..Token::default() }).await;
    asked(&server, &token).await.expect(200);
}

#[tokio::test]
async fn rfc_6750_s3_without_a_token_the_challenge_has_no_error() {
    let (server, _) = start().await;
    let realm = r#"Bearer realm="http://127.0.0.1:9000/oauth2/default""#;
    let in_url = server.anonymous().read(&format!("{USERINFO}?access_token=a")).await;
    let basic = server.as_client("reader").read(USERINFO).await;
    for answer in [server.anonymous().read(USERINFO).await, in_url, basic] {
        let answer = answer.expect(401);
        assert_eq!(answer.header("www-authenticate"), realm);
        assert_eq!((answer.body.as_str(), answer.header("cache-control")), ("", "no-store"));
    }
}

#[tokio::test]
async fn rfc_6750_s2_two_methods_in_one_request_are_refused() {
    let (server, alice) = start().await;
    let token = server.token_of(&alice, Token::default()).await;
    let bearer = server.anonymous().bearing(&token);
    refused(&bearer.post_to(USERINFO, &[("access_token", &token)]).await, 400, "invalid_request");
    let in_url = bearer.read(&format!("{USERINFO}?access_token={token}")).await;
    refused(&in_url, 400, "invalid_request");
    let twice = [("access_token", token.as_str()), ("access_token", &token)];
    refused(&server.anonymous().post_to(USERINFO, &twice).await, 400, "invalid_request");
    let broken = server.anonymous().bearing("a b").read(USERINFO).await;
    refused(&broken, 400, "invalid_request");
}

#[tokio::test]
async fn rfc_6750_s3_1_an_invalid_token_is_401() {
    let (server, alice) = start().await;
    let token = server.token_of(&alice, Token::default()).await;
    let altered = altered(&token);
    for bad in ["a", "a.b.c", &altered, &"a".repeat(17 * 1024)] {
        refused(&asked(&server, bad).await, 401, "invalid_token");
    }
    let elsewhere = server.anonymous().bearing(&token).read("/oauth2/v1/userinfo").await;
    elsewhere.expect_error(401, "invalid_token");
    server.clock().advance(Duration::from_secs(600));
    refused(&asked(&server, &token).await, 401, "invalid_token");
}

#[tokio::test]
async fn rfc_6750_s3_1_a_token_without_openid_is_403() {
    let (server, alice) = start().await;
    let scope = "profile read:orders";
    let token = server.token_of(&alice, Token { scopes: scope, ..Token::default() }).await;
    let asks = [("grant_type", "client_credentials"), ("scope", "read:orders")];
    let json = server.as_client("reader").token(&asks).await.expect(200).json();
    for token in [token.as_str(), json["access_token"].as_str().unwrap()] {
        let answer = asked(&server, token).await;
        refused(&answer, 403, "insufficient_scope");
        assert!(answer.header("www-authenticate").ends_with(r#", scope="openid""#));
    }
}

#[tokio::test]
async fn a_token_that_is_revoked_or_of_a_suspended_user_is_refused() {
    let (server, alice) = start().await;
    let first = server.token_of(&alice, Token::default()).await;
    let second = server.token_of(&alice, Token::default()).await;
    let revoked = Change::RevokeToken { jti: jti(&first), expires_at: UnixTime::MAX };
    server.store().commit(&[revoked]).await.unwrap();
    refused(&asked(&server, &first).await, 401, "invalid_token");
    asked(&server, &second).await.expect(200);
    server.authority().set_user_status("alice", Status::Inactive).await.unwrap();
    refused(&asked(&server, &second).await, 401, "invalid_token");
}

#[tokio::test]
async fn a_token_of_an_ended_or_unknown_family_is_refused() {
    let (server, alice) = start().await;
    let family = family(&server, &alice);
    let wanted = Token { family: Some(family.id.clone()), ..Token::default() };
    let token = server.token_of(&alice, wanted).await;
    refused(&asked(&server, &token).await, 401, "invalid_token");
    let id = family.id.clone();
    server.store().commit(&[Change::OpenFamily(Box::new(family))]).await.unwrap();
    asked(&server, &token).await.expect(200);
    let end = Change::EndFamilies { of: Ended::Family(id), at: UnixTime::from_seconds(1) };
    server.store().commit(&[end]).await.unwrap();
    refused(&asked(&server, &token).await, 401, "invalid_token");
}

#[tokio::test]
async fn a_token_of_a_deleted_client_is_refused() {
    let (server, alice) = start().await;
    let token = server.token_of(&alice, Token::default()).await;
    server.apply(catalog().without_client("portal")).await;
    refused(&asked(&server, &token).await, 401, "invalid_token");
}

#[tokio::test]
async fn a_body_that_is_too_long_or_not_utf_8_is_refused() {
    let (server, _) = start().await;
    let sent = async |body: Vec<u8>| {
        let request = Request::post(USERINFO)
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        server.send(request.body(Body::from(body)).unwrap()).await
    };
    sent(vec![b'a'; 65 * 1024]).await.expect_error(413, "invalid_request");
    refused(&sent(b"access_token=%ff".to_vec()).await, 400, "invalid_request");
}

#[tokio::test]
async fn an_unknown_server_is_404() {
    let (server, _) = start().await;
    server.anonymous().read("/oauth2/nowhere/v1/userinfo").await.expect_error(404, "not_found");
}

fn jti(token: &str) -> String {
    claims(token)["jti"].as_str().unwrap().to_owned()
}

fn family(server: &TestServer, user: &User) -> Family {
    let now = server.authority().clock().now();
    Family {
        id: FamilyId::generate(),
        server: ServerId::default_server(),
        client: ClientId::parse("reader").unwrap(),
        user: user.id.clone(),
        session: None,
        generation: 0,
        rotated_at: now,
        idle_ends_at: UnixTime::MAX,
        ends_at: UnixTime::MAX,
        revoked: false,
        forget_at: UnixTime::MAX,
        body: FamilyBody {
            grant_type: "authorization_code".to_owned(),
            scopes: scopegate_claims::ScopeSet::parse("openid").unwrap(),
            audience: scopegate_claims::Audience::parse("api://orders").unwrap(),
            resources: Vec::new(),
            auth: None,
            userinfo_claims: Vec::new(),
            id_token_claims: Vec::new(),
            began_at: now,
        },
    }
}
