//! The JSON of a policy.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use scopegate_core::catalog::{
    AuthorizationServer, ClientId, Clients, EntityKey, EntityKind, PolicySpec, Snapshot, Status,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Found;
use crate::http::admin::ApiError;
use crate::http::admin::entity::{self, Links, link_to_self};
use crate::http::admin::origin::Origin;
use crate::http::admin::owned::Owned;

/// The only type of policy.
const TYPE: &str = "OAUTH_AUTHORIZATION_POLICY";

/// Okta's name for all clients.
const ALL_CLIENTS: &str = "ALL_CLIENTS";

/// An access policy. Members that only an answer has are ignored in a request.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "AuthorizationServerPolicy")]
pub(super) struct PolicyBody {
    /// Always `OAUTH_AUTHORIZATION_POLICY`
    #[serde(default, rename = "type")]
    #[schemars(extend("enum" = ["OAUTH_AUTHORIZATION_POLICY", null]))]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    id: Option<String>,
    /// The name of the policy
    name: String,
    /// What it is for
    #[serde(default)]
    description: Option<String>,
    /// Its position among the policies of the server: 1 is tried first
    #[serde(default)]
    priority: Option<u32>,
    /// Whether it is in use
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = ["ACTIVE", "INACTIVE", null]))]
    status: Option<Status>,
    /// Whether it is built in
    #[serde(default)]
    #[schemars(extend("readOnly" = true))]
    system: bool,
    /// The clients that it applies to
    conditions: Conditions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    last_updated: Option<String>,
    #[serde(default, rename = "_scopegate", skip_serializing_if = "Option::is_none")]
    extras: Option<Owned>,
    #[serde(default, rename = "_links", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    links: Option<Links>,
}

/// The clients that a policy applies to.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PolicyConditions")]
struct Conditions {
    clients: Include,
}

/// Clients that are included.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientPolicyCondition")]
struct Include {
    /// Client ids, or `ALL_CLIENTS` alone
    include: Vec<String>,
}

impl PolicyBody {
    pub(super) fn of(catalog: &Snapshot, policy: &Found, server: &str, origin: &Origin) -> Self {
        let stored = entity::stored(catalog, &policy.key);
        let url = origin.url(&format!("authorizationServers/{server}/policies/{}", policy.id));
        let mut links = link_to_self(&url);
        links.insert("rules".to_owned(), json!({ "href": format!("{url}/rules") }));
        let include = match &policy.spec.clients {
            Clients::All => vec![ALL_CLIENTS.to_owned()],
            Clients::Named(ids) => ids.iter().map(ToString::to_string).collect(),
        };
        Self {
            kind: Some(TYPE.to_owned()),
            id: Some(policy.id.clone()),
            name: policy.key.name.clone(),
            description: Some(policy.spec.description.clone()),
            priority: u32::try_from(policy.position).ok(),
            status: Some(policy.spec.status),
            system: false,
            conditions: Conditions { clients: Include { include } },
            extras: Some(Owned::of(&stored)),
            created: stored.created,
            last_updated: stored.last_updated,
            links: Some(links),
        }
    }

    pub(super) fn key(&self, server: &AuthorizationServer) -> EntityKey {
        EntityKey::of_server(EntityKind::Policy, &server.id, &self.name)
    }

    pub(super) fn position(&self) -> Option<usize> {
        self.priority.map(|priority| priority as usize)
    }

    /// What is written, with this stored priority.
    pub(super) fn spec(
        &self,
        priority: u32,
        before: Option<&PolicySpec>,
    ) -> Result<PolicySpec, ApiError> {
        if self.kind.as_deref().is_some_and(|kind| kind != TYPE) {
            return Err(ApiError::Unsupported("type", "write OAUTH_AUTHORIZATION_POLICY"));
        }
        if self.priority == Some(0) {
            return Err(ApiError::Invalid("priority", "write 1 or more".to_owned()));
        }
        Ok(PolicySpec {
            priority,
            description: self.description.clone().unwrap_or_default(),
            clients: self.clients()?,
            status: self.status.or(before.map(|spec| spec.status)).unwrap_or_default(),
        })
    }

    fn clients(&self) -> Result<Clients, ApiError> {
        let include = &self.conditions.clients.include;
        let invalid = |why: String| ApiError::Invalid("conditions.clients.include", why);
        if include.iter().any(|id| id == ALL_CLIENTS) {
            return match include.len() {
                1 => Ok(Clients::All),
                _ => Err(invalid(format!("write {ALL_CLIENTS} alone, or client ids"))),
            };
        }
        let client = |id: &String| ClientId::parse(id).map_err(|why| invalid(why.to_owned()));
        let ids: BTreeSet<_> = include.iter().map(client).collect::<Result<_, _>>()?;
        match ids.is_empty() {
            true => Err(invalid(format!("write {ALL_CLIENTS}, or client ids"))),
            false => Ok(Clients::Named(ids)),
        }
    }
}
