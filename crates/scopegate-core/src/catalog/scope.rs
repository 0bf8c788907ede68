//! Scopes.

use std::fmt;

use scopegate_claims::Scope;
use serde::{Deserialize, Serialize};

use super::check::{Field, Review};
use super::kind::SpecKind;
use super::placement::Place;
use super::{AuthorizationServer, EntityKey, EntityKind};
use crate::spelling::Quoted;

/// Whether a user is asked before a client gets a scope.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::exhaustive_enums, reason = "these are Okta's three")]
pub enum Consent {
    /// Asked for if the grant involves a user. Granted without consent otherwise.
    Flexible,
    /// Never asked for.
    #[default]
    Implicit,
    /// Always asked for. A grant without a user is refused.
    Required,
}

/// Scopes that OpenID Connect and Okta define. They are about users. No catalog may define them.
pub const RESERVED_SCOPES: [&str; 8] =
    ["address", "device_sso", "email", "groups", "offline_access", "openid", "phone", "profile"];

/// The reserved scopes that a grant with a user can issue (OpenID Connect Core §5.4, §11).
pub const STANDARD_SCOPES: [&str; 6] =
    ["address", "email", "offline_access", "openid", "phone", "profile"];

/// Maximum length of a scope's name, in characters.
const MAX_NAME: usize = 128;

/// Maximum length of a display name, in characters.
const MAX_DISPLAY_NAME: usize = 100;

/// Maximum length of a description, in characters.
const MAX_DESCRIPTION: usize = 1000;

/// A scope of a custom authorization server. Its name is the name of the entity.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeSpec {
    /// The name that users read. If it is empty, they read the description alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// What the scope allows, as shown to users.
    #[serde(default)]
    pub description: String,
    /// Whether a user is asked.
    #[serde(default)]
    pub consent: Consent,
    /// Whether a request without `scope` parameter requests this scope.
    #[serde(default)]
    pub default: bool,
    /// Whether a user may leave the scope out when they are asked for consent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Which clients find the scope in the metadata of the server.
    #[serde(default, skip_serializing_if = "MetadataPublish::is_default")]
    pub metadata_publish: MetadataPublish,
}

/// Which clients find a scope in the metadata of its server, with Okta's names.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(clippy::exhaustive_enums, reason = "these are Okta's two")]
pub enum MetadataPublish {
    /// All clients.
    AllClients,
    /// No client.
    #[default]
    NoClients,
}

impl MetadataPublish {
    fn is_default(&self) -> bool {
        *self == Self::NoClients
    }
}

impl ScopeSpec {
    /// What users read of the scope. It may be empty.
    pub fn shown(&self) -> String {
        let parts = [&*self.display_name, &*self.description];
        let parts: Vec<_> = parts.into_iter().filter(|text| !text.is_empty()).collect();
        parts.join(": ")
    }
}

impl SpecKind for ScopeSpec {
    const PLACE: Place = Place::InServer;

    fn is_name(name: &str) -> bool {
        Scope::parse(name).is_ok()
    }

    fn check(&self, review: &mut Review<'_, '_>) {
        review.report(Field::of("name"), check_name(&review.key().name));
        if !self.display_name.is_empty() {
            review.label(Field::of("display_name"), &self.display_name, MAX_DISPLAY_NAME);
        }
        review.length(Field::of("description"), &self.description, MAX_DESCRIPTION);
        if self.description.trim().is_empty() {
            let message = "the scope has no description: users who are asked for consent see only its \
                           name, write description = \"…\"";
            review.warn(Field::of("name"), format_args!("{message}"));
        }
    }

    fn find(key: &EntityKey, server: &AuthorizationServer) -> Option<Self> {
        server.scopes.get(&Scope::parse(&key.name).ok()?).cloned()
    }

    fn keys_in(server: &AuthorizationServer) -> Vec<EntityKey> {
        let key = |name: &Scope| EntityKey::of_server(EntityKind::Scope, &server.id, name.as_str());
        server.scopes.keys().map(key).collect()
    }

    fn put(self, key: &EntityKey, server: &mut AuthorizationServer) {
        if let Ok(name) = Scope::parse(&key.name) {
            server.scopes.insert(name, self);
        }
    }

    fn delete(key: &EntityKey, server: &mut AuthorizationServer) {
        if let Ok(name) = Scope::parse(&key.name) {
            server.scopes.remove(&name);
        }
    }
}

/// Why a text cannot be the name of a scope.
pub(super) enum NameProblem<'a> {
    NoToken(&'a str),
    TooLong,
    Reserved(&'a str),
    Okta(&'a str),
    Brackets(&'a str),
}

impl fmt::Display for NameProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken(name) => write!(
                f,
                "{} is no scope: write printable ASCII without space, `\"` and `\\`",
                Quoted(name)
            ),
            Self::TooLong => {
                write!(f, "the scope is too long: write at most {MAX_NAME} characters")
            }
            Self::Reserved(name) => {
                write!(f, "the scope {} is reserved: write another name", Quoted(name))
            }
            Self::Okta(name) => write!(
                f,
                "the scope {} is reserved for administration: write a name that does not begin with `okta.` or `okta:`",
                Quoted(name)
            ),
            Self::Brackets(name) => {
                write!(f, "{} is no scope: write `<` or `>`, not both", Quoted(name))
            }
        }
    }
}

/// Parses a scope that another entity mentions.
pub(crate) fn scope_token(name: &str) -> Result<Scope, impl fmt::Display> {
    Scope::parse(name).map_err(|_| NameProblem::NoToken(name))
}

pub(super) fn check_name(name: &str) -> Result<(), NameProblem<'_>> {
    if Scope::parse(name).is_err() {
        return Err(NameProblem::NoToken(name));
    }
    if name.len() > MAX_NAME {
        return Err(NameProblem::TooLong);
    }
    if name == "*" || RESERVED_SCOPES.contains(&name) {
        return Err(NameProblem::Reserved(name));
    }
    if name == "okta" || name.starts_with("okta.") || name.starts_with("okta:") {
        return Err(NameProblem::Okta(name));
    }
    if name.contains('<') && name.contains('>') {
        return Err(NameProblem::Brackets(name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_may_have_any_name_that_okta_accepts() {
        for good in [
            "read:orders",
            "https://graph.example/.default",
            "okta_x",
            "Openid",
            "a<b",
            "a>b",
            "oktas.x",
            "**",
        ] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a b",
            "é",
            "openid",
            "offline_access",
            "okta",
            "okta.x",
            "okta:x",
            "*",
            "<a>",
            "><",
            &"a".repeat(129),
        ] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn admin_scopes_are_refused() {
        for (name, _) in crate::catalog::admin_scopes::SCOPES {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
