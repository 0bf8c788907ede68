use serde_json::{Value, json};

use super::{PATH, RESOURCE, described};
use crate::protected_api::{Api, answer};

/// The well-known part comes between host and path; nobody needs a token to read it.
#[tokio::test]
async fn s3_1_the_document_is_at_the_well_known_path() {
    let api = described().await;
    assert_eq!(answer(api.get(PATH)).await.status, 200);
    for other in
        ["/.well-known/oauth-protected-resource", "/shop/.well-known/oauth-protected-resource"]
    {
        assert_eq!(answer(api.get(other)).await.status, 401, "{other}");
    }
    assert_eq!(answer(api.post(PATH)).await.status, 401, "it is read by GET");
}

#[tokio::test]
async fn s3_2_the_answer_is_json() {
    let document = answer(described().await.get(PATH)).await;
    assert_eq!(document.headers["content-type"], "application/json");
    let document: Value = serde_json::from_str(&document.body).unwrap();
    assert!(document.is_object());
    // Members without values are left out.
    assert!(document.as_object().unwrap().values().all(|value| *value != json!([])));
}

/// A client uses the document only if it is about what it asked for.
#[tokio::test]
async fn s3_3_the_document_names_the_resource_as_it_is() {
    let api = described().await;
    let document: Value = serde_json::from_str(&answer(api.get(PATH)).await.body).unwrap();
    assert_eq!(document["resource"], RESOURCE);
    assert_eq!(document["authorization_servers"], json!([api.issuer.url()]));
    assert_eq!(document["scopes_supported"], json!(["read:orders", "write:orders"]));
    assert_eq!(document["bearer_methods_supported"], json!(["header"]));
}

#[tokio::test]
async fn who_names_no_resource_has_no_document() {
    let api = Api::start().await;
    answer(api.get("/.well-known/oauth-protected-resource")).await.is_bare();
}

/// §1.2: an https URL without fragment.
#[tokio::test]
async fn what_is_no_resource_identifier_is_refused_at_the_start() {
    let api = Api::start().await;
    for bad in ["http://api.example.com", "https://api.example.com/#top", "api://orders", "/orders"]
    {
        assert!(api.issuer.layer_builder().resource(bad).build().is_err(), "{bad}");
    }
    assert!(api.issuer.layer_builder().resource(RESOURCE).build().is_ok());
}
