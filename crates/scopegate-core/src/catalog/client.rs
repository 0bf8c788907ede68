//! A client as it is written.

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use scopegate_claims::{Audience, UnixTime};
use scopegate_jose::{Jwk, constant_time_eq};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::check::Review;
use super::kind::{Place, SpecKind};
use super::{RedirectUri, Status};

/// The id of a client (RFC 6749 §2.2): 1 to 100 printable ASCII characters without space and colon, or
/// an `https` URL.
///
/// It may not begin like a user id, so that `sub` never means two things. Ids are compared as they are
/// written, URLs too: so a URL has to be in its usual form.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(Box<str>);

impl ClientId {
    /// With this prefix begin user ids, and no client id.
    pub const USER_ID_PREFIX: &'static str = "00u";

    const SCHEME: &'static str = "https://";
    const MAX_LENGTH: usize = 100;
    const MAX_URL: usize = 256;

    /// Parses a client id; the error says what is wrong.
    ///
    /// # Errors
    ///
    /// A text that names the rule which is broken.
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

    /// What OAuth Client ID Metadata Documents ask of such a URL, but for the path: it may be `/`.
    fn check_url(text: &str) -> Result<(), &'static str> {
        if text.len() > Self::MAX_URL {
            return Err("a client id that is a URL has at most 256 characters");
        }
        let url = Url::parse(text).map_err(|_| "a client id that begins with https:// is a URL")?;
        if !url.username().is_empty() || url.password().is_some() || text.contains('#') {
            return Err("a client id that is a URL has no user name, no password and no fragment");
        }
        // A bare origin is parsed as one with a path.
        let is_usual = url.as_str().strip_prefix(text).is_some_and(|rest| matches!(rest, "" | "/"));
        let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        match is_usual && is_printable {
            true => Ok(()),
            false => {
                Err("a client id that is a URL has its host in lower case, no default port, no \
                          dot segments, and printable ASCII characters only")
            }
        }
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether HTTP Basic can carry the id: there it ends at the first colon, and a URL has one.
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

/// A client. Its id is the entity's name.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSpec {
    /// The name that people read.
    pub name: String,
    /// What kind of program it is.
    pub client_type: ClientType,
    /// How it proves who it is.
    pub auth: ClientAuth,
    /// The secrets it may show; several while one replaces another.
    #[serde(default)]
    pub secrets: Vec<ClientSecret>,
    /// The public keys it may sign assertions with.
    #[serde(default)]
    pub jwks: Vec<Jwk>,
    /// Where its public keys are, if they are not inline.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// The grant types it may use.
    pub grant_types: BTreeSet<String>,
    /// Where it gets its answers.
    #[serde(default)]
    pub redirect_uris: Vec<RedirectUri>,
    /// Where a person may be sent who signed out.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// The web origins whose scripts may ask for it.
    #[serde(default)]
    pub origins: BTreeSet<String>,
    /// Whether it must use PKCE (RFC 7636).
    #[serde(default = "required")]
    pub pkce_required: bool,
    /// Whether it must push its authorization requests (RFC 9126 §6).
    #[serde(default)]
    pub require_par: bool,
    /// What becomes of its refresh tokens when they are used.
    #[serde(default)]
    pub refresh_token: RefreshPolicy,
    /// The logins of persons who may use it, as [`User::exact_login_key`](crate::directory::User::exact_login_key)
    /// writes them.
    #[serde(default)]
    pub users: BTreeSet<String>,
    /// The groups of persons who may use it. With no user and no group everybody may.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// The audiences whose access tokens it may look into: it is their API.
    #[serde(default)]
    pub audiences: BTreeSet<Audience>,
    /// The one client that may exchange its tokens of persons (RFC 8693 §4.4); none: whichever the
    /// policies let.
    #[serde(default)]
    pub may_act: Option<ClientId>,
    /// Whether persons are asked for their consent.
    #[serde(default)]
    pub consent: ClientConsent,
    /// What claims can be made of.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
    /// Whether it may have the admin scopes of the org server.
    #[serde(default)]
    pub admin: bool,
    /// Whether it may do anything at all.
    #[serde(default)]
    pub status: Status,
}

impl ClientSpec {
    /// The grant type by which a client refreshes (RFC 6749 §6).
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

    fn check(&self, review: &mut Review<'_, '_>) {
        self.rules(review);
    }
}

/// A client that may do nothing: for all that is not written.
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
        }
    }
}

const fn required() -> bool {
    true
}

/// What becomes of a refresh token that is used.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshPolicy {
    /// Whether another one takes its place.
    pub rotation_type: RotationType,
    /// For so many seconds after that the old one still gives the same new one: 0 to 60.
    pub leeway: u8,
}

impl RefreshPolicy {
    /// The longest leeway, in seconds.
    pub const MAX_LEEWAY: u8 = 60;
    /// The leeway of a client that does not say.
    pub const DEFAULT_LEEWAY: u8 = 30;

    /// What holds for a client of this type that does not say: a public one rotates (RFC 9700
    /// §2.2.2).
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

/// Whether refresh tokens take each other's place, in Okta's words.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::exhaustive_enums, reason = "a token is replaced or not")]
pub enum RotationType {
    /// Each use gives another one.
    Rotate,
    /// The same one serves until it ends.
    #[default]
    Static,
}

/// Whether persons are asked before a client gets scopes (Okta's `consent_method`).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::exhaustive_enums, reason = "these are Okta's two")]
pub enum ClientConsent {
    /// As the scopes say.
    #[default]
    Required,
    /// Never.
    Trusted,
}

/// What kind of program a client is (Okta's `application_type`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "these are Okta's four")]
pub enum ClientType {
    /// Runs in a browser.
    Browser,
    /// Runs on somebody's device.
    Native,
    /// Runs without a person.
    Service,
    /// Runs on a server, for persons.
    Web,
}

/// Makes the enum of the client authentication methods from their names.
macro_rules! auth_methods {
    ($($(#[$doc:meta])* $method:ident = $name:literal,)*) => {
        /// How a client authenticates (RFC 7591 §2, `token_endpoint_auth_method`).
        #[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
        #[non_exhaustive]
        pub enum ClientAuth { $($(#[$doc])* #[serde(rename = $name)] $method,)* }

        impl ClientAuth {
            /// All methods.
            pub const ALL: &[Self] = &[$(Self::$method,)*];

            /// The name as it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$method => $name,)* }
            }
        }
    };
}

auth_methods! {
    /// The secret in the Authorization header (RFC 6749 §2.3.1).
    ClientSecretBasic = "client_secret_basic",
    /// The secret in the form (RFC 6749 §2.3.1).
    ClientSecretPost = "client_secret_post",
    /// An assertion that is signed by the client's key (RFC 7523 §2.2).
    PrivateKeyJwt = "private_key_jwt",
    /// No authentication: a public client only says who it is (RFC 6749 §2.1).
    None = "none",
}

impl ClientAuth {
    /// Tells whether the client does not authenticate (RFC 6749 §2.1, a public client).
    pub fn is_public(self) -> bool {
        self == Self::None
    }
}

/// What is kept of a client's secret: an HMAC of its SHA-256 under the master key.
///
/// It is of no use without the master key, and the secret is random, so a slow hash would only slow
/// down the server.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSecret {
    mac: SecretMac,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<UnixTime>,
}

/// Bytes that are stored as base64url.
#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct SecretMac([u8; 32]);

impl TryFrom<String> for SecretMac {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = scopegate_jose::base64url::decode(&text).map_err(|_| "not base64url")?;
        bytes.try_into().map(Self).map_err(|_| "not 32 bytes")
    }
}

impl From<SecretMac> for String {
    fn from(mac: SecretMac) -> Self {
        scopegate_jose::base64url::encode(&mac.0)
    }
}

impl ClientSecret {
    /// The fewest characters of a secret.
    pub const MIN_LENGTH: usize = 32;

    /// Keeps the HMAC of a secret's SHA-256.
    pub const fn from_mac(mac: [u8; 32]) -> Self {
        Self { mac: SecretMac(mac), expires_at: None }
    }

    /// The same secret, of no use from a point in time on.
    #[must_use]
    pub const fn until(mut self, expires_at: Option<UnixTime>) -> Self {
        self.expires_at = expires_at;
        self
    }

    /// Compares in constant time; a secret that has expired does not match, and takes as long.
    pub fn matches(&self, mac: &[u8; 32], now: UnixTime) -> bool {
        self.is_same(mac) & self.expires_at.is_none_or(|end| now < end)
    }

    /// Tells whether both are of the same secret, whenever they expire.
    pub fn is_same_secret(&self, other: &Self) -> bool {
        self.is_same(&other.mac.0)
    }

    fn is_same(&self, mac: &[u8; 32]) -> bool {
        constant_time_eq(&self.mac.0, mac)
    }
}

impl PartialEq for ClientSecret {
    fn eq(&self, other: &Self) -> bool {
        self.is_same_secret(other) && self.expires_at == other.expires_at
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_no_user_id_and_survives_basic_authentication() {
        for good in ["orders-reader", "0oa123456789", "https", "a/b?c=d&e%f", &"a".repeat(100)] {
            assert!(ClientId::parse(good).is_ok_and(|id| id.fits_basic()), "{good}");
        }
        for bad in ["", "00u1", "a b", "a:b", "é", &"a".repeat(101)] {
            assert!(ClientId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_id_may_be_an_https_url_in_its_usual_form() {
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

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        assert_eq!(format!("{:?}", ClientSecret::from_mac([7; 32])), "ClientSecret(…)");
    }
}
