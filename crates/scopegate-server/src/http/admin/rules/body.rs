//! The JSON of a rule.

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use scopegate_claims::ScopeSet;
use scopegate_core::catalog::{RuleSpec, Scopes, Snapshot, Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Found;
use super::extras::Extras;
use super::people::{People, ShownPeople};
use crate::http::admin::ApiError;
use crate::http::admin::duration::DurationText;
use crate::http::admin::entity::{self, Links, link_to_self};
use crate::http::admin::origin::Origin;

/// The only type of rule.
const TYPE: &str = "RESOURCE_ACCESS";

/// The grant type without a user.
const WITHOUT_USER: &str = "client_credentials";

/// A rule of a policy. Members that only an answer has are ignored in a request.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "AuthorizationServerPolicyRule")]
pub(super) struct RuleBody {
    /// Always `RESOURCE_ACCESS`
    #[serde(default, rename = "type")]
    #[schemars(extend("enum" = ["RESOURCE_ACCESS", null]))]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    id: Option<String>,
    /// The name of the rule
    name: String,
    /// Its position among the rules of the policy: 1 is tried first
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
    conditions: Conditions,
    #[serde(default)]
    actions: Option<Actions>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    last_updated: Option<String>,
    #[serde(default, rename = "_scopegate", skip_serializing_if = "Option::is_none")]
    extras: Option<Extras>,
    #[serde(default, rename = "_links", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    links: Option<Links>,
}

/// When a rule applies.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "AuthorizationServerPolicyRuleConditions")]
struct Conditions {
    #[serde(default)]
    people: ShownPeople,
    grant_types: Include,
    scopes: Include,
}

/// Names that are included.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
struct Include {
    include: Vec<String>,
}

/// What a rule does.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AuthorizationServerPolicyRuleActions")]
struct Actions {
    #[serde(default)]
    token: Option<TokenActions>,
}

/// The lifetimes of the tokens of a rule.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "TokenAuthorizationServerPolicyRuleAction")]
struct TokenActions {
    /// 5 to 1440
    #[serde(default)]
    access_token_lifetime_minutes: Option<u64>,
    /// 0: no limit
    #[serde(default)]
    refresh_token_lifetime_minutes: Option<u64>,
    /// 10 to 2628000
    #[serde(default)]
    refresh_token_window_minutes: Option<u64>,
    /// Token hooks are not served yet
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inline_hook: Option<Value>,
}

impl RuleBody {
    pub(super) fn of(
        catalog: &Snapshot,
        rule: &Found,
        people: ShownPeople,
        (server, policy): (&str, &str),
        origin: &Origin,
    ) -> Self {
        let stored = entity::stored(catalog, &rule.key);
        let (path, spec) = (format!("authorizationServers/{server}/policies/{policy}"), &rule.spec);
        let url = origin.url(&format!("{path}/rules/{}", rule.id));
        let scopes = match &spec.scopes {
            Scopes::Any => vec!["*".to_owned()],
            Scopes::Named(scopes) => scopes.iter().map(str::to_owned).collect(),
        };
        let token = TokenActions {
            access_token_lifetime_minutes: Some(minutes(spec.access_token_lifetime)),
            refresh_token_lifetime_minutes: Some(spec.refresh_token_lifetime.map_or(0, minutes)),
            refresh_token_window_minutes: Some(minutes(spec.refresh_token_window)),
            inline_hook: None,
        };
        Self {
            kind: Some(TYPE.to_owned()),
            id: Some(rule.id.clone()),
            name: rule.key.name.clone(),
            priority: u32::try_from(rule.position).ok(),
            status: Some(spec.status),
            system: false,
            conditions: Conditions {
                people,
                grant_types: Include { include: spec.grant_types.iter().cloned().collect() },
                scopes: Include { include: scopes },
            },
            actions: Some(Actions { token: Some(token) }),
            extras: Some(Extras::of(spec, stored.owner)),
            created: stored.created,
            last_updated: stored.last_updated,
            links: Some(link_to_self(&url)),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn position(&self) -> Option<usize> {
        self.priority.map(|priority| priority as usize)
    }

    pub(super) fn people(&self) -> &ShownPeople {
        &self.conditions.people
    }

    /// Tells whether a grant type of the rule is for a user.
    pub(super) fn is_for_users(&self) -> bool {
        self.conditions.grant_types.include.iter().any(|name| name != WITHOUT_USER)
    }

    /// What is written, with this stored priority.
    pub(super) fn spec(
        &self,
        priority: u32,
        people: &People,
        before: Option<&RuleSpec>,
    ) -> Result<RuleSpec, ApiError> {
        if self.kind.as_deref().is_some_and(|kind| kind != TYPE) {
            return Err(ApiError::Unsupported("type", "write RESOURCE_ACCESS"));
        }
        if self.priority == Some(0) {
            return Err(ApiError::Invalid("priority", "write 1 or more".to_owned()));
        }
        let token = self.actions.clone().unwrap_or_default().token.unwrap_or_default();
        if token.inline_hook.as_ref().is_some_and(|hook| !hook["id"].is_null()) {
            let why = "token hooks are not part of the management API yet";
            return Err(ApiError::Unsupported("actions.token.inlineHook", why));
        }
        let extras = self.extras.clone().unwrap_or_default();
        let usual = RuleSpec::default();
        let spec = RuleSpec {
            priority,
            grant_types: self.conditions.grant_types.include.iter().cloned().collect(),
            scopes: self.scopes()?,
            users: people.users.clone(),
            groups: people.groups.clone(),
            access_token_lifetime: lifetime(
                token.access_token_lifetime_minutes,
                extras.access_token_lifetime,
                before.map(|spec| spec.access_token_lifetime),
            )
            .unwrap_or(usual.access_token_lifetime),
            refresh_token_lifetime: lifetime(
                token.refresh_token_lifetime_minutes,
                extras.refresh_token_lifetime,
                before.and_then(|spec| spec.refresh_token_lifetime),
            )
            .filter(|lifetime| !lifetime.is_zero()),
            refresh_token_window: lifetime(
                token.refresh_token_window_minutes,
                extras.refresh_token_window,
                before.map(|spec| spec.refresh_token_window),
            )
            .unwrap_or(usual.refresh_token_window),
            status: self.status.or(before.map(|spec| spec.status)).unwrap_or_default(),
            ..before.cloned().unwrap_or_default()
        };
        extras.write(spec)
    }

    fn scopes(&self) -> Result<Scopes, ApiError> {
        let include = &self.conditions.scopes.include;
        let invalid = |why: &str| ApiError::Invalid("conditions.scopes.include", why.to_owned());
        if include.iter().any(|name| name == "*") {
            return match include.len() {
                1 => Ok(Scopes::Any),
                _ => Err(invalid("write * alone, or names of scopes")),
            };
        }
        let names: BTreeSet<&str> = include.iter().map(String::as_str).collect();
        let scopes = ScopeSet::from_tokens(names);
        scopes.map(Scopes::Named).map_err(|_| invalid("write names of scopes"))
    }
}

/// The minutes of a lifetime, rounded up.
fn minutes(lifetime: Duration) -> u64 {
    lifetime.as_secs().div_ceil(60)
}

/// The lifetime that is written: the minutes, unless the exact one is the same in minutes.
///
/// Without either it stays as it is.
fn lifetime(
    written: Option<u64>,
    exact: Option<DurationText>,
    before: Option<Duration>,
) -> Option<Duration> {
    match (written, exact) {
        (Some(written), Some(DurationText(exact))) if minutes(exact) == written => Some(exact),
        (Some(written), _) => match before.filter(|before| minutes(*before) == written) {
            Some(before) => Some(before),
            None => Some(Duration::from_secs(written.saturating_mul(60))),
        },
        (None, Some(DurationText(exact))) => Some(exact),
        (None, None) => before,
    }
}
