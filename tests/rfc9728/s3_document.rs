use serde_json::{Value, json};

use super::{PATH, RESOURCE, api_with_metadata};
use crate::protected_api::{Api, answer};

/// The well-known part comes between host and path. The document can be read without a token.
#[tokio::test]
async fn s3_1_the_document_is_at_the_well_known_path() {
    let api = api_with_metadata().await;
    assert_eq!(answer(api.get(PATH)).await.status, 200);
    for other in
        ["/.well-known/oauth-protected-resource", "/shop/.well-known/oauth-protected-resource"]
    {
        assert_eq!(answer(api.get(other)).await.status, 401, "{other}");
    }
    assert_eq!(answer(api.post(PATH)).await.status, 401, "the document can only be read with GET");
}

#[tokio::test]
async fn s3_2_the_answer_is_json() {
    let document = answer(api_with_metadata().await.get(PATH)).await;
    assert_eq!(document.headers["content-type"], "application/json");
    let document: Value = serde_json::from_str(&document.body).unwrap();
    assert!(document.is_object());
    // Members without values are left out.
    assert!(document.as_object().unwrap().values().all(|value| *value != json!([])));
}

/// A client uses the document only if `resource` equals the resource that it requested.
#[tokio::test]
async fn s3_3_the_document_names_the_resource_exactly() {
    let api = api_with_metadata().await;
    let document: Value = serde_json::from_str(&answer(api.get(PATH)).await.body).unwrap();
    assert_eq!(document["resource"], RESOURCE);
    assert_eq!(document["authorization_servers"], json!([api.issuer.url()]));
    assert_eq!(document["scopes_supported"], json!(["read:orders", "write:orders"]));
    assert_eq!(document["bearer_methods_supported"], json!(["header"]));
}

#[tokio::test]
async fn a_layer_without_a_resource_has_no_document() {
    let api = Api::start().await;
    answer(api.get("/.well-known/oauth-protected-resource")).await.is_bare();
}

/// §1.2: an https URL without fragment.
#[tokio::test]
async fn an_invalid_resource_identifier_is_refused_when_the_layer_is_built() {
    let api = Api::start().await;
    for bad in ["http://api.example.com", "https://api.example.com/#top", "api://orders", "/orders"]
    {
        assert!(api.issuer.layer_builder().resource(bad).build().is_err(), "{bad}");
    }
    assert!(api.issuer.layer_builder().resource(RESOURCE).build().is_ok());
}
