//! The claims of an access token, independent of the dialect it was written in.

mod any_form;
mod builder;
mod read;
mod write;

use std::fmt;

use serde::{Deserializer, Serialize};

pub use self::builder::ClaimsBuilder;
use crate::{Audiences, ClaimsReadError, Dialect, Issuer, NameSet, ScopeSet, UnixTime};

/// The claims that access tokens have in common (RFC 9068 §2.2 and Okta's names for the same).
///
/// Reading accepts either dialect. `scope` and `scp` are two names for the same claim, and so are
/// `client_id` and `cid`: if a token has both names, their values must agree (scopes are compared
/// as sets). A member that occurs twice is refused, whatever its name (RFC 7519 §4).
///
/// `iss` and `exp` are required. `iss`, `exp`, `aud`, `nbf`, `sub`, `scope`, `scp`, `client_id` and
/// `cid` must have the JSON type of the standard. The other claims are absent if they have another
/// type: an unusual `amr` does not make a good token bad. A claim that is `null` is absent.
///
/// A service that needs further claims reads its own type from the same payload.
///
/// `Claims` is no proof that the token was verified. The verifier's `Verified` is.
///
/// ```
/// use scopegate_claims::Claims;
///
/// let claims: Claims = serde_json::from_str(
///     r#"{"iss":"https://id.example","exp":1700000000,"cid":"reader","scp":["read:orders"]}"#,
/// ).unwrap();
/// assert_eq!(claims.client_id(), Some("reader"));
/// assert!(claims.scopes().contains("read:orders"));
///
/// let disagreeing = r#"{"iss":"https://id.example","exp":1,"cid":"reader","client_id":"writer"}"#;
/// assert!(serde_json::from_str::<Claims>(disagreeing).is_err());
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Claims {
    issuer: Box<str>,
    expires_at: UnixTime,
    subject: Option<Box<str>>,
    audiences: Option<Audiences>,
    issued_at: Option<UnixTime>,
    not_before: Option<UnixTime>,
    auth_time: Option<UnixTime>,
    token_id: Option<Box<str>>,
    client_id: Option<Box<str>>,
    user_id: Option<Box<str>>,
    scopes: ScopeSet,
    roles: NameSet,
    groups: NameSet,
    acr: Option<Box<str>>,
    amr: Box<[Box<str>]>,
    token_use: Option<Box<str>>,
    token_kind: Option<Box<str>>,
    has_confirmation: bool,
    has_id_token_hash: bool,
    has_nonce: bool,
    has_events: bool,
}

impl Claims {
    /// Starts building the claims of a new token.
    ///
    /// ```
    /// use scopegate_claims::{Claims, Dialect, Issuer, ScopeSet, UnixTime};
    ///
    /// let issuer = Issuer::parse("https://id.example").unwrap();
    /// let claims = Claims::builder(&issuer, UnixTime::from_seconds(1_700_000_000))
    ///     .client_id("reader")
    ///     .scopes(ScopeSet::parse("read:orders").unwrap())
    ///     .build();
    /// let written = serde_json::to_value(claims.in_dialect(Dialect::Okta)).unwrap();
    /// assert_eq!(written["scp"][0], "read:orders");
    /// assert!(written.get("scope").is_none());
    /// ```
    pub fn builder(issuer: &Issuer, expires_at: UnixTime) -> ClaimsBuilder {
        ClaimsBuilder::new(issuer, expires_at)
    }

    /// Reads claims like [`Deserialize`](serde::Deserialize) does, with an error that names the
    /// claim.
    ///
    /// ```
    /// use scopegate_claims::Claims;
    ///
    /// let payload = r#"{"iss":"https://id.example","exp":"tomorrow"}"#;
    /// let mut json = serde_json::Deserializer::from_str(payload);
    /// assert_eq!(Claims::read(&mut json).unwrap_err().claim(), Some("exp"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`ClaimsReadError`] if the payload is not an object, if a member occurs twice, or if a claim
    /// is missing or malformed.
    pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, ClaimsReadError> {
        read::claims_from(deserializer)
    }

    /// The approximate heap memory in bytes, without the value itself.
    pub fn footprint(&self) -> usize {
        let Self { subject, token_id, client_id, user_id, acr, token_use, token_kind, .. } = self;
        let texts = [subject, token_id, client_id, user_id, acr, token_use, token_kind];
        let texts: usize = texts.into_iter().flatten().map(|text| text.len()).sum();
        let amr: usize = self.amr.iter().map(|method| size_of::<Box<str>>() + method.len()).sum();
        let audiences = self.audiences.as_ref().map_or(0, Audiences::footprint);
        let names = self.scopes.as_str().len() + self.roles.footprint() + self.groups.footprint();
        self.issuer.len() + texts + amr + audiences + names
    }

    /// `iss`: the issuer of the token. Other issuers may write a value that is not a URL.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `exp`: when the token expires.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// `sub`: the subject of the token, a user or a client.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// `aud`: the APIs that the token is for.
    pub fn audiences(&self) -> Option<&Audiences> {
        self.audiences.as_ref()
    }

    /// `iat`: when it was issued.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.issued_at
    }

    /// `nbf`: the time before which the token is not valid.
    pub fn not_before(&self) -> Option<UnixTime> {
        self.not_before
    }

    /// `auth_time`: when the user signed in.
    pub fn auth_time(&self) -> Option<UnixTime> {
        self.auth_time
    }

    /// `jti`: the id of the token.
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// `client_id`, or Okta's `cid`: the client that the token was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// `uid`: the stable id of the user; absent if the token is not about a user.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// `scope`, or Okta's `scp`: the scopes that were granted.
    ///
    /// If the layer has a claim mapping for the issuer, scopes from the mapped claims are included.
    pub fn scopes(&self) -> &ScopeSet {
        &self.scopes
    }

    /// `roles` (RFC 9068 §2.2.3.1): the roles of the subject, such as `admin`.
    ///
    /// If the layer has a claim mapping for the issuer, roles from the mapped claims are included.
    pub fn roles(&self) -> &NameSet {
        &self.roles
    }

    /// `groups` (RFC 9068 §2.2.3.1): the groups of the subject.
    ///
    /// If the layer has a claim mapping for the issuer, groups from the mapped claims are included.
    pub fn groups(&self) -> &NameSet {
        &self.groups
    }

    /// `acr`: how strongly the user was authenticated.
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// `amr`: the methods by which the user was authenticated (RFC 8176).
    pub fn amr(&self) -> impl Iterator<Item = &str> {
        self.amr.iter().map(AsRef::as_ref)
    }

    /// `token_use`: the kind of the token, written by Amazon Cognito.
    ///
    /// A value that is not a string is given as `""`: it is present, and names no kind of token.
    pub fn token_use(&self) -> Option<&str> {
        self.token_use.as_deref()
    }

    /// The claim `typ` (not the header): the kind of the token, written by Keycloak.
    ///
    /// A value that is not a string is given as `""`: it is present, and names no kind of token.
    pub fn token_kind(&self) -> Option<&str> {
        self.token_kind.as_deref()
    }

    /// Tells whether `cnf` is present: the token is bound to a key (RFC 7800) and is not a plain
    /// bearer token.
    pub fn has_confirmation(&self) -> bool {
        self.has_confirmation
    }

    /// Tells whether `at_hash` or `c_hash` is present: only ID tokens have them (OpenID Connect
    /// Core §3.1.3.6 and §3.3.2.11).
    pub fn has_id_token_hash(&self) -> bool {
        self.has_id_token_hash
    }

    /// Tells whether `nonce` is present. ID tokens have it (OpenID Connect Core §2), and so have
    /// the access tokens of some issuers, such as Keycloak before version 25.
    pub fn has_nonce(&self) -> bool {
        self.has_nonce
    }

    /// Tells whether `events` is present. Security event tokens have it (RFC 8417 §2.2), and logout
    /// tokens are security event tokens.
    pub fn has_events(&self) -> bool {
        self.has_events
    }

    /// Starts building new claims from these, for example to add mapped claims of an issuer.
    pub fn into_builder(self) -> ClaimsBuilder {
        ClaimsBuilder::from_claims(self)
    }

    /// Writes the claims in a dialect.
    pub fn in_dialect(&self, dialect: Dialect) -> impl Serialize + '_ {
        self.in_dialect_with(dialect, &NoExtra {})
    }

    /// Writes the claims in a dialect, and adds the members of a map or struct.
    ///
    /// The caller must make sure that no extra member has the name of a claim. A member that is
    /// written twice makes a token that verifiers refuse.
    pub fn in_dialect_with<'a, X: Serialize>(
        &'a self,
        dialect: Dialect,
        extra: &'a X,
    ) -> impl Serialize + 'a {
        write::Written::new(self, dialect, extra)
    }
}

/// Shows only claims that contain no personal data.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("issuer", &self.issuer())
            .field("audiences", &self.audiences())
            .field("client_id", &self.client_id())
            .field("scopes", self.scopes())
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct NoExtra {}

#[cfg(test)]
mod tests;
