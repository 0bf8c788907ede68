//! The OpenAPI document.

use axum::body::Body;
use http::Request;
use serde_json::Value;

use crate::fixture::Fixture;
use crate::rendered::json;

async fn document() -> Value {
    let at = Fixture::start().await;
    let request = Request::get("/api/v1/openapi.json").body(Body::empty()).unwrap();
    json(at.send_to_admin(request).await).await
}

/// The schema of OpenAPI 3.1 documents, published by the OpenAPI Initiative under Apache-2.0.
const SCHEMA: &str = include_str!("openapi-3.1.schema.json");

#[tokio::test]
async fn the_document_is_one_of_openapi_3_1_and_has_schemas_of_its_dialect() {
    let document = document().await;
    let schema = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert!(!validator.is_valid(&serde_json::json!({ "openapi": "3.1.0" })));

    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
    }
    let text = document.to_string();
    let references = text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn each_operation_names_the_scopes_that_it_needs() {
    let document = document().await;
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let security = operation["security"].as_array().unwrap();
            let is_public = path == "/api/v1/openapi.json";
            assert_eq!(security.is_empty(), is_public, "{method} {path}");
            for alternative in security {
                let scopes = alternative["oauth2"].as_array().unwrap();
                assert!(scopes[0].as_str().unwrap().starts_with("okta."), "{method} {path}");
                let may_read = scopes[0].as_str().unwrap().ends_with(".read");
                assert!(
                    !may_read
                        || method == "get"
                        || path.contains("/explain")
                        || path.contains("/plan"),
                    "{method} {path}"
                );
            }
        }
    }
    assert!(operations > 80, "{operations}");
}

/// Each operation is called as the document says, without a token and with one for something else.
#[tokio::test]
async fn each_operation_refuses_who_has_no_token_and_who_has_no_scope() {
    let at = Fixture::start().await;
    let stranger = at.admin("okta.inlineHooks.read").await;
    let document = document().await;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let path: Vec<_> = path.trim_start_matches("/api/v1/").split('/').collect();
            let filled = path.iter().map(|part| if part.starts_with('{') { "x" } else { part });
            let path = filled.collect::<Vec<_>>().join("/");
            let name = http::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let request = Request::builder().method(name.clone()).uri(format!("/api/v1/{path}"));
            let request = request.body(Body::empty()).unwrap();
            let without = at.send_to_admin(request).await.status().as_u16();
            let other = stranger.send(stranger.request(name, &path), None).await.status;
            let expected = if path == "openapi.json" { (200, 200) } else { (401, 403) };
            assert_eq!((without, other), expected, "{method} {path}");
        }
    }
}
