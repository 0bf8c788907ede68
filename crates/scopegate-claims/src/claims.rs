//! The claims of an access token, independent of the dialect it was written in.

mod read;
mod text;
mod write;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

pub use self::read::{ClaimsSeed, ReadClaims};
use crate::part::Span;
use crate::{Audience, Audiences, Dialect, Issuer, NameSet, ScopeSet, UnixTime};

/// The strings of most tokens fit in this many bytes, so one allocation is usually enough.
const USUAL_LEN: usize = 256;

/// The claims that access tokens have in common (RFC 9068 §2.2 and Okta's names for the same).
///
/// Reading accepts either dialect. `scope` and `scp` are two names for the same claim, and so are
/// `client_id` and `cid`: if a token has both names, their values must agree (scopes are compared
/// as sets). Reading refuses a member that occurs twice (RFC 7519 §4) and a time that is not a
/// number. A service that needs further claims reads its own type from the same payload.
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
#[derive(Clone)]
pub struct Claims {
    /// The strings of all claims, concatenated.
    text: Arc<str>,
    parts: Parts,
}

/// The claims. A [`Span`] is a position in [`Claims::text`].
#[derive(Clone)]
struct Parts {
    issuer: Span,
    expires_at: UnixTime,
    subject: Option<Span>,
    audiences: Option<Audiences>,
    issued_at: Option<UnixTime>,
    not_before: Option<UnixTime>,
    auth_time: Option<UnixTime>,
    token_id: Option<Span>,
    client_id: Option<Span>,
    user_id: Option<Span>,
    scopes: ScopeSet,
    roles: NameSet,
    groups: NameSet,
    acr: Option<Span>,
    amr: Box<[Box<str>]>,
    token_use: Option<Span>,
    token_kind: Option<Span>,
    has_confirmation: bool,
    has_id_token_hash: bool,
    has_nonce: bool,
    has_events: bool,
    has_others: bool,
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
        let mut text = String::with_capacity(USUAL_LEN);
        let parts = Parts {
            issuer: Span::push(&mut text, issuer.as_str()),
            expires_at,
            subject: None,
            audiences: None,
            issued_at: None,
            not_before: None,
            auth_time: None,
            token_id: None,
            client_id: None,
            user_id: None,
            scopes: ScopeSet::empty(),
            roles: NameSet::empty(),
            groups: NameSet::empty(),
            acr: None,
            amr: Box::default(),
            token_use: None,
            token_kind: None,
            has_confirmation: false,
            has_id_token_hash: false,
            has_nonce: false,
            has_events: false,
            has_others: false,
        };
        ClaimsBuilder { text, parts }
    }

    /// Reads claims from a string that is in memory. This copies less than [`Deserialize`] does.
    ///
    /// `read` must pass the seed to a deserializer of `source`.
    ///
    /// [`Deserialize`]: serde::Deserialize
    pub fn read_from<E>(
        source: &str,
        read: impl FnOnce(ClaimsSeed<'_>) -> Result<ReadClaims, E>,
    ) -> Result<Self, E> {
        Ok(read(ClaimsSeed::new(source))?.detach_from(source))
    }

    /// The approximate heap memory in bytes, without the value itself.
    pub fn footprint(&self) -> usize {
        let Parts { audiences, scopes, roles, groups, amr, .. } = &self.parts;
        let audiences = audiences.as_ref().map_or(0, Audiences::footprint);
        let amr: usize = amr.iter().map(|method| size_of::<Box<str>>() + method.len()).sum();
        let sets = scopes.as_str().len() + roles.footprint() + groups.footprint();
        self.text.len() + audiences + sets + amr
    }

    fn part(&self, span: Option<Span>) -> Option<&str> {
        span.map(|span| span.of(&self.text))
    }

    /// `iss`: the issuer of the token. Other issuers may write a value that is not a URL.
    pub fn issuer(&self) -> &str {
        self.parts.issuer.of(&self.text)
    }

    /// `exp`: when the token expires.
    pub fn expires_at(&self) -> UnixTime {
        self.parts.expires_at
    }

    /// `sub`: the subject of the token, a user or a client.
    pub fn subject(&self) -> Option<&str> {
        self.part(self.parts.subject)
    }

    /// `aud`: the APIs that the token is for.
    pub fn audiences(&self) -> Option<&Audiences> {
        self.parts.audiences.as_ref()
    }

    /// `iat`: when it was issued.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.parts.issued_at
    }

    /// `nbf`: the time before which the token is not valid.
    pub fn not_before(&self) -> Option<UnixTime> {
        self.parts.not_before
    }

    /// `auth_time`: when the user signed in.
    pub fn auth_time(&self) -> Option<UnixTime> {
        self.parts.auth_time
    }

    /// `jti`: the id of the token.
    pub fn token_id(&self) -> Option<&str> {
        self.part(self.parts.token_id)
    }

    /// `client_id`, or Okta's `cid`: the client that the token was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.part(self.parts.client_id)
    }

    /// `uid`: the stable id of the user; absent if the token is not about a user.
    pub fn user_id(&self) -> Option<&str> {
        self.part(self.parts.user_id)
    }

    /// `scope`, or Okta's `scp`: the scopes that were granted.
    ///
    /// If the layer has a claim mapping for the issuer, scopes from the mapped claims are included.
    pub fn scopes(&self) -> &ScopeSet {
        &self.parts.scopes
    }

    /// `roles` (RFC 9068 §2.2.3.1): the roles of the subject, such as `admin`.
    ///
    /// If the layer has a claim mapping for the issuer, roles from the mapped claims are included.
    pub fn roles(&self) -> &NameSet {
        &self.parts.roles
    }

    /// `groups` (RFC 9068 §2.2.3.1): the groups of the subject.
    ///
    /// If the layer has a claim mapping for the issuer, groups from the mapped claims are included.
    pub fn groups(&self) -> &NameSet {
        &self.parts.groups
    }

    /// `acr`: how strongly the user was authenticated.
    pub fn acr(&self) -> Option<&str> {
        self.part(self.parts.acr)
    }

    /// `amr`: the methods by which the user was authenticated (RFC 8176).
    pub fn amr(&self) -> impl Iterator<Item = &str> {
        self.parts.amr.iter().map(AsRef::as_ref)
    }

    /// `token_use`: the kind of the token, written by Amazon Cognito.
    pub fn token_use(&self) -> Option<&str> {
        self.part(self.parts.token_use)
    }

    /// The claim `typ` (not the header): the kind of the token, written by Keycloak.
    pub fn token_kind(&self) -> Option<&str> {
        self.part(self.parts.token_kind)
    }

    /// Tells whether `cnf` is present: the token is bound to a key (RFC 7800) and is not a plain
    /// bearer token.
    pub fn has_confirmation(&self) -> bool {
        self.parts.has_confirmation
    }

    /// Tells whether `at_hash` or `c_hash` is present: only ID tokens have them (OpenID Connect
    /// Core §3.1.3.6 and §3.3.2.11).
    pub fn has_id_token_hash(&self) -> bool {
        self.parts.has_id_token_hash
    }

    /// Tells whether `nonce` is present. ID tokens have it (OpenID Connect Core §2), and so have
    /// the access tokens of some issuers, such as Keycloak before version 25.
    pub fn has_nonce(&self) -> bool {
        self.parts.has_nonce
    }

    /// Tells whether `events` is present. Security event tokens have it (RFC 8417 §2.2), and logout
    /// tokens are security event tokens.
    pub fn has_events(&self) -> bool {
        self.parts.has_events
    }

    /// Tells whether the payload had members that this type does not know.
    ///
    /// The members `cnf`, `nonce`, `events`, `at_hash`, `c_hash` and `ver` are known, although
    /// their values are not kept.
    pub fn has_others(&self) -> bool {
        self.parts.has_others
    }

    /// Starts building new claims from these, for example to add mapped claims of an issuer.
    pub fn into_builder(self) -> ClaimsBuilder {
        let Self { text, parts } = self;
        ClaimsBuilder { text: (*text).to_owned(), parts }
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

/// Compares the values of the claims, not the strings they were read from.
impl PartialEq for Claims {
    fn eq(&self, other: &Self) -> bool {
        let texts = |claims: &Self| {
            let Parts { subject, token_id, client_id, user_id, .. } = claims.parts;
            let Parts { acr, token_use, token_kind, .. } = claims.parts;
            let spans = [subject, token_id, client_id, user_id, acr, token_use, token_kind];
            spans.map(|span| claims.part(span).map(str::to_owned))
        };
        let times =
            |parts: &Parts| (parts.expires_at, parts.issued_at, parts.not_before, parts.auth_time);
        let marks = |parts: &Parts| {
            let ids = (parts.has_id_token_hash, parts.has_nonce);
            (parts.has_confirmation, ids, parts.has_events)
        };
        let (left, right) = (&self.parts, &other.parts);
        self.issuer() == other.issuer()
            && texts(self) == texts(other)
            && times(left) == times(right)
            && marks(left) == marks(right)
            && left.audiences == right.audiences
            && left.scopes == right.scopes
            && left.roles == right.roles
            && left.groups == right.groups
            && left.amr == right.amr
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

/// Builds [`Claims`]. Claims that are not set are absent.
#[derive(Clone)]
pub struct ClaimsBuilder {
    text: String,
    parts: Parts,
}

impl ClaimsBuilder {
    /// Sets `sub`.
    #[must_use]
    pub fn subject(mut self, subject: &str) -> Self {
        self.parts.subject = Some(Span::push(&mut self.text, subject));
        self
    }

    /// Sets `aud` to one audience.
    #[must_use]
    pub fn audience(mut self, audience: Audience) -> Self {
        self.parts.audiences = Some(audience.into());
        self
    }

    /// Sets `iat`.
    #[must_use]
    pub fn issued_at(mut self, time: UnixTime) -> Self {
        self.parts.issued_at = Some(time);
        self
    }

    /// Sets `nbf`.
    #[must_use]
    pub fn not_before(mut self, time: UnixTime) -> Self {
        self.parts.not_before = Some(time);
        self
    }

    /// Sets `auth_time`.
    #[must_use]
    pub fn auth_time(mut self, time: UnixTime) -> Self {
        self.parts.auth_time = Some(time);
        self
    }

    /// Sets `jti`.
    #[must_use]
    pub fn token_id(mut self, id: &str) -> Self {
        self.parts.token_id = Some(Span::push(&mut self.text, id));
        self
    }

    /// Sets the client id.
    #[must_use]
    pub fn client_id(mut self, id: &str) -> Self {
        self.parts.client_id = Some(Span::push(&mut self.text, id));
        self
    }

    /// Sets the user id.
    #[must_use]
    pub fn user_id(mut self, id: &str) -> Self {
        self.parts.user_id = Some(Span::push(&mut self.text, id));
        self
    }

    /// Sets the scopes.
    #[must_use]
    pub fn scopes(mut self, scopes: ScopeSet) -> Self {
        self.parts.scopes = scopes;
        self
    }

    /// Sets `roles`.
    #[must_use]
    pub fn roles(mut self, roles: NameSet) -> Self {
        self.parts.roles = roles;
        self
    }

    /// Sets `groups`.
    #[must_use]
    pub fn groups(mut self, groups: NameSet) -> Self {
        self.parts.groups = groups;
        self
    }

    /// Sets `acr`.
    #[must_use]
    pub fn acr(mut self, acr: &str) -> Self {
        self.parts.acr = Some(Span::push(&mut self.text, acr));
        self
    }

    /// Sets `amr`.
    #[must_use]
    pub fn amr<'a>(mut self, methods: impl IntoIterator<Item = &'a str>) -> Self {
        self.parts.amr = methods.into_iter().map(Into::into).collect();
        self
    }

    /// The finished claims.
    pub fn build(self) -> Claims {
        let Self { text, parts } = self;
        Claims { text: text.into(), parts }
    }
}

impl fmt::Debug for ClaimsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clone().build().fmt(f)
    }
}

#[cfg(test)]
mod tests;
