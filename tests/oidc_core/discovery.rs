//! Discovery 1.0 §3, §4: the document is complete, consistent and true, and the keys are valid.

use std::collections::BTreeSet;

use scopegate_core::administration::users::Newcomer;
use scopegate_core::catalog::{ClientAuth, ClientSpec};
use scopegate_core::directory::Profile;
use scopegate_jose::{Algorithm, SigningKey};
use scopegate_tests::{BASE, Catalog, Pkce, TestServer, proof};
use serde_json::{Map, Value, json};

use crate::oidc_core::flow::{REDIRECT, code, id_token, redeemed, request, tokens, userinfo};
use crate::oidc_core::world::{add_alice, catalog};

async fn documents(server: &TestServer) -> [(String, Value); 2] {
    let mut documents = Vec::new();
    for issuer in [BASE.to_owned(), format!("{BASE}/oauth2/default")] {
        let path = issuer.strip_prefix(BASE).unwrap();
        let at = format!("{path}/.well-known/openid-configuration");
        let document = server.anonymous().read(&at).await.expect(200).json();
        documents.push((issuer, document));
    }
    documents.try_into().unwrap()
}

fn path(url: &Value) -> &str {
    url.as_str().unwrap().strip_prefix(BASE).unwrap()
}

#[tokio::test]
async fn s4_3_the_issuer_matches_the_requested_url() {
    let server = TestServer::start(catalog()).await;
    for (issuer, document) in documents(&server).await {
        assert_eq!(document["issuer"], issuer);
    }
}

#[tokio::test]
async fn s3_all_required_members_are_present() {
    let server = TestServer::start(catalog()).await;
    for (_, document) in documents(&server).await {
        for required in [
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "jwks_uri",
            "response_types_supported",
            "subject_types_supported",
            "id_token_signing_alg_values_supported",
        ] {
            assert!(!document[required].is_null(), "{required}");
        }
        assert_eq!(document["subject_types_supported"], Value::from(["public"]));
        let values = |name: &str| {
            let values = document[name].as_array().cloned().unwrap_or_default();
            values.iter().map(|value| value.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let supported = document.as_object().unwrap().keys();
        for name in supported.filter(|name| name.ends_with("_values_supported")) {
            assert!(!values(name).is_empty(), "{name} must be left out if it is empty");
        }
    }
}

#[tokio::test]
async fn s3_each_listed_endpoint_exists() {
    let server = TestServer::start(catalog()).await;
    for (_, document) in documents(&server).await {
        for (name, url) in document.as_object().unwrap() {
            if name.ends_with("_endpoint") || name == "jwks_uri" {
                let answer = server.anonymous().read(path(url)).await;
                assert_ne!(answer.status, 404, "{name} {url}");
            }
        }
    }
}

#[tokio::test]
async fn the_keys_are_public_and_distinct_and_cover_every_listed_algorithm() {
    let server = TestServer::start(catalog()).await;
    for (_, document) in documents(&server).await {
        let jwks = server.anonymous().read(path(&document["jwks_uri"])).await.expect(200).json();
        let keys = jwks["keys"].as_array().unwrap();
        let mut kids = BTreeSet::new();
        for key in keys {
            for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
                assert!(key.get(private).is_none(), "{private}");
            }
            assert_eq!(key["use"], "sig");
            assert!(kids.insert(key["kid"].as_str().unwrap().to_owned()), "{key}");
        }
        let signing = document["id_token_signing_alg_values_supported"].as_array().unwrap();
        for algorithm in signing {
            assert!(keys.iter().any(|key| key["alg"] == *algorithm), "{algorithm}");
        }
    }
}

/// A catalog in which `portal` may also use refresh tokens.
fn with_refresh() -> Catalog {
    let both = "grant_types = [\"authorization_code\", \"refresh_token\"]";
    catalog().client("portal", both)
}

/// The values that the document lists for a member.
fn named(document: &Value, member: &str) -> Vec<String> {
    let values = document[member].as_array().unwrap().iter();
    values.map(|value| value.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_listed_request_parameter_value_works() {
    let server = TestServer::start(with_refresh()).await;
    let alice = add_alice(&server).await;
    let [_, (_, document)] = documents(&server).await;
    let mut browser = server.browser_of(&alice).await;
    for response_type in named(&document, "response_types_supported") {
        code(&browser.authorize(&request(&[("response_type", &response_type)])).await);
    }
    for mode in named(&document, "response_modes_supported") {
        let answer = browser.authorize(&request(&[("response_mode", &mode)])).await;
        let brought = match answer.status.as_u16() {
            303 => answer.sent("code"),
            _ => answer.page().field("code").map(str::to_owned),
        };
        redeemed(&server, &brought.expect("there is a code")).await.expect(200);
    }
    for prompt in named(&document, "prompt_values_supported") {
        let mut answer = browser.authorize(&request(&[("prompt", &prompt)])).await;
        let signs_in = answer.header("location").starts_with("/signin");
        assert_eq!(signs_in, ["login", "select_account"].contains(&prompt.as_str()), "{prompt}");
        if signs_in {
            answer = browser.sign_in(answer, "alice").await;
        }
        let asks = answer.header("location").starts_with("/consent");
        assert_eq!(asks, prompt == "consent");
        code(&browser.agree(answer).await);
    }
    for method in named(&document, "code_challenge_methods_supported") {
        let pkce = Pkce::generate();
        let challenge = ("code_challenge", pkce.challenge.as_str());
        let asked = request(&[challenge, ("code_challenge_method", &method)]);
        let code = code(&browser.authorize(&asked).await);
        server.as_client("portal").redeem(&code, REDIRECT, &pkce).await.expect(200);
    }
    for acr in named(&document, "acr_values_supported") {
        let claims = json!({ "id_token": { "acr": { "essential": true, "value": acr } } });
        let tokens = tokens(&server, &mut browser, &[("claims", &claims.to_string())]).await;
        assert_eq!(id_token(&server, &tokens).await["acr"], acr);
    }
    for scope in named(&document, "scopes_supported") {
        let asked = format!("openid {}", scope.replace("openid", "email"));
        let tokens = tokens(&server, &mut browser, &[("scope", &asked)]).await;
        assert_eq!(tokens["scope"], asked);
        assert_eq!(tokens["refresh_token"].is_string(), scope == "offline_access");
    }
}

#[tokio::test]
async fn each_listed_claim_is_returned() {
    let server = TestServer::start(catalog()).await;
    let [_, (_, document)] = documents(&server).await;
    let claims = named(&document, "claims_supported");
    let value = |name: &str| match name {
        "address" => json!({ "locality": "Oslo" }),
        "email_verified" | "phone_number_verified" => json!(true),
        name => json!(name),
    };
    let of_token = ["sub", "updated_at"];
    let profile = claims.iter().filter(|name| !of_token.contains(&name.as_str()));
    let newcomer = Newcomer {
        login: "alice".to_owned(),
        groups: BTreeSet::new(),
        profile: Profile::collect(profile.map(|name| (name.clone(), value(name)))).unwrap(),
        password: None,
    };
    let alice = server.authority().create_user(newcomer).await.unwrap();
    let mut browser = server.browser_of(&alice).await;
    let all: Map<String, Value> = claims.iter().map(|name| (name.clone(), Value::Null)).collect();
    let asked = json!({ "id_token": all }).to_string();
    let scope = ("scope", "openid profile email address phone");
    let tokens = tokens(&server, &mut browser, &[("claims", &asked), scope]).await;
    let (said, known) = (id_token(&server, &tokens).await, userinfo(&server, &tokens).await);
    for name in &claims {
        assert!(!said[name].is_null(), "{name}: {said}");
    }
    // An ID token has no other claims, except `ver` of the dialect.
    for name in said.as_object().unwrap().keys().filter(|name| *name != "ver") {
        assert!(claims.contains(name), "{name}");
    }
    for (name, value) in known.as_object().unwrap() {
        assert_eq!(said[name], *value, "{name}");
    }
    assert_eq!(known.as_object().unwrap().len(), 20, "sub and the claims of the scopes");
}

#[tokio::test]
async fn each_listed_grant_type_is_supported() {
    let server = TestServer::start(catalog()).await;
    let [_, (_, document)] = documents(&server).await;
    let reader = server.as_client("reader");
    for grant_type in named(&document, "grant_types_supported") {
        let answer = reader.token(&[("grant_type", &grant_type)]).await;
        assert_ne!(answer.json()["error"], "unsupported_grant_type", "{grant_type}");
    }
    let invented = reader.token(&[("grant_type", "implicit")]).await;
    invented.expect_error(400, "unsupported_grant_type");
}

#[tokio::test]
async fn each_listed_client_authentication_method_works() {
    let server = TestServer::start(catalog()).await;
    let alice = add_alice(&server).await;
    let [_, (_, document)] = documents(&server).await;
    for endpoint in ["token", "introspection", "revocation"] {
        let methods = named(&document, &format!("{endpoint}_endpoint_auth_methods_supported"));
        let path = path(&document[format!("{endpoint}_endpoint")]).to_owned();
        for method in methods {
            let secret = scopegate_tests::secret_of("poster");
            let assertion = signed(&server, "ES256").await;
            let shown = match method.as_str() {
                "client_secret_basic" => vec![],
                "client_secret_post" => vec![("client_id", "poster"), ("client_secret", &secret)],
                "private_key_jwt" => proof(&assertion).to_vec(),
                _ => vec![("client_id", "spa")],
            };
            let client = match shown.is_empty() {
                true => server.as_client("reader"),
                false => server.anonymous(),
            };
            // An authenticated client is told which parameter is missing.
            let answer = client.post_to(&path, &shown).await;
            assert_eq!(answer.json()["error"], "invalid_request", "{endpoint} {method}");
            let stranger = [("token", "x"), ("grant_type", "x")];
            let stranger = server.anonymous().post_to(&path, &stranger).await;
            stranger.expect_error(401, "invalid_client");
        }
        let algorithms = format!("{endpoint}_endpoint_auth_signing_alg_values_supported");
        for algorithm in named(&document, &algorithms) {
            let assertion = signed(&server, &algorithm).await;
            let asked =
                [("grant_type", "client_credentials"), ("scope", "read:orders"), ("token", "x")];
            let form = [&asked, proof(&assertion).as_slice()].concat();
            server.anonymous().post_to(&path, &form).await.expect(200);
        }
    }
    // A public client can redeem a code.
    let (mut browser, pkce) = (server.browser_of(&alice).await, Pkce::generate());
    let redirect = "https://spa.example/cb";
    let code = browser.code("alice", "spa", redirect, "openid", &pkce).await;
    server.as_public_client("spa").redeem(&code, redirect, &pkce).await.expect(200);
}

/// A client assertion of `partner`, whose only key is for this algorithm.
async fn signed(server: &TestServer, algorithm: &str) -> String {
    let algorithm = Algorithm::ALL.iter().find(|known| known.name() == algorithm).unwrap();
    let key = SigningKey::generate(*algorithm).unwrap();
    let partner = ClientSpec {
        name: "Partner".to_owned(),
        auth: ClientAuth::PrivateKeyJwt,
        jwks: vec![key.public_jwk()],
        grant_types: ["client_credentials".to_owned()].into(),
        ..ClientSpec::default()
    };
    server.put_client("partner", partner).await;
    server.assertion_of("partner", &key, "/oauth2/default/v1/token")
}
