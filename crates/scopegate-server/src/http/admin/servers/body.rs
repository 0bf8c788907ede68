//! The JSON of an authorization server.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use scopegate_claims::{Audience, Dialect};
use scopegate_core::catalog::{
    AudienceSpec, AuthorizationServer, KeyRotation, KeySchedule, ServerSpec, Status,
};
use scopegate_core::keys::ListedKey;
use scopegate_core::store::KeyPhase;
use scopegate_jose::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::http::admin::ApiError;
use crate::http::admin::duration::DurationText;
use crate::http::admin::entity::{Links, Stored, link_to_self, time_text};
use crate::http::admin::origin::Origin;

/// An authorization server. Members that only an answer has are ignored in a request.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "AuthorizationServer")]
pub(in crate::http::admin) struct ServerBody {
    /// The last part of the issuer's path
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    id: Option<String>,
    /// The display name
    name: String,
    /// What it is for
    #[serde(default)]
    description: Option<String>,
    /// The audiences of its access tokens. The first one is the default
    audiences: Vec<String>,
    /// The issuer
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    issuer: Option<String>,
    /// Always `ORG_URL`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["ORG_URL", null]))]
    issuer_mode: Option<String>,
    /// Whether it is in use
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("enum" = ["ACTIVE", "INACTIVE", null]))]
    status: Option<Status>,
    /// Its signing keys
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credentials: Option<Credentials>,
    /// The URL of its public keys
    #[serde(default, rename = "jwks_uri", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    jwks_uri: Option<String>,
    /// Whether it was there from the start
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    default: Option<bool>,
    /// When it was created
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    created: Option<String>,
    /// When it was last changed
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    last_updated: Option<String>,
    /// What Okta does not have. What is not written stays as it is
    #[serde(default, rename = "_scopegate", skip_serializing_if = "Option::is_none")]
    extras: Option<Extras>,
    #[serde(default, rename = "_links", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    links: Option<Links>,
}

/// The signing keys of a server.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AuthorizationServerCredentials")]
struct Credentials {
    #[serde(default)]
    signing: Option<Signing>,
}

/// When the signing keys change.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "AuthorizationServerCredentialsSigningConfig")]
struct Signing {
    /// Whether new keys come by themselves
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotation_mode: Option<RotationMode>,
    /// When the signing key began to sign
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    last_rotated: Option<String>,
    /// When the next key begins to sign
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    next_rotation: Option<String>,
    /// The id of the key that signs
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    kid: Option<String>,
    /// Always `sig`
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    usage: Option<String>,
}

/// Whether new keys come by themselves.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum RotationMode {
    Auto,
    Manual,
}

/// What this server has and Okta does not.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "AuthorizationServerExtras")]
struct Extras {
    /// The id of a server that is created
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Who may change it: `api` or a catalog file
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    owner: Option<String>,
    /// The format of its access tokens
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("enum" = ["both", "okta", "rfc9068", null]))]
    dialect: Option<Dialect>,
    /// The algorithms that it has keys for. The first one signs
    #[serde(default, skip_serializing_if = "Option::is_none")]
    algorithms: Option<Vec<String>>,
    /// The URLs that select an audience (RFC 8707), by the name of the audience
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resources: Option<BTreeMap<String, Vec<String>>>,
    /// How long a key signs
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_lifetime: Option<DurationText>,
    /// How long a key is published before it signs
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_announcement: Option<DurationText>,
}

impl ServerBody {
    /// What the API shows of a server.
    pub(super) fn of(
        server: &AuthorizationServer,
        stored: &Stored,
        keys: &[ListedKey],
        origin: &Origin,
    ) -> Self {
        let (id, spec) = (server.id.to_string(), &server.spec);
        let with_resources = |audience: &&AudienceSpec| !audience.resources.is_empty();
        let resources = spec.audiences.iter().filter(with_resources);
        let resources =
            resources.map(|audience| (audience.name.to_string(), audience.resources.clone()));
        let extras = Extras {
            id: None,
            owner: Some(stored.owner.clone()),
            dialect: Some(spec.dialect),
            algorithms: Some(spec.algorithms.iter().map(|one| one.name().to_owned()).collect()),
            resources: Some(resources.collect()),
            key_lifetime: Some(DurationText(spec.keys.every)),
            key_announcement: spec.keys.announce.map(DurationText),
        };
        let url = origin.url(&format!("authorizationServers/{id}"));
        let below = |name: &str| json!({ "href": format!("{url}/{name}") });
        let mut links = link_to_self(&url);
        links.extend(["scopes", "claims", "policies"].map(|name| (name.to_owned(), below(name))));
        links.insert("rotateKey".to_owned(), below("credentials/lifecycle/keyRotate"));
        Self {
            id: Some(id),
            name: spec.name.clone(),
            description: Some(spec.description.clone()),
            audiences: spec.audiences.iter().map(|audience| audience.name.to_string()).collect(),
            issuer: Some(server.issuer.to_string()),
            issuer_mode: Some("ORG_URL".to_owned()),
            status: Some(spec.status),
            credentials: Some(Credentials { signing: Some(Signing::of(spec, keys)) }),
            jwks_uri: Some(server.endpoint("keys")),
            default: Some(server.id.is_default()),
            created: stored.created.clone(),
            last_updated: stored.last_updated.clone(),
            extras: Some(extras),
            links: Some(links),
        }
    }

    /// The id that the caller chooses for a new server.
    pub(super) fn wanted_id(&self) -> Option<&str> {
        self.extras.as_ref()?.id.as_deref()
    }

    /// What is written. What Okta does not have stays as it is `before`, unless the body says otherwise.
    pub(super) fn spec(&self, before: Option<&ServerSpec>) -> Result<ServerSpec, ApiError> {
        if self.issuer_mode.as_deref().is_some_and(|mode| mode != "ORG_URL") {
            let why = "the issuer is always below the base URL: write ORG_URL";
            return Err(ApiError::Unsupported("issuerMode", why));
        }
        let extras = self.extras.as_ref();
        let algorithms = match extras.and_then(|extras| extras.algorithms.as_ref()) {
            Some(names) => algorithms(names)?,
            None => before.map_or_else(|| vec![Algorithm::Rs256], |spec| spec.algorithms.clone()),
        };
        Ok(ServerSpec {
            name: self.name.clone(),
            description: self.description.clone().unwrap_or_default(),
            audiences: self.audiences(before)?,
            dialect: extras
                .and_then(|extras| extras.dialect)
                .or(before.map(|spec| spec.dialect))
                .unwrap_or_default(),
            algorithms,
            trusted_servers: before.map_or_else(BTreeSet::new, |spec| spec.trusted_servers.clone()),
            keys: self.keys(before.map(|spec| spec.keys).unwrap_or_default()),
            status: self.status.or(before.map(|spec| spec.status)).unwrap_or_default(),
        })
    }

    fn audiences(&self, before: Option<&ServerSpec>) -> Result<Vec<AudienceSpec>, ApiError> {
        let written = self.extras.as_ref().and_then(|extras| extras.resources.as_ref());
        let unknown = written.into_iter().flat_map(BTreeMap::keys);
        let mut unknown = unknown.filter(|name| !self.audiences.contains(name));
        if let Some(name) = unknown.next() {
            let why = format!("`{name}` is no audience of the server");
            return Err(ApiError::Invalid("_scopegate.resources", why));
        }
        let known = |name: &str| {
            let audiences = before.into_iter().flat_map(|spec| &spec.audiences);
            let mut known = audiences.filter(|audience| audience.name.as_str() == name);
            known.next().map(|audience| audience.resources.clone())
        };
        let audience = |name: &String| {
            let parsed = Audience::parse(name).map_err(|_| {
                ApiError::Invalid("audiences", "write a text such as \"api://orders\"".to_owned())
            })?;
            let resources = match written {
                Some(written) => written.get(name).cloned(),
                None => known(name),
            };
            Ok(AudienceSpec { name: parsed, resources: resources.unwrap_or_default() })
        };
        self.audiences.iter().map(audience).collect()
    }

    fn keys(&self, before: KeySchedule) -> KeySchedule {
        let signing = self.credentials.as_ref().and_then(|keys| keys.signing.as_ref());
        let extras = self.extras.as_ref();
        let rotation = signing.and_then(|signing| signing.rotation_mode).map(|mode| match mode {
            RotationMode::Auto => KeyRotation::Auto,
            RotationMode::Manual => KeyRotation::Manual,
        });
        let announce = extras.and_then(|extras| extras.key_announcement);
        let every = extras.and_then(|extras| extras.key_lifetime);
        KeySchedule {
            rotation: rotation.unwrap_or(before.rotation),
            every: every.map_or(before.every, |every| every.0),
            announce: announce.map(|announce| announce.0).or(before.announce),
        }
    }
}

impl Signing {
    fn of(spec: &ServerSpec, keys: &[ListedKey]) -> Self {
        let first = spec.algorithms.first();
        let signing =
            keys.iter().find(|key| key.phase == KeyPhase::Signing && Some(&key.algorithm) == first);
        let (rotation_mode, is_auto) = match spec.keys.rotation {
            KeyRotation::Auto => (RotationMode::Auto, true),
            KeyRotation::Manual => (RotationMode::Manual, false),
        };
        Self {
            rotation_mode: Some(rotation_mode),
            last_rotated: signing.and_then(|key| key.signs_from).map(time_text),
            next_rotation: signing
                .and_then(|key| key.retires_at)
                .filter(|_| is_auto)
                .map(time_text),
            kid: signing.map(|key| key.kid.clone()),
            usage: Some("sig".to_owned()),
        }
    }
}

fn algorithms(names: &[String]) -> Result<Vec<Algorithm>, ApiError> {
    let known = |name: &String| {
        let found = Algorithm::SIGNING.iter().find(|algorithm| algorithm.name() == name);
        found.copied().ok_or_else(|| {
            let known: Vec<_> = Algorithm::SIGNING.iter().map(|one| one.name()).collect();
            ApiError::Invalid("_scopegate.algorithms", format!("write {}", known.join(", ")))
        })
    };
    names.iter().map(known).collect()
}
