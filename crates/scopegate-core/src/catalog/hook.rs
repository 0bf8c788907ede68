//! Token hooks: programs, web services and queries that may change tokens before they are signed.

mod rules;
mod secret;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::secret::{HookSecret, UnopenedSecret};
use super::check::Review;
use super::kind::SpecKind;
use super::placement::Place;
use super::{Status, TokenKind};
use crate::expression::Expression;

/// A token hook. Its name is the name of the entity. Rules list the hooks that are called for their tokens.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HookSpec {
    /// What is called.
    pub target: HookTarget,
    /// The maximum time of a call. `None`: what is left of the time of all hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Duration>,
    /// What happens if the call fails.
    #[serde(default)]
    pub failure: OnFailure,
    /// How long an answer is used again. `None`: each token is a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<HookCache>,
    /// The standard claims of access tokens that it may set.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub may_set: BTreeSet<SettableClaim>,
    /// Whether it is called beside the hooks before it, and sees the token without their changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub independent: bool,
    /// Whether it is in use. An inactive hook is not called.
    #[serde(default)]
    pub status: Status,
}

/// A hook of the embedding program that refuses the request if it fails.
impl Default for HookSpec {
    fn default() -> Self {
        Self {
            target: HookTarget::Program,
            deadline: None,
            failure: OnFailure::Closed,
            cache: None,
            may_set: BTreeSet::new(),
            independent: false,
            status: Status::Active,
        }
    }
}

impl HookSpec {
    /// The maximum age of an answer that is used because the hook fails.
    pub const MAX_STALE: Duration = Duration::from_secs(60 * 60);

    /// Tells whether the changes of earlier hooks make no difference to its input. A query reads only its
    /// parameters, and no hook changes those.
    pub fn is_independent(&self) -> bool {
        self.independent || matches!(self.target, HookTarget::Sql(_))
    }

    /// How its web service recognizes this server.
    pub fn auth(&self) -> Option<&HookAuth> {
        match &self.target {
            HookTarget::Http(http) => http.auth.as_ref(),
            HookTarget::Program | HookTarget::Sql(_) => None,
        }
    }

    /// The same hook, if it is a web service, with another authentication.
    #[must_use]
    pub fn with_auth(mut self, auth: HookAuth) -> Self {
        if let HookTarget::Http(http) = &mut self.target {
            http.auth = Some(auth);
        }
        self
    }
}

/// What a hook calls.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "callers must handle each kind")]
pub enum HookTarget {
    /// A web service, in Okta's format.
    Http(Box<HttpHook>),
    /// Code of the program that embeds the server.
    Program,
    /// A query on another database.
    Sql(Box<SqlHook>),
}

/// A web service that answers Okta's token inline hook.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct HttpHook {
    /// The https URL. Plain http is allowed on loopback addresses only.
    pub url: String,
    /// How the service recognizes this server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<HookAuth>,
    /// Further headers. They are no secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

/// How a web service recognizes this server.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
#[expect(clippy::exhaustive_enums, reason = "callers must handle each kind")]
pub enum HookAuth {
    /// A header with a fixed value.
    Header {
        /// The name of the header.
        name: String,
        /// Its value.
        value: HookSecret,
    },
    /// An access token, which this server gets as a client (RFC 6749 §4.4).
    Oauth(HookOauth),
    /// A signature of the body, after Standard Webhooks.
    Signature(HookSecret),
}

impl HookAuth {
    /// The secret.
    pub fn secret(&self) -> &HookSecret {
        match self {
            Self::Header { value, .. } => value,
            Self::Oauth(oauth) => oauth.credential.secret(),
            Self::Signature(key) => key,
        }
    }

    fn secret_mut(&mut self) -> &mut HookSecret {
        match self {
            Self::Header { value, .. } => value,
            Self::Oauth(oauth) => match &mut oauth.credential {
                HookCredential::Key(key) => key,
                HookCredential::Secret(secret) => secret,
            },
            Self::Signature(key) => key,
        }
    }
}

/// How this server gets an access token for a web service.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct HookOauth {
    /// The token endpoint.
    pub token_url: String,
    /// The client id of this server there.
    pub client_id: String,
    /// The credential of this server there.
    pub credential: HookCredential,
    /// The scopes, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// The credential of this server at the token endpoint of a web service.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "callers must handle each method")]
pub enum HookCredential {
    /// A private key as a JWK: `private_key_jwt` (RFC 7523 §2.2).
    Key(HookSecret),
    /// A secret: `client_secret_post` (RFC 6749 §2.3.1).
    Secret(HookSecret),
}

impl HookCredential {
    /// The secret, whichever it is.
    pub fn secret(&self) -> &HookSecret {
        match self {
            Self::Key(secret) | Self::Secret(secret) => secret,
        }
    }
}

/// A query whose single row becomes claims.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct SqlHook {
    /// The name of a connection in `[hooks.connections]` of `scopegate.toml`.
    pub connection: String,
    /// The statement. `$1` is the first parameter.
    pub query: String,
    /// The values of the parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Expression>,
    /// The column of each claim, by the name of the claim.
    pub claims: BTreeMap<String, String>,
    /// The tokens that get the claims.
    pub tokens: Vec<TokenKind>,
}

/// What happens if a hook fails.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "callers must handle each mode")]
pub enum OnFailure {
    /// The request is refused.
    #[default]
    Closed,
    /// The token stays as it is.
    Open,
    /// The last good answer is used. If there is none, the request is refused.
    Stale,
}

impl OnFailure {
    /// The name in a catalog file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Stale => "stale",
        }
    }
}

/// How long the answers of a hook are used again.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct HookCache {
    /// Requests with the same value share an answer.
    pub key: Expression,
    /// How long an answer is used without a call.
    pub ttl: Duration,
    /// How long an answer is used if a call fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Duration>,
}

impl HookCache {
    /// How long an answer is used if a call fails: an hour, if the catalog does not say less.
    pub fn stale(&self) -> Duration {
        self.stale.unwrap_or(HookSpec::MAX_STALE)
    }
}

/// A reserved claim that a hook may set if the catalog allows it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "no other reserved claim may be set")]
pub enum SettableClaim {
    /// `aud`, to another audience of the same server.
    Aud,
    /// `sub`.
    Sub,
}

impl SettableClaim {
    /// All variants with their names.
    pub const ALL: [(&'static str, Self); 2] = [("aud", Self::Aud), ("sub", Self::Sub)];

    /// The name of the claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aud => "aud",
            Self::Sub => "sub",
        }
    }
}

impl SpecKind for HookSpec {
    const PLACE: Place = Place::Catalog;

    fn check(&self, review: &mut Review<'_, '_>) {
        self.rules(review);
    }

    fn hide_secrets(stored: &mut Value) {
        for path in [
            "/target/http/auth/header/value",
            "/target/http/auth/oauth/credential/key",
            "/target/http/auth/oauth/credential/secret",
            "/target/http/auth/signature",
        ] {
            if let Some(secret) = stored.pointer_mut(path) {
                *secret = Value::from("***");
            }
        }
    }

    fn forget_secrets(&mut self) {
        if let HookTarget::Http(http) = &mut self.target
            && let Some(auth) = &mut http.auth
        {
            *auth.secret_mut() = HookSecret::forgotten();
        }
    }
}
