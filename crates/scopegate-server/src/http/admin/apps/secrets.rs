//! `/api/v1/apps/{appId}/credentials/secrets`: the secrets of a client, of which there are at most two.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use scopegate_claims::UnixTime;
use scopegate_core::administration::clients::uses_secret;
use scopegate_core::catalog::{Client, ClientSecret, ClientSpec, EntityKey};
use serde::{Deserialize, Serialize};

use super::{changeable, find, new_secret, stored_secret};
use crate::http::admin::ApiError;
use crate::http::admin::body::OptionalBody;
use crate::http::admin::caller::Caller;
use crate::http::admin::entity::{self, Links, change, link_to_self, one, put, time_text};
use crate::http::admin::origin::{Origin, segment};
use crate::http::admin::page;
use crate::http::admin::parameters::InPath;
use crate::http::admin::row::Row;
use crate::http::admin::scopes::{ManagesApps, ReadsApps};
use crate::http::admin::secret_text::SecretText;
use crate::http::app::App;

/// A secret. It is shown only in the answer that made it.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "OAuth2ClientSecret")]
struct SecretBody {
    id: String,
    /// `ACTIVE`, or `INACTIVE` once it has ended
    status: &'static str,
    /// Only in the answer that made it
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<SecretText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    /// When it ends
    #[serde(rename = "expiresAt", skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(rename = "_links")]
    links: Links,
}

/// A secret to add.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OAuth2ClientSecretRequestBody")]
struct NewSecret {
    /// At least 32 random characters. Without it, one is made
    #[serde(default)]
    client_secret: Option<SecretText>,
}

pub(super) fn rows() -> Vec<Row> {
    let all = "/api/v1/apps/{appId}/credentials/secrets";
    let each = "/api/v1/apps/{appId}/credentials/secrets/{secretId}";
    vec![
        Row::get(all, "List the secrets of a client", list).answers::<Vec<SecretBody>>(200),
        Row::post(all, "Add a secret, which is shown once", create)
            .takes::<NewSecret>()
            .answers::<SecretBody>(201),
        Row::get(each, "Read when a secret was made", read).answers::<SecretBody>(200),
        Row::delete(each, "Delete a secret that has ended", delete),
        Row::post(
            "/api/v1/apps/{appId}/credentials/secrets/{secretId}/lifecycle/activate",
            "Let a secret that was ended be used again",
            activate,
        )
        .answers::<SecretBody>(200),
        Row::post(
            "/api/v1/apps/{appId}/credentials/secrets/{secretId}/lifecycle/deactivate",
            "End a secret at once",
            deactivate,
        )
        .answers::<SecretBody>(200),
    ]
}

async fn list(
    _: ReadsApps,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
) -> Result<Response, ApiError> {
    let (catalog, now) = (app.authority().catalog(), app.authority().clock().now());
    let client = find(&catalog, &id)?;
    let secrets = client.spec.secrets.iter();
    let secrets: Vec<_> =
        secrets.map(|secret| SecretBody::of(client, secret, None, now, &origin)).collect();
    page::answer(&origin, &secrets, None)
}

async fn read(
    _: ReadsApps,
    State(app): State<App>,
    origin: Origin,
    InPath((id, secret)): InPath<(String, String)>,
) -> Result<Response, ApiError> {
    shown(&app, &id, &secret, None, &origin, StatusCode::OK)
}

async fn create(
    _: ManagesApps,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
    OptionalBody(body): OptionalBody<NewSecret>,
) -> Result<Response, ApiError> {
    let (text, made) = match body.unwrap_or_default().client_secret {
        None => new_secret(&app),
        Some(text) => {
            let stored = stored_secret(&app, &text)?;
            (text, stored)
        }
    };
    let changing = change(&app, &caller, |catalog| {
        let client = changeable(catalog, &id)?;
        if !uses_secret(client.spec.auth) {
            let why = format!("the client uses {}, not a secret", client.spec.auth.as_str());
            return Err(ApiError::NotAllowed(why.into()));
        }
        let mut spec = client.spec.clone();
        if spec.secrets.len() >= ClientSpec::MAX_SECRETS {
            let why = "a client has at most two secrets: deactivate and delete one";
            return Err(ApiError::NotAllowed(why.into()));
        }
        spec.secrets.insert(0, made.clone());
        Ok(one(put(EntityKey::client(&client.id), spec.into())))
    });
    changing.await?;
    shown(&app, &id, &made.kept_id(), Some(text), &origin, StatusCode::CREATED)
}

async fn delete(
    _: ManagesApps,
    caller: Caller,
    State(app): State<App>,
    InPath((id, secret)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let now = app.authority().clock().now();
    let deleting = change(&app, &caller, |catalog| {
        let client = changeable(catalog, &id)?;
        if known(client, &secret)?.is_accepted(now) {
            let why = "an active secret cannot be deleted: deactivate it first";
            return Err(ApiError::NotAllowed(why.into()));
        }
        let mut spec = client.spec.clone();
        spec.secrets.retain(|known| known.kept_id() != secret);
        Ok(one(put(EntityKey::client(&client.id), spec.into())))
    });
    deleting.await.map(|_| StatusCode::NO_CONTENT)
}

async fn activate(
    _: ManagesApps,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath((id, secret)): InPath<(String, String)>,
) -> Result<Response, ApiError> {
    set_end(&app, &caller, (&id, &secret), None, &origin).await
}

async fn deactivate(
    _: ManagesApps,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath((id, secret)): InPath<(String, String)>,
) -> Result<Response, ApiError> {
    let now = app.authority().clock().now();
    set_end(&app, &caller, (&id, &secret), Some(now), &origin).await
}

async fn set_end(
    app: &App,
    caller: &Caller,
    (id, secret): (&str, &str),
    end: Option<UnixTime>,
    origin: &Origin,
) -> Result<Response, ApiError> {
    let changing = change(app, caller, |catalog| {
        let client = changeable(catalog, id)?;
        known(client, secret)?;
        let mut spec = client.spec.clone();
        for stored in &mut spec.secrets {
            if stored.kept_id() == secret {
                *stored = stored.clone().until(end);
            }
        }
        Ok(one(put(EntityKey::client(&client.id), spec.into())))
    });
    changing.await?;
    shown(app, id, secret, None, origin, StatusCode::OK)
}

fn known<'c>(client: &'c Client, id: &str) -> Result<&'c ClientSecret, ApiError> {
    let found = client.spec.secrets.iter().find(|secret| secret.kept_id() == id);
    found.ok_or_else(|| ApiError::NotFound("OAuth2ClientSecret", id.to_owned()))
}

fn shown(
    app: &App,
    id: &str,
    secret: &str,
    text: Option<SecretText>,
    origin: &Origin,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let (catalog, now) = (app.authority().catalog(), app.authority().clock().now());
    let client = find(&catalog, id)?;
    let body = SecretBody::of(client, known(client, secret)?, text, now, origin);
    Ok(entity::answer(status, &entity::tag_of(&[id, secret]), &body))
}

impl SecretBody {
    fn of(
        client: &Client,
        secret: &ClientSecret,
        text: Option<SecretText>,
        now: UnixTime,
        origin: &Origin,
    ) -> Self {
        let id = secret.kept_id();
        let path = format!("apps/{}/credentials/secrets/{id}", segment(client.id.as_str()));
        Self {
            status: if secret.is_accepted(now) { "ACTIVE" } else { "INACTIVE" },
            client_secret: text,
            created: secret.created_at().map(time_text),
            expires_at: secret.expires_at().map(time_text),
            links: link_to_self(&origin.url(&path)),
            id,
        }
    }
}
