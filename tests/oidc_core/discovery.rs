//! Discovery 1.0 §3, §4: the document is complete, agrees with itself, and its keys are good.

use std::collections::BTreeSet;

use scopegate_tests::{BASE, TestServer};
use serde_json::Value;

use crate::oidc_core::world::CATALOG;

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
async fn s4_3_the_issuer_is_the_url_that_was_asked() {
    let server = TestServer::start(CATALOG).await;
    for (issuer, document) in documents(&server).await {
        assert_eq!(document["issuer"], issuer);
    }
}

#[tokio::test]
async fn s3_what_is_required_is_there() {
    let server = TestServer::start(CATALOG).await;
    for (_, document) in documents(&server).await {
        for required in [
            "issuer",
            "token_endpoint",
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
            assert!(!values(name).is_empty(), "{name} is left out or says something");
        }
    }
}

#[tokio::test]
async fn s3_each_endpoint_that_is_named_answers() {
    let server = TestServer::start(CATALOG).await;
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
async fn the_keys_are_public_distinct_and_those_that_sign() {
    let server = TestServer::start(CATALOG).await;
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
