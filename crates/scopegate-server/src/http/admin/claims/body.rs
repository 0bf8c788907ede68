//! The JSON of a claim.

use schemars::JsonSchema;
use scopegate_claims::Scope;
use scopegate_core::catalog::{
    ClaimExpression, ClaimSource, ClaimSpec, GroupFilter, GroupMatch, OnError, Status, TokenKind,
};
use scopegate_core::expression::{Expression, Pattern, Wanted};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::admin::ApiError;
use crate::http::admin::entity::{Links, Stored, link_to_self};
use crate::http::admin::origin::Origin;

/// A claim. Members that only an answer has are ignored in a request.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "OAuth2Claim")]
pub(super) struct ClaimBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    id: Option<String>,
    /// The name of the claim
    name: String,
    /// Whether it is in use
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = ["ACTIVE", "INACTIVE", null]))]
    status: Option<Status>,
    /// The token that it is in
    claim_type: ClaimType,
    /// Where its value comes from
    value_type: ValueType,
    /// An expression in CEL, or the text that the names of groups are compared with
    #[serde(default)]
    value: Option<String>,
    /// How the names of groups are compared
    #[serde(default, rename = "group_filter_type", skip_serializing_if = "Option::is_none")]
    group_filter_type: Option<FilterType>,
    /// Always true
    #[serde(default)]
    always_include_in_token: Option<bool>,
    #[serde(default)]
    conditions: Option<Conditions>,
    /// Whether it is built in
    #[serde(default)]
    #[schemars(extend("readOnly" = true))]
    system: bool,
    /// What Okta does not have. What is not written stays as it is
    #[serde(default, rename = "_scopegate", skip_serializing_if = "Option::is_none")]
    extras: Option<Extras>,
    #[serde(default, rename = "_links", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    links: Option<Links>,
}

/// The token that a claim is in.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum ClaimType {
    /// The access token
    Resource,
    /// The ID token
    Identity,
}

/// Where the value of a claim comes from.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum ValueType {
    Expression,
    Groups,
    System,
}

/// How the names of groups are compared.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum FilterType {
    Contains,
    Equals,
    Regex,
    StartsWith,
}

/// When a claim is in a token.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OAuth2ClaimConditions")]
struct Conditions {
    /// Only with one of these scopes. None: always
    #[serde(default)]
    scopes: Vec<String>,
}

/// What this server has and Okta does not.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "OAuth2ClaimExtras")]
struct Extras {
    /// Who may change it: `api` or a catalog file
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    owner: Option<String>,
    /// What happens if the expression fails
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("enum" = ["omit", "refuse", null]))]
    on_error: Option<OnError>,
    /// An attribute instead of an expression: `user.NAME` or `client.attributes.NAME`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// A value that is the same in all tokens, instead of an expression
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constant: Option<Value>,
}

impl ClaimBody {
    pub(super) fn of(
        name: &str,
        spec: &ClaimSpec,
        stored: Stored,
        server: &str,
        origin: &Origin,
    ) -> Self {
        let url = origin.url(&format!("authorizationServers/{server}/claims/{}", stored.id));
        let (value_type, group_filter_type, value) = shown(&spec.value);
        let mut extras = Extras { owner: Some(stored.owner), ..Extras::default() };
        match &spec.value {
            ClaimSource::Expression(expression) => extras.on_error = Some(expression.on_error),
            ClaimSource::Constant(constant) => extras.constant = Some(constant.clone()),
            ClaimSource::ClientAttribute(_) | ClaimSource::UserAttribute(_) => {
                extras.attribute = attribute(&spec.value);
            }
            _ => {}
        }
        let scopes = spec.scopes.iter().map(ToString::to_string).collect();
        Self {
            id: Some(stored.id),
            name: name.to_owned(),
            status: Some(spec.status),
            claim_type: match spec.token {
                TokenKind::Id => ClaimType::Identity,
                _ => ClaimType::Resource,
            },
            value_type,
            value: Some(value),
            group_filter_type,
            always_include_in_token: Some(true),
            conditions: Some(Conditions { scopes }),
            system: false,
            extras: Some(extras),
            links: Some(link_to_self(&url)),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn token(&self) -> TokenKind {
        match self.claim_type {
            ClaimType::Resource => TokenKind::Access,
            ClaimType::Identity => TokenKind::Id,
        }
    }

    /// What is written.
    pub(super) fn spec(&self, before: Option<&ClaimSpec>) -> Result<ClaimSpec, ApiError> {
        if self.token() == TokenKind::Id && self.always_include_in_token == Some(false) {
            let why = "a claim is in each ID token: write true";
            return Err(ApiError::Unsupported("alwaysIncludeInToken", why));
        }
        let scopes = self.conditions.clone().unwrap_or_default().scopes;
        let scope = |name: &String| {
            let why = || format!("`{name}` is no scope");
            Scope::parse(name).map_err(|_| ApiError::Invalid("conditions.scopes", why()))
        };
        Ok(ClaimSpec {
            token: self.token(),
            value: self.source(before)?,
            scopes: scopes.iter().map(scope).collect::<Result<_, _>>()?,
            status: self.status.or(before.map(|spec| spec.status)).unwrap_or_default(),
        })
    }

    fn source(&self, before: Option<&ClaimSpec>) -> Result<ClaimSource, ApiError> {
        let text = self.value.as_deref();
        match self.value_type {
            ValueType::System => {
                let why =
                    "the claims of the standards are always there: write EXPRESSION or GROUPS";
                Err(ApiError::Unsupported("valueType", why))
            }
            ValueType::Groups => {
                let needed = |what| ApiError::Invalid(what, "GROUPS needs it".to_owned());
                let filter = self.group_filter_type.ok_or_else(|| needed("group_filter_type"))?;
                groups(filter, text.ok_or_else(|| needed("value"))?)
            }
            ValueType::Expression => self.expression(text, before),
        }
    }

    /// An expression, or what it stands for: a constant or an attribute, whose text nobody has changed.
    fn expression(
        &self,
        text: Option<&str>,
        before: Option<&ClaimSpec>,
    ) -> Result<ClaimSource, ApiError> {
        let extras = self.extras.clone().unwrap_or_default();
        let written = match (extras.attribute, extras.constant) {
            (Some(_), Some(_)) => {
                let why = "write an attribute or a constant";
                return Err(ApiError::Invalid("_scopegate", why.to_owned()));
            }
            (Some(path), None) => {
                let parsed = ClaimSource::of_attribute(&path);
                Some(parsed.map_err(|why| ApiError::Invalid("_scopegate.attribute", why))?)
            }
            (None, Some(constant)) => Some(ClaimSource::Constant(constant)),
            (None, None) => None,
        };
        let is_unchanged = |source: &ClaimSource| text.is_none_or(|text| shown(source).2 == text);
        if let Some(source) = written.filter(is_unchanged) {
            return Ok(source);
        }
        let kept = before.map(|spec| &spec.value).filter(|source| {
            !matches!(source, ClaimSource::Expression(_)) && text.is_some() && is_unchanged(source)
        });
        if let Some(source) = kept.filter(|source| matches!(shown(source).0, ValueType::Expression))
        {
            return Ok(source.clone());
        }
        let text =
            text.ok_or_else(|| ApiError::Invalid("value", "EXPRESSION needs it".to_owned()))?;
        let parsed = Expression::parse(text, Wanted::Value);
        let text = parsed.map_err(|error| ApiError::Invalid("value", error.to_string()))?;
        let known = before.and_then(|spec| match &spec.value {
            ClaimSource::Expression(expression) => Some(expression.on_error),
            _ => None,
        });
        let on_error = extras.on_error.or(known).unwrap_or_default();
        Ok(ClaimSource::Expression(ClaimExpression { text, on_error }))
    }
}

fn groups(filter: FilterType, text: &str) -> Result<ClaimSource, ApiError> {
    let kind = match filter {
        FilterType::Contains => GroupMatch::Contains,
        FilterType::Equals => GroupMatch::Equals,
        FilterType::StartsWith => GroupMatch::StartsWith,
        FilterType::Regex => {
            let parsed = Pattern::parse(text);
            let why = |error: String| ApiError::Invalid("value", error);
            return parsed.map(ClaimSource::MatchingGroups).map_err(|error| why(error.to_string()));
        }
    };
    Ok(ClaimSource::Groups(GroupFilter { kind, value: text.to_owned() }))
}

/// How Okta names the source of a claim, and its text.
fn shown(source: &ClaimSource) -> (ValueType, Option<FilterType>, String) {
    match source {
        ClaimSource::Groups(filter) => {
            let kind = match filter.kind {
                GroupMatch::Contains => FilterType::Contains,
                GroupMatch::Equals => FilterType::Equals,
                GroupMatch::StartsWith => FilterType::StartsWith,
            };
            (ValueType::Groups, Some(kind), filter.value.clone())
        }
        ClaimSource::MatchingGroups(pattern) => {
            (ValueType::Groups, Some(FilterType::Regex), pattern.as_str().to_owned())
        }
        ClaimSource::Constant(constant) => (ValueType::Expression, None, constant.to_string()),
        ClaimSource::Expression(expression) => {
            (ValueType::Expression, None, expression.text.text().to_owned())
        }
        ClaimSource::UserAttribute(name) if !matches!(name.as_str(), "id" | "login") => {
            (ValueType::Expression, None, format!("user.profile.{name}"))
        }
        other => (ValueType::Expression, None, attribute(other).unwrap_or_default()),
    }
}

/// The path of an attribute.
fn attribute(source: &ClaimSource) -> Option<String> {
    match source {
        ClaimSource::ClientAttribute(name) => Some(format!("client.attributes.{name}")),
        ClaimSource::UserAttribute(name) => Some(format!("user.{name}")),
        _ => None,
    }
}
