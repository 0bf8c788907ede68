//! What a rule has and Okta does not.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use scopegate_core::catalog::{ClientAuth, Effect, Hours, RuleSpec};
use scopegate_core::expression::{Expression, Wanted};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::admin::ApiError;
use crate::http::admin::duration::DurationText;

/// What a rule has and Okta does not. A member that is not written stays as it is. An empty list or text removes
/// a condition.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "AuthorizationServerPolicyRuleExtras")]
pub(super) struct Extras {
    /// Who may change it: `api` or a catalog file
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    pub(super) owner: Option<String>,
    /// Whether it allows or denies
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("enum" = ["allow", "deny", null]))]
    effect: Option<Effect>,
    /// The networks that the request must come from
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zones: Option<BTreeSet<String>>,
    /// The networks that the request must not come from
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_zones: Option<BTreeSet<String>>,
    /// When it applies: `{"days", "from", "to", "time_zone"}`, or `{}` for always
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    hours: Option<HoursBody>,
    /// The client authentication methods that it applies to
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_auth: Option<BTreeSet<String>>,
    /// The authentication context classes of the sign-in, one of which is enough
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acr_values: Option<BTreeSet<String>>,
    /// The maximum time since the user signed in; `0s` for any
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_age: Option<DurationText>,
    /// The requested resources (RFC 8707) that it applies to
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resources: Option<BTreeSet<String>>,
    /// An expression in CEL that must be true
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    /// Whether it gives the requested scopes that are inside, instead of not matching if one is not
    #[serde(default, skip_serializing_if = "Option::is_none")]
    narrow: Option<bool>,
    /// The maximum lifetime of an access token with a scope, by the name of the scope
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope_lifetimes: Option<BTreeMap<String, DurationText>>,
    /// The lifetimes, where they are no whole minutes
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) access_token_lifetime: Option<DurationText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token_lifetime: Option<DurationText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token_window: Option<DurationText>,
}

/// Hours, or an empty object for always.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum HoursBody {
    Some(Hours),
    Always(Nothing),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl Extras {
    pub(super) fn of(spec: &RuleSpec, owner: String) -> Self {
        let set = |names: &BTreeSet<String>| (!names.is_empty()).then(|| names.clone());
        let methods = spec.client_auth.iter().map(|method| method.as_str().to_owned());
        let caps = spec.scope_lifetimes.iter();
        let caps = caps.map(|(scope, cap)| (scope.clone(), DurationText(*cap)));
        Self {
            owner: Some(owner),
            effect: Some(spec.effect),
            zones: set(&spec.zones),
            not_zones: set(&spec.not_zones),
            hours: spec.hours.clone().map(HoursBody::Some),
            client_auth: set(&methods.collect()),
            acr_values: set(&spec.acr_values),
            max_age: spec.max_age.map(DurationText),
            resources: set(&spec.resources),
            when: spec.when.as_ref().map(|when| when.text().to_owned()),
            narrow: Some(spec.narrow),
            scope_lifetimes: (!spec.scope_lifetimes.is_empty()).then(|| caps.collect()),
            access_token_lifetime: Some(DurationText(spec.access_token_lifetime)),
            refresh_token_lifetime: spec.refresh_token_lifetime.map(DurationText),
            refresh_token_window: Some(DurationText(spec.refresh_token_window)),
        }
    }

    /// Puts what is written in place of what a rule has.
    pub(super) fn write(&self, spec: RuleSpec) -> Result<RuleSpec, ApiError> {
        let set = |written: &Option<BTreeSet<String>>, before| written.clone().unwrap_or(before);
        Ok(RuleSpec {
            effect: self.effect.unwrap_or(spec.effect),
            zones: set(&self.zones, spec.zones),
            not_zones: set(&self.not_zones, spec.not_zones),
            hours: match &self.hours {
                None => spec.hours,
                Some(HoursBody::Always(Nothing {})) => None,
                Some(HoursBody::Some(hours)) => Some(hours.clone()),
            },
            client_auth: match &self.client_auth {
                None => spec.client_auth,
                Some(names) => methods(names)?,
            },
            acr_values: set(&self.acr_values, spec.acr_values),
            max_age: match self.max_age {
                None => spec.max_age,
                Some(DurationText(age)) => (!age.is_zero()).then_some(age),
            },
            resources: set(&self.resources, spec.resources),
            when: match self.when.as_deref() {
                None => spec.when,
                Some("") => None,
                Some(text) => Some(
                    Expression::parse(text, Wanted::Boolean)
                        .map_err(|error| ApiError::Invalid("_scopegate.when", error.to_string()))?,
                ),
            },
            narrow: self.narrow.unwrap_or(spec.narrow),
            scope_lifetimes: match &self.scope_lifetimes {
                None => spec.scope_lifetimes,
                Some(caps) => caps.iter().map(|(scope, cap)| (scope.clone(), cap.0)).collect(),
            },
            ..spec
        })
    }
}

fn methods(names: &BTreeSet<String>) -> Result<BTreeSet<ClientAuth>, ApiError> {
    let known = |name: &String| {
        let found = ClientAuth::ALL.iter().find(|method| method.as_str() == name).copied();
        found.ok_or_else(|| {
            ApiError::Invalid("_scopegate.clientAuth", format!("unknown method `{name}`"))
        })
    };
    names.iter().map(known).collect()
}
