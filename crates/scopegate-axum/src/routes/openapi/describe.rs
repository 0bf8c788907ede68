//! Writes operations and their guards into a document.

use scopegate_bearer::{RefusalStatus, openapi};
use serde_json::{Map, Value, json};

use super::{OpenApi, Scheme};
use crate::routes::{Operation, RoutesError};

type Object = Map<String, Value>;

/// The methods that a path item may have, as OpenAPI spells them.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The refusals that operations refer to.
const REFUSALS: [(RefusalStatus, &str); 3] = [
    (RefusalStatus::Unauthorized, "Unauthorized"),
    (RefusalStatus::Forbidden, "Forbidden"),
    (RefusalStatus::ServiceUnavailable, "ServiceUnavailable"),
];

/// The document with every operation and its guards.
pub(super) fn describe(given: OpenApi, operations: &[Operation]) -> Result<Value, RoutesError> {
    let OpenApi { mut document, scheme, scopes, settings } = given;
    let scheme_name = scheme.name();
    let paths = object(&mut document, "paths");
    let not_routed = not_routed(paths, operations);
    if !not_routed.is_empty() {
        return Err(RoutesError::NotRouted(not_routed));
    }
    for operation in operations {
        for name in method_names(paths, operation, operations) {
            let item = object(paths, &template(operation.path()));
            let shared = parameter_names(item);
            let described = object(item, &name);
            add_operation(described, operation, &name, scheme_name, &shared);
        }
    }
    let components = object(&mut document, "components");
    object(components, "securitySchemes").insert(
        scheme_name.to_owned(),
        write_scheme(scheme, &described_scopes(operations, scopes)),
    );
    let responses = object(components, "responses");
    for (status, name) in REFUSALS {
        responses.entry(name).or_insert_with(|| openapi::response(status, &settings));
    }
    // Operations that declare nothing themselves require a token.
    document.insert("security".to_owned(), json!([{ scheme_name: [] }]));
    Ok(Value::Object(document))
}

/// The described operations that have no route.
fn not_routed(paths: &Object, operations: &[Operation]) -> Vec<String> {
    let is_routed = |path: &str, name: &str| {
        operations.iter().any(|one| {
            template(one.path()) == path && (one.is_for_any_method() || method(one) == name)
        })
    };
    let items = paths.iter().filter_map(|(path, item)| Some((path, item.as_object()?)));
    items
        .flat_map(|(path, item)| item.keys().map(move |name| (path, name)))
        .filter(|(path, name)| METHODS.contains(&name.as_str()) && !is_routed(path, name))
        .map(|(path, name)| format!("{} {path}", name.to_ascii_uppercase()))
        .collect()
}

/// The methods under which an operation is written. OpenAPI has no name for all methods, so such an
/// operation is written for those methods that are described and have no operation of their own. A
/// fallback is not written.
fn method_names(paths: &Object, operation: &Operation, all: &[Operation]) -> Vec<String> {
    if operation.is_fallback() {
        return Vec::new();
    }
    if !operation.is_for_any_method() {
        return vec![method(operation)];
    }
    let item = paths.get(&template(operation.path())).and_then(Value::as_object);
    let described = item.into_iter().flat_map(Map::keys);
    let has_its_own = |name: &str| {
        all.iter().any(|other| other.path() == operation.path() && method(other) == name)
    };
    described
        .filter(|name| METHODS.contains(&name.as_str()) && !has_its_own(name))
        .cloned()
        .collect()
}

fn add_operation(
    described: &mut Object,
    operation: &Operation,
    method: &str,
    scheme: &str,
    shared_parameters: &[String],
) {
    described.entry("operationId").or_insert_with(|| operation_id(operation, method).into());
    add_path_parameters(described, operation, shared_parameters);
    described.remove("security");
    if let Some(security) = security(operation, scheme) {
        described.insert("security".to_owned(), security);
    }
    let conditions = operation.conditions();
    if !conditions.is_empty() {
        described.insert("x-scopegate-conditions".to_owned(), conditions.into());
    }
    let responses = object(described, "responses");
    if responses.is_empty() {
        responses.insert("2XX".to_owned(), json!({ "description": "What was asked for" }));
    }
    let refuses = |name: &str| json!({ "$ref": format!("#/components/responses/{name}") });
    if !operation.is_for_anyone() {
        responses.entry("401").or_insert_with(|| refuses("Unauthorized"));
    }
    if operation.scopes().next().is_some() || !operation.conditions().is_empty() {
        responses.entry("403").or_insert_with(|| refuses("Forbidden"));
    }
    if !operation.is_public() {
        responses.entry("503").or_insert_with(|| refuses("ServiceUnavailable"));
    }
}

/// The security requirements: a list of alternatives; all scopes within one are required.
///
/// An unguarded operation has none of its own, so the requirement of the whole document applies.
fn security(operation: &Operation, scheme: &str) -> Option<Value> {
    if operation.is_unguarded() {
        return None;
    }
    if operation.is_public() {
        return Some(json!([]));
    }
    if operation.is_for_anyone() {
        return Some(json!([{}, { scheme: [] }]));
    }
    let alternatives = operation.alternatives();
    if alternatives.is_empty() {
        // No token ever passes. An empty list would mean that no token is needed.
        return Some(json!([{ scheme: [] }]));
    }
    Some(alternatives.into_iter().map(|scopes| json!({ scheme: scopes })).collect())
}

/// Adds the path parameters that the document does not describe yet.
fn add_path_parameters(described: &mut Object, operation: &Operation, shared: &[String]) {
    let known = parameter_names(described);
    let template = template(operation.path());
    let missing: Vec<_> = names_in(&template)
        .filter(|name| !known.iter().chain(shared).any(|known| known == name))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": {} }))
        .collect();
    if missing.is_empty() {
        return;
    }
    let parameters = described.entry("parameters").or_insert_with(|| json!([]));
    if let Value::Array(parameters) = parameters {
        parameters.extend(missing);
    }
}

/// The names of the path parameters described here. References are not followed.
fn parameter_names(described: &Object) -> Vec<String> {
    let parameters = described.get("parameters").and_then(Value::as_array);
    let of_path = parameters.into_iter().flatten().filter(|one| one["in"] == "path");
    of_path.filter_map(|one| Some(one["name"].as_str()?.to_owned())).collect()
}

fn names_in(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// The path as OpenAPI spells it. It has no wildcards, so `/{*rest}` becomes `/{rest}`.
fn template(path: &str) -> String {
    path.replace("{*", "{")
}

fn method(operation: &Operation) -> String {
    operation.method().as_str().to_ascii_lowercase()
}

/// A unique name for each operation: `get_orders_id`.
fn operation_id(operation: &Operation, method: &str) -> String {
    let words = operation.path().split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.fold(method.to_owned(), |id, word| format!("{id}_{word}"))
}

fn described_scopes(operations: &[Operation], texts: Vec<(String, String)>) -> Object {
    let asked = operations.iter().flat_map(Operation::scopes);
    let mut scopes: Object = asked.map(|scope| (scope.to_owned(), json!(""))).collect();
    for (scope, text) in texts {
        scopes.insert(scope, text.into());
    }
    scopes
}

fn write_scheme(scheme: Scheme, scopes: &Object) -> Value {
    match scheme {
        Scheme::Bearer => {
            json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" })
        }
        Scheme::OAuth2 { mut flows } => {
            for flow in flows.values_mut() {
                flow["scopes"] = Value::Object(scopes.clone());
            }
            json!({ "type": "oauth2", "flows": flows })
        }
        Scheme::OpenIdConnect { url } => {
            json!({ "type": "openIdConnect", "openIdConnectUrl": url })
        }
    }
}

/// The object with this name; it is created if it is missing or not an object.
fn object<'a>(parent: &'a mut Object, name: &str) -> &'a mut Object {
    let value = parent.entry(name).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was made one")
}
