//! `/api/v1/authorizationServers/{authServerId}/credentials`: the signing keys.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use scopegate_core::catalog::AuthorizationServer;
use scopegate_core::store::KeyPhase;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ApiError;
use super::body::Body;
use super::caller::Caller;
use super::entity::{self, Links, link_to_self, time_text};
use super::origin::{Origin, segment};
use super::page;
use super::parameters::InPath;
use super::row::Row;
use super::scopes::{ManagesServers, ReadsServers};
use crate::http::app::App;

/// A public signing key.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuthorizationServerJsonWebKey")]
struct KeyBody {
    /// `NEXT`, `ACTIVE` or `EXPIRED`
    status: &'static str,
    /// The id of the key
    kid: String,
    #[serde(rename = "use")]
    usage: &'static str,
    /// When it was made
    created: String,
    /// When it no longer signs
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(rename = "_links")]
    links: Links,
    /// The other members of the JWK (RFC 7517)
    #[serde(flatten)]
    jwk: BTreeMap<String, Value>,
}

/// The order to rotate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "JwkUse")]
struct Rotation {
    /// Always `sig`
    #[serde(rename = "use")]
    #[schemars(extend("enum" = ["sig"]))]
    usage: String,
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::get(
            "/api/v1/authorizationServers/{authServerId}/credentials/keys",
            "List the signing keys of an authorization server",
            list,
        )
        .answers::<Vec<KeyBody>>(200),
        Row::get(
            "/api/v1/authorizationServers/{authServerId}/credentials/keys/{keyId}",
            "Read a signing key",
            read,
        )
        .answers::<KeyBody>(200),
        Row::post(
            "/api/v1/authorizationServers/{authServerId}/credentials/lifecycle/keyRotate",
            "Announce the next signing key, which signs after the time of its announcement",
            rotate,
        )
        .takes::<Rotation>()
        .answers::<Vec<KeyBody>>(200),
    ]
}

async fn list(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath(server): InPath<String>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    page::answer(&origin, &keys(&app, entity::server(&catalog, &server)?, &origin), None)
}

async fn read(
    _: ReadsServers,
    State(app): State<App>,
    origin: Origin,
    InPath((server, id)): InPath<(String, String)>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let keys = keys(&app, entity::server(&catalog, &server)?, &origin);
    let key = keys.into_iter().find(|key| key.kid == id);
    let key = key.ok_or_else(|| ApiError::NotFound("JsonWebKey", id))?;
    Ok(page::whole(&key))
}

async fn rotate(
    _: ManagesServers,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath(server): InPath<String>,
    Body(Rotation { usage }): Body<Rotation>,
) -> Result<Response, ApiError> {
    if usage != "sig" {
        return Err(ApiError::Invalid("use", "write sig".to_owned()));
    }
    let catalog = app.authority().catalog();
    let server = entity::server(&catalog, &server)?;
    app.authority().keys().rotate(server, None, &caller.actor).await?;
    page::answer(&origin, &keys(&app, server, &origin), None)
}

/// The keys of a server that are not dropped.
fn keys(app: &App, server: &AuthorizationServer, origin: &Origin) -> Vec<KeyBody> {
    let published = app.authority().public_keys(&server.id);
    let published: Value =
        published.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
    let jwk = |kid: &str| {
        let keys = published["keys"].as_array().into_iter().flatten();
        let found = keys.filter_map(Value::as_object).find(|key| key["kid"] == kid)?;
        let members = found.iter().filter(|(name, _)| !matches!(name.as_str(), "kid" | "use"));
        Some(members.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    let path = format!("authorizationServers/{}/credentials/keys", server.id);
    let listed = app.authority().keys().list_of(server);
    let shown = listed.into_iter().filter_map(|key| {
        let status = match key.phase {
            KeyPhase::Announced => "NEXT",
            KeyPhase::Signing => "ACTIVE",
            KeyPhase::Retiring => "EXPIRED",
            KeyPhase::Dropped => return None,
        };
        Some(KeyBody {
            status,
            usage: "sig",
            created: time_text(key.created),
            expires_at: key.retires_at.map(time_text),
            links: link_to_self(&origin.url(&format!("{path}/{}", segment(&key.kid)))),
            jwk: jwk(&key.kid).unwrap_or_default(),
            kid: key.kid,
        })
    });
    shown.collect()
}
