//! The OpenAPI 3.1 document of the management API.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use scopegate_axum::routes::{Document, OpenApi, Routes};
use scopegate_core::catalog::admin_scopes;
use serde_json::{Map, Value, json};

use super::error::ErrorBody;
use super::row::{About, Row};

/// What the rows say of their operations: summaries, parameters, bodies and answers.
pub(super) fn described(rows: &[Row]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for row in rows {
        let item = paths.entry(row.about.path).or_insert_with(|| json!({}));
        item[row.about.method] = operation(&row.about, &mut generator);
    }
    let error = generator.subschema_for::<ErrorBody>();
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "scopegate management API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The management API of scopegate, in the shapes of Okta's.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                "Refused": {
                    "description": "The request is refused.",
                    "content": { "application/json": { "schema": error } },
                },
                "Unauthorized": refusal("The token is missing or not valid.", &error),
                "Forbidden": refusal("The token lacks a scope, or the change is not allowed.", &error),
                "ServiceUnavailable": refusal("The storage is not available.", &error),
            },
        },
    })
}

fn refusal(what: &str, error: &schemars::Schema) -> Value {
    json!({ "description": what, "content": { "application/json": { "schema": error } } })
}

fn operation(about: &About, generator: &mut SchemaGenerator) -> Value {
    let mut operation = json!({ "summary": about.summary, "tags": [tag(about.path)] });
    let mut parameters: Vec<Value> = about
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
        })
        .collect();
    if let Some(query) = about.query {
        let schema = query(generator).to_value();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let properties = schema["properties"].as_object().into_iter().flatten();
        parameters.extend(properties.map(|(name, schema)| {
            let needed = required.iter().any(|needed| needed == name);
            json!({ "name": name, "in": "query", "required": needed, "schema": not_null(schema) })
        }));
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = about.body {
        let schema = body(generator);
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    let answer = match about.answer {
        None => json!({ "description": "Done" }),
        Some(answer) => {
            let schema = answer(generator);
            json!({
                "description": "The result",
                "content": { "application/json": { "schema": schema } },
            })
        }
    };
    operation["responses"] = json!({
        about.status.to_string(): answer,
        "4XX": { "$ref": "#/components/responses/Refused" },
    });
    operation
}

/// A query parameter is a text or a number, or it is missing. It is never null.
fn not_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(types) = schema["type"].as_array() {
        let other = types.iter().find(|name| **name != "null").cloned();
        schema["type"] = other.unwrap_or_else(|| "string".into());
    }
    if let Some(object) = schema.as_object_mut() {
        object.remove("default");
    }
    schema
}

/// The resource that a path is about.
fn tag(path: &str) -> &str {
    path.trim_start_matches("/api/v1/").split('/').next().unwrap_or_default()
}

/// The document of the routes.
pub(super) fn document(routes: &Routes, described: Value) -> Document {
    let openapi = OpenApi::from_document(described).expect("it is a document of version 3.1");
    let openapi = openapi.client_credentials("/oauth2/v1/token");
    let openapi = admin_scopes::SCOPES
        .iter()
        .fold(openapi, |openapi, (name, text)| openapi.describe_scope(name, text));
    routes.document(openapi).expect("each row has a route")
}
