//! A custom claim as it is written.

mod rules;

use scopegate_claims::Scope;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use self::rules::check_attributes;
use super::check::Review;
use super::kind::{Place, SpecKind};
use super::{AuthorizationServer, EntityKey};

/// A claim of a custom authorization server. Its name is the entity's.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimSpec {
    /// The kind of token that carries it.
    pub token: TokenKind,
    /// Where its value comes from.
    pub value: ClaimSource,
    /// The claim is written if one of these scopes is granted; if there are none, always.
    #[serde(default)]
    pub scopes: Vec<Scope>,
}

impl SpecKind for ClaimSpec {
    const PLACE: Place = Place::InServer;

    /// A claim of ID tokens beside one of access tokens with the same name belongs to `server/id`.
    fn is_parent(parent: &str) -> bool {
        !parent.is_empty() && !parent.strip_suffix("/id").unwrap_or(parent).contains('/')
    }

    const MOST_IN_A_SERVER: Option<usize> = Some(100);

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

/// The kind of token that carries a claim.
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
    /// An attribute of the client; the claim is left out where the client has none of that name.
    ClientAttribute(String),
    /// The same value in each token.
    Constant(Value),
    /// The person's groups that fit; the claim is left out where no person takes part.
    Groups(GroupFilter),
    /// An attribute of the person's profile, `login` or `id`; left out where there is none.
    UserAttribute(String),
}

/// Which of a person's groups are named.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GroupFilter {
    /// How a name is compared.
    pub kind: GroupMatch,
    /// With what.
    pub value: String,
}

/// How the name of a group is compared (Okta's `group_filter_type`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "Okta's, but for regular expressions")]
pub enum GroupMatch {
    /// It holds the text.
    Contains,
    /// It is the text.
    Equals,
    /// It begins with the text.
    StartsWith,
}

impl GroupMatch {
    /// All there are.
    pub(crate) const ALL: [Self; 3] = [Self::StartsWith, Self::Equals, Self::Contains];

    /// The name as it is written.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::Equals => "equals",
            Self::StartsWith => "starts_with",
        }
    }
}

impl GroupFilter {
    /// Tells whether a group is named.
    pub fn admits(&self, group: &str) -> bool {
        match self.kind {
            GroupMatch::Contains => group.contains(&self.value),
            GroupMatch::Equals => group == self.value,
            GroupMatch::StartsWith => group.starts_with(&self.value),
        }
    }
}

/// Tells whether the server itself sets a claim of this name in a kind of token, or the name would make
/// the token another one: no catalog and no hook may set it.
///
/// These are the claims that this server writes or will write, Okta's reserved names, and those by which
/// a verifier tells one kind of token from another.
pub fn is_reserved(token: TokenKind, name: &str) -> bool {
    let in_id_tokens = || {
        RESERVED_IN_ID_TOKENS.contains(&name)
            || OKTAS_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    RESERVED_CLAIMS.contains(&name) || (token == TokenKind::Id && in_id_tokens())
}

/// The reserved names of each kind of token, in alphabetical order.
const RESERVED_CLAIMS: [&str; 38] = [
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

/// Okta's further names for ID tokens; and `azp`, by which a client refuses what is another's.
const RESERVED_IN_ID_TOKENS: [&str; 12] = [
    "active", "aid", "app_id", "azp", "did", "group", "purpose", "rid", "role", "scopes", "term",
    "user_ip",
];

/// So begin others of Okta's names for ID tokens.
const OKTAS_PREFIXES: [&str; 3] = ["device_", "okta_", "pwd_exp_"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_itself_is_reserved() {
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
