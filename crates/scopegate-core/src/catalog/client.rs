//! Clients.

mod hold;
mod rules;
mod secret;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use scopegate_claims::{Audience, UnixTime};
use scopegate_jose::Jwk;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

pub use self::secret::ClientSecret;
use super::check::Review;
use super::kind::SpecKind;
use super::placement::Place;
use super::{RedirectUri, Status};

/// The id of a client (RFC 6749 §2.2): 1 to 100 printable ASCII characters without space and colon, or
/// an `https` URL.
///
/// It must not have the prefix of user ids, so that `sub` is never ambiguous. Ids are compared byte by
/// byte, URLs too, so a URL must be in its normalized form.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(Box<str>);

impl ClientId {
    /// The prefix of user ids. No client id begins with it.
    pub const USER_ID_PREFIX: &'static str = "00u";

    const SCHEME: &'static str = "https://";
    const MAX_LENGTH: usize = 100;
    const MAX_URL: usize = 256;

    /// Parses a client id.
    ///
    /// # Errors
    ///
    /// A text that names the broken rule.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.starts_with(Self::SCHEME) {
            return Self::check_url(text).map(|()| Self(text.into()));
        }
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        if text.is_empty() || text.len() > Self::MAX_LENGTH || !text.bytes().all(allowed) {
            return Err(
                "a client id has 1 to 100 printable ASCII characters, without space and `:`, \
                        or is an https URL",
            );
        }
        if text.starts_with(Self::USER_ID_PREFIX) {
            return Err("a client id may not begin with `00u`: user ids do");
        }
        Ok(Self(text.into()))
    }

    /// The rules of OAuth Client ID Metadata Documents for such a URL, except that the path may be `/`.
    fn check_url(text: &str) -> Result<(), &'static str> {
        if text.len() > Self::MAX_URL {
            return Err("a client id that is a URL has at most 256 characters");
        }
        let url = Url::parse(text).map_err(|_| "a client id that begins with https:// is a URL")?;
        if !url.username().is_empty() || url.password().is_some() || text.contains('#') {
            return Err("a client id that is a URL has no user name, no password and no fragment");
        }
        // `Url` adds the path `/` to a URL that is only an origin.
        let is_normalized =
            url.as_str().strip_prefix(text).is_some_and(|rest| matches!(rest, "" | "/"));
        let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        match is_normalized && is_printable {
            true => Ok(()),
            false => {
                Err("a client id that is a URL has its host in lower case, no default port, no \
                          dot segments, and printable ASCII characters only")
            }
        }
    }

    /// The id as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether the id can be sent with HTTP Basic, where it ends at the first colon. A URL has a colon.
    pub fn fits_basic(&self) -> bool {
        !self.0.contains(':')
    }
}

impl TryFrom<String> for ClientId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0.into()
    }
}

impl std::borrow::Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A client. Its id is the name of the entity.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSpec {
    /// The display name.
    pub name: String,
    /// The type of the client.
    pub client_type: ClientType,
    /// How the client authenticates.
    pub auth: ClientAuth,
    /// The secrets that are accepted. There are two while a new one replaces the old one.
    #[serde(default)]
    pub secrets: Vec<ClientSecret>,
    /// The public keys that verify the client's assertions.
    #[serde(default)]
    pub jwks: Vec<Jwk>,
    /// The URL of its public keys, if they are not inline.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// The grant types it may use.
    pub grant_types: BTreeSet<String>,
    /// The URIs to which authorization responses may be sent.
    #[serde(default)]
    pub redirect_uris: Vec<RedirectUri>,
    /// The URIs to which a user may be sent after signing out.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// The web origins whose scripts may send requests for this client (CORS).
    #[serde(default)]
    pub origins: BTreeSet<String>,
    /// Whether it must use PKCE (RFC 7636).
    #[serde(default = "required")]
    pub pkce_required: bool,
    /// Whether it must push its authorization requests (RFC 9126 §6).
    #[serde(default)]
    pub require_par: bool,
    /// What happens to its refresh tokens when they are used.
    #[serde(default)]
    pub refresh_token: RefreshPolicy,
    /// The logins of the users who may use it, in the form of
    /// [`User::exact_login_key`](crate::directory::User::exact_login_key).
    #[serde(default)]
    pub users: BTreeSet<String>,
    /// The groups whose users may use it. If there are neither users nor groups, every user may.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// The audiences whose access tokens it may introspect, because it is their resource server.
    #[serde(default)]
    pub audiences: BTreeSet<Audience>,
    /// The only client that may exchange this client's tokens for users (RFC 8693 §4.4). `None`: every
    /// client that the policies allow.
    #[serde(default)]
    pub may_act: Option<ClientId>,
    /// Whether users are asked for consent.
    #[serde(default)]
    pub consent: ClientConsent,
    /// Values for claims.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
    /// Whether it may get the admin scopes of the org server.
    #[serde(default)]
    pub admin: bool,
    /// Whether it is in use. A client on hold is not.
    #[serde(default)]
    pub status: Status,
    /// If an administrator has put the client on hold: the status that its owner writes, which it has again
    /// when the hold is lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_after_hold: Option<Status>,
}

impl ClientSpec {
    /// Maximum number of secrets. Two, so that a new secret can replace the old one without an
    /// interruption.
    pub const MAX_SECRETS: usize = 2;

    /// The same client with the times when its secrets were first stored: those of `before`, or `now` for
    /// a secret that `before` does not have.
    #[must_use]
    pub(crate) fn with_secret_times(mut self, before: Option<&Self>, now: UnixTime) -> Self {
        for secret in &mut self.secrets {
            let known = before.and_then(|client| {
                client.secrets.iter().find(|known| known.is_same_secret(secret))
            });
            let made = known.map_or(Some(now), ClientSecret::created_at);
            *secret = secret.clone().made_at(made);
        }
        self
    }

    /// The grant type that refreshes an access token (RFC 6749 §6).
    pub const REFRESH_TOKEN: &'static str = "refresh_token";

    /// Tells whether the client may use refresh tokens.
    pub fn may_refresh(&self) -> bool {
        self.grant_types.contains(Self::REFRESH_TOKEN)
    }
}

impl SpecKind for ClientSpec {
    const PLACE: Place = Place::Client;

    const NAME_FIELD: &'static str = "id";

    fn is_name(name: &str) -> bool {
        ClientId::parse(name).is_ok()
    }

    fn hide_secrets(stored: &mut Value) {
        for secret in stored["secrets"].as_array_mut().into_iter().flatten() {
            secret["mac"] = Value::from("***");
        }
    }

    fn forget_secrets(&mut self) {
        self.secrets.clear();
    }

    fn check(&self, review: &mut Review<'_, '_>) {
        self.rules(review);
    }
}

/// A client without any rights. It supplies the members that are not written.
impl Default for ClientSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            client_type: ClientType::Service,
            auth: ClientAuth::ClientSecretBasic,
            secrets: Vec::new(),
            jwks: Vec::new(),
            jwks_uri: None,
            grant_types: BTreeSet::new(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            origins: BTreeSet::new(),
            pkce_required: required(),
            require_par: false,
            refresh_token: RefreshPolicy::default(),
            users: BTreeSet::new(),
            groups: BTreeSet::new(),
            audiences: BTreeSet::new(),
            may_act: None,
            consent: ClientConsent::default(),
            attributes: BTreeMap::new(),
            admin: false,
            status: Status::Active,
            status_after_hold: None,
        }
    }
}

const fn required() -> bool {
    true
}

/// What happens to a refresh token when it is used.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshPolicy {
    /// Whether a new refresh token replaces it.
    pub rotation_type: RotationType,
    /// For how many seconds the replaced token still returns the same new one: 0 to 60.
    pub leeway: u8,
}

impl RefreshPolicy {
    /// The longest leeway, in seconds.
    pub const MAX_LEEWAY: u8 = 60;
    /// The leeway if the client does not set one, in seconds.
    pub const DEFAULT_LEEWAY: u8 = 30;

    /// The default for a client of this type. A public client rotates (RFC 9700 §2.2.2).
    pub const fn of(client_type: ClientType) -> Self {
        match client_type {
            ClientType::Browser | ClientType::Native => {
                Self { rotation_type: RotationType::Rotate, leeway: Self::DEFAULT_LEEWAY }
            }
            ClientType::Service | ClientType::Web => {
                Self { rotation_type: RotationType::Static, leeway: 0 }
            }
        }
    }
}

/// Whether a used refresh token is replaced, with Okta's names.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::exhaustive_enums, reason = "a token is replaced or not")]
pub enum RotationType {
    /// Each use returns a new refresh token.
    Rotate,
    /// The same refresh token is used until it expires.
    #[default]
    Static,
}

/// Whether users are asked before a client gets scopes (Okta's `consent_method`).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::exhaustive_enums, reason = "these are Okta's two")]
pub enum ClientConsent {
    /// If the scope requires it.
    #[default]
    Required,
    /// Never.
    Trusted,
}

/// The type of a client (Okta's `application_type`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "these are Okta's four")]
pub enum ClientType {
    /// Runs in a browser.
    Browser,
    /// Runs on a user's device.
    Native,
    /// Runs without a user.
    Service,
    /// Runs on a server, for users.
    Web,
}

impl ClientType {
    /// The name in a catalog file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Native => "native",
            Self::Service => "service",
            Self::Web => "web",
        }
    }
}

/// Defines the enum of client authentication methods from a table.
macro_rules! auth_methods {
    ($($(#[$doc:meta])* $method:ident = $name:literal,)*) => {
        /// How a client authenticates (RFC 7591 §2, `token_endpoint_auth_method`).
        #[derive(
            Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize,
        )]
        #[non_exhaustive]
        pub enum ClientAuth { $($(#[$doc])* #[serde(rename = $name)] $method,)* }

        impl ClientAuth {
            /// All methods.
            pub const ALL: &[Self] = &[$(Self::$method,)*];

            /// The name in a catalog file and in metadata.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$method => $name,)* }
            }
        }
    };
}

auth_methods! {
    /// The secret is in the Authorization header (RFC 6749 §2.3.1).
    ClientSecretBasic = "client_secret_basic",
    /// The secret is in the form body (RFC 6749 §2.3.1).
    ClientSecretPost = "client_secret_post",
    /// An assertion signed with the client's key (RFC 7523 §2.2).
    PrivateKeyJwt = "private_key_jwt",
    /// No authentication: a public client only sends its `client_id` (RFC 6749 §2.1).
    None = "none",
}

impl ClientAuth {
    /// Tells whether the client does not authenticate (RFC 6749 §2.1, a public client).
    pub fn is_public(self) -> bool {
        self == Self::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_not_a_user_id_and_fits_http_basic() {
        for good in ["orders-reader", "0oa123456789", "https", "a/b?c=d&e%f", &"a".repeat(100)] {
            assert!(ClientId::parse(good).is_ok_and(|id| id.fits_basic()), "{good}");
        }
        for bad in ["", "00u1", "a b", "a:b", "é", &"a".repeat(101)] {
            assert!(ClientId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_id_may_be_a_normalized_https_url() {
        let longest = format!("https://client.example/{}", "a".repeat(256 - 23));
        for good in [
            "https://client.example",
            "https://client.example/",
            "https://client.example/oauth/client.json?v=1&w=%2F",
            "https://client.example:8443/a",
            "https://[2001:db8::1]/a",
            &longest,
        ] {
            let id = ClientId::parse(good);
            assert!(id.as_ref().is_ok_and(|id| id.as_str() == good && !id.fits_basic()), "{good}");
        }
        for bad in [
            "http://client.example/a",
            "HTTPS://client.example/a",
            "https:client.example",
            "https:/client.example",
            "https://",
            "https:///a",
            "https://Client.example/a",
            "https://client.example:443/a",
            "https://client.example/a/../b",
            "https://client.example/%2e%2E/b",
            "https://client.example/a#f",
            "https://client.example/#",
            "https://user@client.example/",
            "https://:secret@client.example/",
            "https://@client.example/",
            "https://client.example\\a",
            "https://client.example/a b",
            "https://client.example/a\n",
            "https://client.example/é",
            "https://é.example/",
            "https://0x7f.1/",
            &format!("{longest}a"),
        ] {
            assert!(ClientId::parse(bad).is_err(), "{bad}");
        }
    }
}
