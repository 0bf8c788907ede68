//! The dialects of access tokens. ID tokens are not accepted as access tokens in any of them (Core
//! §5.3, RFC 8725 §3.12).

use scopegate_jose::{Algorithm, KeySet, UnverifiedJws, base64url};
use scopegate_tests::{Answer, Catalog, TestServer, claims};
use serde_json::Value;

use crate::oidc_core::flow::{id_token, tokens, userinfo};
use crate::oidc_core::world::{add_alice, catalog};

const DIALECTS: [&str; 3] = ["okta", "rfc9068", "both"];

/// The claims of a user's access token that every dialect has.
const ALWAYS: [&str; 9] = ["acr", "amr", "aud", "auth_time", "exp", "iat", "iss", "jti", "sub"];
const OF_OKTA: [&str; 4] = ["cid", "scp", "uid", "ver"];
const OF_RFC_9068: [&str; 2] = ["client_id", "scope"];

fn in_dialect(dialect: &str) -> Catalog {
    catalog().server("default", &format!("dialect = \"{dialect}\""))
}

/// The header of a token as JSON.
fn header(token: &str) -> Value {
    let head = base64url::decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice(&head).unwrap()
}

#[tokio::test]
async fn userinfo_accepts_tokens_of_each_dialect() {
    for dialect in DIALECTS {
        let server = TestServer::start(in_dialect(dialect)).await;
        let alice = add_alice(&server).await;
        let scope = ("scope", "openid email read:orders");
        let tokens = tokens(&server, &mut server.browser(), &[scope]).await;
        let known = userinfo(&server, &tokens).await;
        assert_eq!(known["sub"], id_token(&server, &tokens).await["sub"], "{dialect}");
        assert_eq!(known["sub"], alice.id.as_str());
        assert_eq!(known["email"], "alice@example.com");

        let access = tokens["access_token"].as_str().unwrap();
        let of_dialect: &[&[&str]] = match dialect {
            "okta" => &[&OF_OKTA],
            "rfc9068" => &[&OF_RFC_9068],
            _ => &[&OF_OKTA, &OF_RFC_9068],
        };
        let mut expected = [&ALWAYS, of_dialect.concat().as_slice()].concat();
        expected.sort_unstable();
        let said = claims(access);
        let names: Vec<&str> = said.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, expected, "{dialect}");
        let (typ, sub) = match dialect {
            "okta" => (Value::Null, "alice"),
            _ => ("at+jwt".into(), alice.id.as_str()),
        };
        assert_eq!((&header(access)["typ"], &said["sub"]), (&typ, &sub.into()), "{dialect}");
    }
}

#[tokio::test]
async fn introspection_and_revocation_find_the_user_in_each_dialect() {
    for dialect in DIALECTS {
        let server = TestServer::start(in_dialect(dialect)).await;
        let alice = add_alice(&server).await;
        let tokens = tokens(&server, &mut server.browser(), &[]).await;
        let access = tokens["access_token"].as_str().unwrap();
        let portal = server.as_client("portal");
        let told = portal.post("introspect", &[("token", access)]).await.expect(200).json();
        assert_eq!((&told["active"], &told["username"]), (&true.into(), &"alice".into()));
        portal.post("revoke", &[("token", access)]).await.expect(200);
        let told = portal.post("introspect", &[("token", access)]).await.expect(200).json();
        assert_eq!(told["active"], false, "{dialect}");

        let event = event(&server, "app.oauth2.as.token.revoke").await;
        assert_eq!(event["user"], alice.id.as_str(), "{dialect}");
    }
}

/// The first audit event of a kind, as stored.
async fn event(server: &TestServer, kind: &str) -> Value {
    let dump = String::from_utf8_lossy(&server.dump().await).into_owned();
    let at = dump.find(&format!("\"{kind}\"")).expect("the event is stored");
    let begin = dump[..at].rfind('{').unwrap();
    let mut values = serde_json::Deserializer::from_str(&dump[begin..]).into_iter();
    values.next().unwrap().unwrap()
}

#[tokio::test]
async fn an_id_token_is_not_accepted_as_access_token() {
    for dialect in DIALECTS {
        let server = TestServer::start(in_dialect(dialect)).await;
        add_alice(&server).await;
        let tokens = tokens(&server, &mut server.browser(), &[]).await;
        let id_token = tokens["id_token"].as_str().unwrap();
        let asked = async |token: &str| -> Answer {
            server.anonymous().bearing(token).read("/oauth2/default/v1/userinfo").await
        };
        asked(id_token).await.expect_error(401, "invalid_token");
        let portal = server.as_client("portal");
        let told = portal.post("introspect", &[("token", id_token)]).await.expect(200).json();
        assert_eq!(told, serde_json::json!({ "active": false }), "{dialect}");
        portal.post("revoke", &[("token", id_token)]).await.expect(200);
        asked(tokens["access_token"].as_str().unwrap()).await.expect(200);
    }
}

#[tokio::test]
async fn at_hash_uses_the_hash_of_the_signature_algorithm() {
    for (algorithm, half) in
        [("RS256", 16), ("PS256", 16), ("ES256", 16), ("ES384", 24), ("EdDSA", 32)]
    {
        let signed = format!("algorithms = [\"{algorithm}\"]");
        let server = TestServer::start(catalog().server("default", &signed)).await;
        add_alice(&server).await;
        let tokens = tokens(&server, &mut server.browser(), &[]).await;
        // Verified with the published keys only.
        let jwks = server.anonymous().read("/oauth2/default/v1/keys").await.expect(200).body;
        let keys = KeySet::parse(jwks.as_bytes()).unwrap().keys;
        let token = UnverifiedJws::parse(tokens["id_token"].as_str().unwrap()).unwrap();
        let known = Algorithm::ALL.iter().find(|known| known.name() == algorithm).unwrap();
        assert_eq!(token.header().algorithm(), *known);
        let only = std::iter::once(*known).collect();
        let claims: Value = token.verify(&keys, only).unwrap().deserialize().unwrap();
        let hash = claims["at_hash"].as_str().unwrap();
        assert_eq!(base64url::decode(hash).unwrap().len(), half, "{algorithm}");
        assert_eq!(
            hash,
            scopegate_jose::half_hash(*known, tokens["access_token"].as_str().unwrap())
        );
    }
}
