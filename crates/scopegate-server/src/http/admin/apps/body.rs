//! The JSON of a client, which Okta calls an app.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use scopegate_claims::Audience;
use scopegate_core::catalog::{
    Client, ClientAuth, ClientConsent, ClientId, ClientSpec, ClientType, RedirectUri,
    RefreshPolicy, RotationType, Snapshot, Status,
};
use scopegate_jose::Jwk;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Assigned, stored};
use crate::http::admin::ApiError;
use crate::http::admin::entity::{Links, link_to_self};
use crate::http::admin::names::{group_id, user_ids};
use crate::http::admin::origin::{Origin, segment};
use crate::http::admin::secret_text::SecretText;
use crate::http::app::App;

/// The only kind of app.
const OIDC: &str = "oidc_client";
const SIGN_ON: &str = "OPENID_CONNECT";

/// A client. Members that only an answer has are ignored in a request.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Application")]
pub(super) struct AppBody {
    /// The client id
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    id: Option<String>,
    /// Always `oidc_client`
    #[serde(default)]
    #[schemars(extend("enum" = ["oidc_client", null]))]
    name: Option<String>,
    /// The display name
    label: String,
    /// Whether it is in use
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = ["ACTIVE", "INACTIVE", null]))]
    status: Option<Status>,
    /// Always `OPENID_CONNECT`
    #[serde(default)]
    #[schemars(extend("enum" = ["OPENID_CONNECT", null]))]
    sign_on_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    last_updated: Option<String>,
    #[serde(default)]
    credentials: Option<Credentials>,
    settings: Settings,
    /// Values for claims: `client.attributes`
    #[serde(default)]
    profile: Option<BTreeMap<String, Value>>,
    /// What Okta does not have. What is not written stays as it is
    #[serde(default, rename = "_scopegate", skip_serializing_if = "Option::is_none")]
    extras: Option<Extras>,
    #[serde(default, rename = "_links", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    links: Option<Links>,
}

/// How a client authenticates.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "OAuthApplicationCredentials")]
struct Credentials {
    #[serde(default)]
    oauth_client: Option<OAuthCredentials>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ApplicationCredentialsOAuthClient")]
struct OAuthCredentials {
    /// The client id. A new client may choose it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// Only in the answer that made it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<SecretText>,
    #[serde(default)]
    #[schemars(
        with = "Option<String>",
        extend("enum" = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none", null])
    )]
    token_endpoint_auth_method: Option<ClientAuth>,
    /// Whether it must use PKCE (RFC 7636)
    #[serde(default)]
    pkce_required: Option<bool>,
    /// Has no effect
    #[serde(default, rename = "autoKeyRotation")]
    auto_key_rotation: Option<bool>,
}

/// The settings of a client.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "OpenIdConnectApplicationSettings")]
struct Settings {
    oauth_client: OAuthSettings,
}

#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OpenIdConnectApplicationSettingsClient")]
struct OAuthSettings {
    #[schemars(with = "String", extend("enum" = ["browser", "native", "service", "web"]))]
    application_type: ClientType,
    grant_types: BTreeSet<String>,
    /// `code`, and `token` for a service; other response types are not supported
    #[serde(default)]
    response_types: Option<BTreeSet<String>>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = ["REQUIRED", "TRUSTED", null]))]
    consent_method: Option<ClientConsent>,
    /// Its public keys
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jwks: Option<Jwks>,
    /// The URL of its public keys
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
    #[serde(default)]
    refresh_token: Option<Refresh>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OpenIdConnectApplicationSettingsClientKeys")]
struct Jwks {
    #[schemars(with = "Vec<BTreeMap<String, Value>>")]
    keys: Vec<Jwk>,
}

/// What happens to a refresh token when it is used.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OpenIdConnectApplicationSettingsRefreshToken")]
struct Refresh {
    #[schemars(with = "String", extend("enum" = ["ROTATE", "STATIC"]))]
    rotation_type: RotationType,
    /// 0 to 60 seconds
    #[serde(default)]
    #[schemars(range(max = 60))]
    leeway: Option<u8>,
}

/// What a client has and Okta does not.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "ApplicationExtras")]
struct Extras {
    /// Who may change it: `api` or a catalog file
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    owner: Option<String>,
    /// Whether it may get the admin scopes. Only the command line sets it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    admin: Option<bool>,
    /// Whether it must push its authorization requests (RFC 9126)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    require_par: Option<bool>,
    /// The web origins whose scripts may send requests for it (CORS)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origins: Option<BTreeSet<String>>,
    /// The users who may use it, by id or login
    #[serde(default, skip_serializing_if = "Option::is_none")]
    users: Option<Vec<String>>,
    /// The groups whose users may use it, by id or name. Without users and groups every user may
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
    /// The audiences whose access tokens it may introspect
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audiences: Option<BTreeSet<String>>,
    /// The only client that may exchange its tokens; an empty text for any
    #[serde(default, skip_serializing_if = "Option::is_none")]
    may_act: Option<String>,
}

impl AppBody {
    pub(super) async fn of(
        app: &App,
        catalog: &Snapshot,
        client: &Client,
        secret: Option<SecretText>,
        origin: &Origin,
    ) -> Result<Self, ApiError> {
        let (spec, stored) = (&client.spec, stored(catalog, client));
        let id = client.id.to_string();
        let url = origin.url(&format!("apps/{}", segment(&id)));
        let mut links = link_to_self(&url);
        let secrets = json!({ "href": format!("{url}/credentials/secrets") });
        links.insert("clientCredentials".to_owned(), secrets);
        let texts = |uris: &[RedirectUri]| uris.iter().map(ToString::to_string).collect();
        let extras = Extras {
            owner: Some(stored.owner),
            admin: Some(spec.admin),
            require_par: Some(spec.require_par),
            origins: Some(spec.origins.clone()),
            users: Some(user_ids(app, &spec.users).await?),
            groups: Some(spec.groups.iter().map(|name| group_id(name)).collect()),
            audiences: Some(spec.audiences.iter().map(ToString::to_string).collect()),
            may_act: spec.may_act.as_ref().map(ToString::to_string),
        };
        let credentials = OAuthCredentials {
            client_id: Some(id.clone()),
            client_secret: secret,
            token_endpoint_auth_method: Some(spec.auth),
            pkce_required: Some(spec.pkce_required),
            auto_key_rotation: Some(true),
        };
        let settings = OAuthSettings {
            application_type: spec.client_type,
            grant_types: spec.grant_types.clone(),
            response_types: Some(response_types(spec)),
            redirect_uris: texts(&spec.redirect_uris),
            post_logout_redirect_uris: texts(&spec.post_logout_redirect_uris),
            consent_method: Some(spec.consent),
            jwks: (!spec.jwks.is_empty()).then(|| Jwks { keys: spec.jwks.clone() }),
            jwks_uri: spec.jwks_uri.clone(),
            refresh_token: Some(Refresh {
                rotation_type: spec.refresh_token.rotation_type,
                leeway: Some(spec.refresh_token.leeway),
            }),
        };
        Ok(Self {
            id: Some(id),
            name: Some(OIDC.to_owned()),
            label: spec.name.clone(),
            status: Some(spec.status),
            sign_on_mode: Some(SIGN_ON.to_owned()),
            created: stored.created,
            last_updated: stored.last_updated,
            credentials: Some(Credentials { oauth_client: Some(credentials) }),
            settings: Settings { oauth_client: settings },
            profile: Some(spec.attributes.clone()),
            extras: Some(extras),
            links: Some(links),
        })
    }

    fn credentials(&self) -> Option<&OAuthCredentials> {
        self.credentials.as_ref()?.oauth_client.as_ref()
    }

    /// The client id that the caller chooses.
    pub(super) fn wanted_id(&self) -> Option<&str> {
        self.credentials()?.client_id.as_deref()
    }

    /// The secret that the caller chooses.
    pub(super) fn wanted_secret(&self) -> Option<&SecretText> {
        self.credentials()?.client_secret.as_ref()
    }

    /// The users and groups that may use the client.
    pub(super) fn assigned(&self) -> (Option<&[String]>, Option<&[String]>) {
        let extras = self.extras.as_ref();
        (
            extras.and_then(|extras| extras.users.as_deref()),
            extras.and_then(|extras| extras.groups.as_deref()),
        )
    }

    /// What is written.
    pub(super) fn spec(
        &self,
        before: Option<&ClientSpec>,
        assigned: Assigned,
    ) -> Result<ClientSpec, ApiError> {
        self.check_kind()?;
        let usual = ClientSpec::default();
        let known = before.unwrap_or(&usual);
        let settings = &self.settings.oauth_client;
        let extras = self.extras.clone().unwrap_or_default();
        if extras.admin.is_some_and(|admin| admin != known.admin) {
            return Err(super::admins_by_command());
        }
        let credentials = self.credentials().cloned().unwrap_or_default();
        let auth = credentials.token_endpoint_auth_method.or(before.map(|spec| spec.auth));
        let auth = auth.unwrap_or(match settings.application_type {
            ClientType::Browser | ClientType::Native => ClientAuth::None,
            ClientType::Service | ClientType::Web => ClientAuth::ClientSecretBasic,
        });
        let uris = |what, texts: &[String]| -> Result<Vec<RedirectUri>, ApiError> {
            let parse = |text: &String| {
                RedirectUri::parse(text).map_err(|why| ApiError::Invalid(what, why.to_owned()))
            };
            texts.iter().map(parse).collect()
        };
        let default_refresh = match before {
            Some(spec) => spec.refresh_token,
            None => RefreshPolicy::of(settings.application_type),
        };
        let spec = ClientSpec {
            name: self.label.clone(),
            client_type: settings.application_type,
            auth,
            jwks: settings.jwks.clone().map(|jwks| jwks.keys).unwrap_or_default(),
            jwks_uri: settings.jwks_uri.clone(),
            grant_types: settings.grant_types.clone(),
            redirect_uris: uris("redirect_uris", &settings.redirect_uris)?,
            post_logout_redirect_uris: uris(
                "post_logout_redirect_uris",
                &settings.post_logout_redirect_uris,
            )?,
            origins: extras.origins.unwrap_or_else(|| known.origins.clone()),
            pkce_required: credentials.pkce_required.unwrap_or(known.pkce_required),
            require_par: extras.require_par.unwrap_or(known.require_par),
            refresh_token: settings.refresh_token.map_or(default_refresh, |refresh| {
                RefreshPolicy {
                    rotation_type: refresh.rotation_type,
                    leeway: refresh.leeway.unwrap_or(match refresh.rotation_type {
                        RotationType::Rotate => RefreshPolicy::DEFAULT_LEEWAY,
                        RotationType::Static => 0,
                    }),
                }
            }),
            users: assigned.users.unwrap_or_else(|| known.users.clone()),
            groups: assigned.groups.unwrap_or_else(|| known.groups.clone()),
            audiences: match extras.audiences {
                None => known.audiences.clone(),
                Some(names) => audiences(&names)?,
            },
            may_act: match extras.may_act.as_deref() {
                None => known.may_act.clone(),
                Some("") => None,
                Some(id) => Some(
                    ClientId::parse(id)
                        .map_err(|why| ApiError::Invalid("_scopegate.mayAct", why.to_owned()))?,
                ),
            },
            consent: settings.consent_method.unwrap_or_default(),
            attributes: self.profile.clone().unwrap_or_default(),
            status: self.status.unwrap_or(known.status),
            ..known.clone()
        };
        self.check_response_types(&spec)?;
        Ok(spec)
    }

    fn check_kind(&self) -> Result<(), ApiError> {
        if self.name.as_deref().is_some_and(|name| name != OIDC) {
            return Err(ApiError::Unsupported("name", "write oidc_client"));
        }
        if self.sign_on_mode.as_deref().is_some_and(|mode| mode != SIGN_ON) {
            return Err(ApiError::Unsupported("signOnMode", "write OPENID_CONNECT"));
        }
        Ok(())
    }

    /// Only the response type `code` is supported. Okta's clients without a user also write `token`.
    fn check_response_types(&self, spec: &ClientSpec) -> Result<(), ApiError> {
        let written = self.settings.oauth_client.response_types.iter().flatten();
        let is_service = spec.client_type == ClientType::Service;
        let mut unsupported =
            written.filter(|name| !(*name == "code" || is_service && *name == "token"));
        match unsupported.next() {
            None => Ok(()),
            Some(_) => Err(ApiError::Unsupported("response_types", "write code")),
        }
    }
}

fn response_types(spec: &ClientSpec) -> BTreeSet<String> {
    let name = match spec.grant_types.contains("authorization_code") {
        true => "code",
        false => match spec.client_type {
            ClientType::Service => "token",
            ClientType::Browser | ClientType::Native | ClientType::Web => "code",
        },
    };
    [name.to_owned()].into()
}

fn audiences(names: &BTreeSet<String>) -> Result<BTreeSet<Audience>, ApiError> {
    let audience = |name: &String| {
        Audience::parse(name).map_err(|_| {
            ApiError::Invalid("_scopegate.audiences", format!("`{name}` is no audience"))
        })
    };
    names.iter().map(audience).collect()
}
