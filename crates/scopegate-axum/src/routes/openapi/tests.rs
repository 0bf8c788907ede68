use std::collections::BTreeSet;

use scopegate_bearer::RefusalBody;

use super::*;
use crate::routes::{Routes, any, get};
use crate::*;

scopes! {
    Read = "read:orders";
    Write = "write:orders";
    Admin = "admin";
}

values! {
    Manager = "store manager";
}

fn routes() -> Routes {
    async fn one(_: RequireScope<Read>) {}
    async fn any(_: AnyOf<(Read, AllOf<(Admin, Write)>)>) {}
    async fn two(_: RequireScope<Read>, _: AnyOf<(Write, Admin)>) {}
    async fn role(_: RequireScope<Read>, _: RequireRole<Manager>) {}
    async fn fresh(_: RequireFresh<60>) {}
    async fn token(_: Token) {}
    async fn anyone(_: Option<Token>) {}
    async fn public(_: Public) {}
    async fn open() {}

    Routes::new()
        .route("/one/{id}", get(one).delete(two))
        .route("/any", get(any))
        .route("/role", get(role))
        .route("/fresh", get(fresh))
        .route("/token", get(token))
        .route("/anyone", get(anyone))
        .route("/public", get(public))
        .route("/open/{*rest}", get(open))
}

fn document(openapi: OpenApi) -> Value {
    routes().document(openapi).unwrap().value().clone()
}

fn security(path: &str, method: &str) -> Value {
    document(OpenApi::new("Orders", "1"))["paths"][path][method]["security"].clone()
}

#[test]
fn any_of_is_several_alternatives_and_all_of_one_with_several_scopes() {
    assert_eq!(security("/one/{id}", "get"), json!([{ "bearer": ["read:orders"] }]));
    assert_eq!(
        security("/any", "get"),
        json!([{ "bearer": ["read:orders"] }, { "bearer": ["admin", "write:orders"] }])
    );
    assert_eq!(
        security("/one/{id}", "delete"),
        json!([{ "bearer": ["read:orders", "write:orders"] }, { "bearer": ["read:orders", "admin"] }])
    );
}

#[test]
fn operations_without_scopes_have_their_own_security() {
    assert_eq!(security("/token", "get"), json!([{ "bearer": [] }]));
    assert_eq!(security("/anyone", "get"), json!([{}, { "bearer": [] }]));
    assert_eq!(security("/public", "get"), json!([]));
    assert_eq!(security("/fresh", "get"), json!([{ "bearer": [] }]));
    assert_eq!(security("/open/{rest}", "get"), Value::Null, "as for the whole document");
    assert_eq!(document(OpenApi::new("", ""))["security"], json!([{ "bearer": [] }]));
}

#[test]
fn conditions_besides_scopes_are_an_extension_member() {
    let document = document(OpenApi::new("Orders", "1"));
    let conditions = |path: &str| document["paths"][path]["get"]["x-scopegate-conditions"].clone();
    assert_eq!(conditions("/role"), json!(["role store manager"]));
    assert_eq!(conditions("/fresh"), json!(["signed in within 60 s"]));
    assert_eq!(conditions("/token"), Value::Null);
}

#[test]
fn refusals_are_described_only_where_they_can_happen() {
    let document = document(OpenApi::new("Orders", "1"));
    let codes = |path: &str| -> Vec<_> {
        document["paths"][path]["get"]["responses"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(codes("/any"), ["2XX", "401", "403", "503"]);
    assert_eq!(codes("/token"), ["2XX", "401", "503"]);
    assert_eq!(codes("/anyone"), ["2XX", "503"]);
    assert_eq!(codes("/public"), ["2XX"]);
}

#[test]
fn every_referenced_name_is_defined_and_ids_are_unique() {
    let oauth2 = || OpenApi::new("Orders", "1").client_credentials("https://id.example/token");
    for openapi in [
        OpenApi::new("Orders", "1"),
        OpenApi::new("Orders", "1").openid_connect("https://id.example/"),
        oauth2(),
        oauth2().authorization_code("https://id.example/authorize", "https://id.example/token"),
    ] {
        let document = document(openapi);
        let (mut ids, mut operations) = (BTreeSet::new(), 0);
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                operations += 1;
                ids.insert(operation["operationId"].as_str().unwrap().to_owned());
                for requirement in operation["security"].as_array().into_iter().flatten() {
                    for (scheme, scopes) in requirement.as_object().unwrap() {
                        let scheme = &document["components"]["securitySchemes"][scheme];
                        assert!(scheme.is_object());
                        let flows = scheme["flows"].as_object().into_iter().flatten();
                        for (_, flow) in flows {
                            let known = |scope: &Value| flow["scopes"].get(scope.as_str().unwrap());
                            assert!(
                                scopes.as_array().unwrap().iter().all(|one| known(one).is_some())
                            );
                        }
                    }
                }
                let parameters = operation["parameters"].as_array().map_or(0, Vec::len);
                assert_eq!(path.matches('{').count(), parameters, "{path}");
            }
        }
        assert_eq!(ids.len(), operations);
        assert_eq!(operations, 9);
    }
}

#[test]
fn the_discovery_url_is_below_the_issuer() {
    let document = document(OpenApi::new("", "").openid_connect("https://id.example/oauth2/a"));
    assert_eq!(
        document["components"]["securitySchemes"]["openIdConnect"]["openIdConnectUrl"],
        "https://id.example/oauth2/a/.well-known/openid-configuration"
    );
}

#[test]
fn existing_descriptions_stay_except_security() {
    let described = json!({
        "openapi": "3.1.1",
        "info": { "title": "Orders", "version": "2" },
        "security": [],
        "paths": {
            "/one/{id}": {
                "parameters": [{ "name": "id", "in": "path", "required": true,
                                 "schema": { "type": "integer" } }],
                "get": {
                    "summary": "One order",
                    "operationId": "one",
                    "security": [],
                    "responses": { "200": { "description": "It" }, "401": { "description": "Own" } },
                },
            },
        },
    });
    let document = document(OpenApi::from_document(described).unwrap());
    let one = &document["paths"]["/one/{id}"]["get"];
    assert_eq!(one["summary"], "One order");
    assert_eq!(one["operationId"], "one");
    assert_eq!(one["parameters"], Value::Null, "the path describes it");
    assert_eq!(one["security"], json!([{ "bearer": ["read:orders"] }]));
    assert_eq!(one["responses"]["401"]["description"], "Own");
    assert_eq!(one["responses"]["2XX"], Value::Null);
    assert_eq!(document["openapi"], "3.1.1");
    assert_eq!(document["security"], json!([{ "bearer": [] }]));
}

#[test]
fn a_described_operation_without_a_route_is_an_error() {
    let described = |path: &str, method: &str| {
        let document = json!({
            "openapi": "3.1.0", "info": {}, "paths": { path: { method: {}, "summary": "x" } },
        });
        routes().document(OpenApi::from_document(document).unwrap()).map(drop)
    };
    assert_eq!(described("/token", "get"), Ok(()));
    for (path, method, named) in [
        ("/token", "post", "POST /token"),
        ("/tokens", "get", "GET /tokens"),
        ("/one/{order}", "get", "GET /one/{order}"),
    ] {
        assert_eq!(described(path, method), Err(RoutesError::NotRouted(vec![named.to_owned()])));
    }
}

#[test]
fn other_versions_and_malformed_documents_are_refused() {
    for wrong in [
        json!([]),
        json!({}),
        json!({ "openapi": "3.0.3", "info": {} }),
        json!({ "openapi": "3.10", "info": {} }),
        json!({ "swagger": "2.0", "info": {} }),
        json!({ "openapi": "3.1.0" }),
        json!({ "openapi": "3.1.0", "info": {}, "paths": [] }),
    ] {
        let refused = OpenApi::from_document(wrong.clone());
        assert!(matches!(refused, Err(RoutesError::NotOpenApi(_))), "{wrong}");
    }
}

#[test]
fn all_methods_are_described_where_the_given_document_has_them_and_fallbacks_never() {
    async fn read(_: RequireScope<Read>) {}
    async fn write(_: RequireScope<Write>) {}

    let routes = Routes::new()
        .route("/all", any(write).get(read))
        .route("/undescribed", any(write))
        .nest("/v1", Routes::new().fallback(get(read)))
        .fallback(get(read).post(write));
    let described = json!({
        "openapi": "3.1.0", "info": {}, "paths": { "/all": { "get": {}, "put": {}, "x-a": {} } },
    });
    let document = routes.document(OpenApi::from_document(described).unwrap()).unwrap();
    let all = &document.value()["paths"]["/all"];
    assert_eq!(all["get"]["security"], json!([{ "bearer": ["read:orders"] }]));
    assert_eq!(all["put"]["security"], json!([{ "bearer": ["write:orders"] }]));
    assert_eq!(all["put"]["operationId"], "put_all");
    assert_eq!((&all["x-a"], &all["post"]), (&json!({}), &Value::Null));
    assert_eq!(document.value()["paths"].as_object().unwrap().len(), 1);
}

#[test]
fn refusals_have_the_schema_of_the_body_that_is_set() {
    #[derive(Debug)]
    struct Text;

    impl RefusalBody for Text {
        fn content_type(&self) -> &str {
            "text/plain"
        }

        fn body(&self, _: &AuthRejection) -> Vec<u8> {
            Vec::new()
        }
    }

    let names = ["Unauthorized", "Forbidden", "ServiceUnavailable"];
    let contents = |openapi| {
        let document = document(openapi);
        names.map(|name| document["components"]["responses"][name]["content"].clone())
    };
    let problem = ChallengeSettings::new().body().schema();
    let by_default = contents(OpenApi::new("Orders", "1"));
    for content in &by_default {
        assert_eq!(content["application/problem+json"]["schema"], *problem.as_ref().unwrap());
    }
    let text = ChallengeSettings::new().with_body(Text);
    for content in contents(OpenApi::new("Orders", "1").refusals(&text)) {
        assert_eq!(content, json!({ "text/plain": {} }), "a text has no schema");
    }
    assert_eq!(
        contents(OpenApi::new("Orders", "1").refusals(&ChallengeSettings::new())),
        by_default
    );
}
