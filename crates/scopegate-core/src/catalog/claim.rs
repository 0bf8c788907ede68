//! Custom claims.

mod rules;

use std::fmt;

use scopegate_claims::Scope;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use self::rules::check_attributes;
use super::check::Review;
use super::kind::SpecKind;
use super::placement::Place;
use super::{AuthorizationServer, EntityKey, Status};
use crate::expression::{Expression, Pattern};

/// A claim of a custom authorization server. Its name is the name of the entity.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimSpec {
    /// The kind of token that contains the claim.
    pub token: TokenKind,
    /// Where its value comes from.
    pub value: ClaimSource,
    /// The claim is only written if one of these scopes is granted. If there are none, it is always
    /// written.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Status::is_active")]
    pub status: Status,
}

impl SpecKind for ClaimSpec {
    const PLACE: Place = Place::InServer;

    /// If an access token claim has the same name, the parent of the ID token claim is `server/id`.
    fn is_parent(parent: &str) -> bool {
        !parent.is_empty() && !parent.strip_suffix("/id").unwrap_or(parent).contains('/')
    }

    const MAX_PER_SERVER: Option<usize> = Some(100);

    fn check(&self, review: &mut Review<'_, '_>) {
        self.rules(review);
    }

    fn find(key: &EntityKey, server: &AuthorizationServer) -> Option<Self> {
        server.claims.get(key).cloned()
    }

    fn keys_in(server: &AuthorizationServer) -> Vec<EntityKey> {
        server.claims.keys().cloned().collect()
    }

    fn put(self, key: &EntityKey, server: &mut AuthorizationServer) {
        server.claims.insert(key.clone(), self);
    }

    fn delete(key: &EntityKey, server: &mut AuthorizationServer) {
        server.claims.remove(key);
    }
}

/// The kind of token that contains a claim.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TokenKind {
    /// Access tokens.
    Access,
    /// ID tokens.
    Id,
}

/// Where the value of a claim comes from.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ClaimSource {
    /// An attribute of the client. The claim is left out if the client does not have it.
    ClientAttribute(String),
    /// The same value in each token.
    Constant(Value),
    /// The value of an expression. The claim is left out if the value is null.
    Expression(ClaimExpression),
    /// The user's groups that match. The claim is left out if the token has no user.
    Groups(GroupFilter),
    /// The user's groups whose name a regular expression matches. The claim is left out if the token has no user.
    #[serde(rename = "matching_groups")]
    MatchingGroups(Pattern),
    /// An attribute of the user's profile, `login` or `id`. The claim is left out if there is none.
    UserAttribute(String),
}

/// An expression that computes a claim.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimExpression {
    /// The expression.
    pub text: Expression,
    /// What happens if the evaluation fails.
    #[serde(default)]
    pub on_error: OnError,
}

/// What happens if the expression of a claim fails.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "a token is issued or not")]
pub enum OnError {
    /// The token is issued without the claim.
    #[default]
    Omit,
    /// No token is issued.
    Refuse,
}

/// For people: "expression: user.profile.department".
impl fmt::Display for ClaimSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientAttribute(name) => write!(f, "attribute: client.attributes.{name}"),
            Self::Constant(_) => f.write_str("constant"),
            Self::Expression(expression) => write!(f, "expression: {}", expression.text),
            Self::Groups(GroupFilter { kind, value }) => match kind {
                GroupMatch::Contains => write!(f, "groups containing {value:?}"),
                GroupMatch::Equals => write!(f, "groups equal to {value:?}"),
                GroupMatch::StartsWith => write!(f, "groups starting with {value:?}"),
            },
            Self::MatchingGroups(pattern) => write!(f, "groups matching {:?}", pattern.as_str()),
            Self::UserAttribute(name) => write!(f, "attribute: user.{name}"),
        }
    }
}

/// Which of a user's groups are in the claim.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GroupFilter {
    /// How the name of a group is compared.
    pub kind: GroupMatch,
    /// The text that it is compared with.
    pub value: String,
}

/// How the name of a group is compared (Okta's `group_filter_type`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "these are Okta's, except `REGEX`, which is `MatchingGroups`"
)]
pub enum GroupMatch {
    /// The name contains the text.
    Contains,
    /// The name equals the text.
    Equals,
    /// The name begins with the text.
    StartsWith,
}

impl GroupMatch {
    /// All variants.
    pub(crate) const ALL: [Self; 3] = [Self::StartsWith, Self::Equals, Self::Contains];

    /// The name in a catalog file.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::Equals => "equals",
            Self::StartsWith => "starts_with",
        }
    }
}

impl GroupFilter {
    /// Tells whether a group is in the claim.
    pub fn admits(&self, group: &str) -> bool {
        match self.kind {
            GroupMatch::Contains => group.contains(&self.value),
            GroupMatch::Equals => group == self.value,
            GroupMatch::StartsWith => group.starts_with(&self.value),
        }
    }
}

/// Tells whether a claim name is reserved in a kind of token. No catalog and no hook may set such a claim.
///
/// Reserved are the claims that this server writes or will write, Okta's reserved names, and the claims by
/// which a verifier distinguishes kinds of tokens.
pub fn is_reserved(token: TokenKind, name: &str) -> bool {
    let in_id_tokens = || {
        RESERVED_IN_ID_TOKENS.contains(&name)
            || OKTAS_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    RESERVED_CLAIMS.contains(&name) || (token == TokenKind::Id && in_id_tokens())
}

/// The reserved names of each kind of token, in alphabetical order.
const RESERVED_CLAIMS: [&str; 39] = [
    "acr",
    "act",
    "amr",
    "as_uri",
    "at_hash",
    "aud",
    "auth_time",
    "c_hash",
    "cid",
    "client_id",
    "cnf",
    "events",
    "exp",
    "groups",
    "iat",
    "idp",
    "iss",
    "jti",
    "may_act",
    "nbf",
    "nonce",
    "okta_as_uri",
    "orig",
    "permissions",
    "rpt",
    "rsi",
    "s_hash",
    "scope",
    "scp",
    "sid",
    "status",
    "sub",
    "token_type",
    "token_use",
    "typ",
    "uid",
    "userinfo_claims",
    "username",
    "ver",
];

/// Okta's further reserved names in ID tokens, and `azp`, by which a client refuses tokens that were
/// issued to another client.
const RESERVED_IN_ID_TOKENS: [&str; 12] = [
    "active", "aid", "app_id", "azp", "did", "group", "purpose", "rid", "role", "scopes", "term",
    "user_ip",
];

/// The prefixes of further names that Okta reserves in ID tokens.
const OKTAS_PREFIXES: [&str; 3] = ["device_", "okta_", "pwd_exp_"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_that_the_server_sets_are_reserved() {
        assert!(RESERVED_CLAIMS.is_sorted());
        for name in RESERVED_CLAIMS {
            assert!(is_reserved(TokenKind::Access, name) && is_reserved(TokenKind::Id, name));
        }
        for name in
            RESERVED_IN_ID_TOKENS.into_iter().chain(["device_name", "okta_x", "pwd_exp_days"])
        {
            assert!(is_reserved(TokenKind::Id, name), "{name}");
            assert!(!is_reserved(TokenKind::Access, name), "{name}");
        }
        for name in ["roles", "tenant", "email", "okta", "Sub"] {
            assert!(!is_reserved(TokenKind::Id, name), "{name}");
        }
    }
}
