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
    assert!(operations > 5, "{operations}");
}
