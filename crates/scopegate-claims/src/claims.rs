//! The claims of an access token, whichever dialect it was written in.

mod read;
mod write;

use serde::Serialize;

use crate::{Audience, Audiences, Dialect, Issuer, NameSet, ScopeSet, UnixTime};

/// The claims that access tokens have in common (RFC 9068 §2.2 and Okta's names for the same).
///
/// Reading takes either dialect. `scope` and `scp`, `client_id` and `cid` are two names of one thing:
/// where a token has both they must agree, as sets. A member that occurs twice is refused
/// (RFC 7519 §4), and so is a time that is not a number. What a service needs beyond these is its own
/// type, read from the same payload.
///
/// Holding `Claims` proves nothing: the verifier's `Verified` does.
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
#[derive(Clone, Debug, PartialEq)]
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
}

impl Claims {
    /// Begins the claims of a token that is to be issued.
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
        ClaimsBuilder(Self {
            issuer: issuer.as_str().into(),
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
        })
    }

    /// `iss`: who issued the token. A foreign issuer's text need not be a URL.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `exp`: when the token ends.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// `sub`: whom the token speaks of.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// `aud`: for whom it is meant.
    pub fn audiences(&self) -> Option<&Audiences> {
        self.audiences.as_ref()
    }

    /// `iat`: when it was issued.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.issued_at
    }

    /// `nbf`: when it begins.
    pub fn not_before(&self) -> Option<UnixTime> {
        self.not_before
    }

    /// `auth_time`: when the user signed in.
    pub fn auth_time(&self) -> Option<UnixTime> {
        self.auth_time
    }

    /// `jti`: the token's own id.
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// `client_id`, or Okta's `cid`: to which client it was issued.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// `uid`: the user's stable id, absent where no user takes part.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// `scope`, or Okta's `scp`: what the token allows.
    ///
    /// With those that the issuer writes elsewhere, where the layer was told so.
    pub fn scopes(&self) -> &ScopeSet {
        &self.scopes
    }

    /// `roles` (RFC 9068 §2.2.3.1): what the subject is, such as `admin`.
    ///
    /// For a token of an issuer that writes them elsewhere, what the layer was told of that issuer.
    pub fn roles(&self) -> &NameSet {
        &self.roles
    }

    /// `groups` (RFC 9068 §2.2.3.1): where the subject belongs, with the same remark.
    pub fn groups(&self) -> &NameSet {
        &self.groups
    }

    /// `acr`: how strongly the user was authenticated.
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// `amr`: by which methods (RFC 8176).
    pub fn amr(&self) -> impl Iterator<Item = &str> {
        self.amr.iter().map(AsRef::as_ref)
    }

    /// `token_use`: what Amazon Cognito calls the kind of a token.
    pub fn token_use(&self) -> Option<&str> {
        self.token_use.as_deref()
    }

    /// `typ` among the claims: what Keycloak calls the kind of a token.
    pub fn token_kind(&self) -> Option<&str> {
        self.token_kind.as_deref()
    }

    /// Tells whether `cnf` is present: the token is bound to a key (RFC 7800), it is no plain bearer
    /// token.
    pub fn has_confirmation(&self) -> bool {
        self.has_confirmation
    }

    /// Tells whether `at_hash` or `c_hash` is present: only ID tokens have them (OpenID Connect Core
    /// §3.1.3.6 and §3.3.2.11).
    pub fn has_id_token_hash(&self) -> bool {
        self.has_id_token_hash
    }

    /// Begins other claims with what these say, as for a token whose issuer has its own names.
    pub fn into_builder(self) -> ClaimsBuilder {
        ClaimsBuilder(self)
    }

    /// Writes the claims in a dialect.
    pub fn in_dialect(&self, dialect: Dialect) -> impl Serialize + '_ {
        self.in_dialect_with(dialect, &NoExtra {})
    }

    /// Writes the claims in a dialect, and beside them the members of a map or struct.
    ///
    /// The caller sees to it that no extra member bears the name of a claim: a member written twice
    /// makes a token that verifiers refuse.
    pub fn in_dialect_with<'a, X: Serialize>(
        &'a self,
        dialect: Dialect,
        extra: &'a X,
    ) -> impl Serialize + 'a {
        write::Written::new(self, dialect, extra)
    }
}

#[derive(Serialize)]
struct NoExtra {}

/// Builds [`Claims`]; what is not said stays absent.
#[derive(Clone, Debug)]
pub struct ClaimsBuilder(Claims);

impl ClaimsBuilder {
    /// Sets `sub`.
    #[must_use]
    pub fn subject(mut self, subject: &str) -> Self {
        self.0.subject = Some(subject.into());
        self
    }

    /// Sets `aud` to this one.
    #[must_use]
    pub fn audience(mut self, audience: Audience) -> Self {
        self.0.audiences = Some(audience.into());
        self
    }

    /// Sets `iat`.
    #[must_use]
    pub fn issued_at(mut self, time: UnixTime) -> Self {
        self.0.issued_at = Some(time);
        self
    }

    /// Sets `nbf`.
    #[must_use]
    pub fn not_before(mut self, time: UnixTime) -> Self {
        self.0.not_before = Some(time);
        self
    }

    /// Sets `auth_time`.
    #[must_use]
    pub fn auth_time(mut self, time: UnixTime) -> Self {
        self.0.auth_time = Some(time);
        self
    }

    /// Sets `jti`.
    #[must_use]
    pub fn token_id(mut self, id: &str) -> Self {
        self.0.token_id = Some(id.into());
        self
    }

    /// Sets the client id.
    #[must_use]
    pub fn client_id(mut self, id: &str) -> Self {
        self.0.client_id = Some(id.into());
        self
    }

    /// Sets the user id.
    #[must_use]
    pub fn user_id(mut self, id: &str) -> Self {
        self.0.user_id = Some(id.into());
        self
    }

    /// Sets the scopes.
    #[must_use]
    pub fn scopes(mut self, scopes: ScopeSet) -> Self {
        self.0.scopes = scopes;
        self
    }

    /// Sets `roles`.
    #[must_use]
    pub fn roles(mut self, roles: NameSet) -> Self {
        self.0.roles = roles;
        self
    }

    /// Sets `groups`.
    #[must_use]
    pub fn groups(mut self, groups: NameSet) -> Self {
        self.0.groups = groups;
        self
    }

    /// Sets `acr`.
    #[must_use]
    pub fn acr(mut self, acr: &str) -> Self {
        self.0.acr = Some(acr.into());
        self
    }

    /// Sets `amr`.
    #[must_use]
    pub fn amr<'a>(mut self, methods: impl IntoIterator<Item = &'a str>) -> Self {
        self.0.amr = methods.into_iter().map(Into::into).collect();
        self
    }

    /// The finished claims.
    pub fn build(self) -> Claims {
        self.0
    }
}

#[cfg(test)]
mod tests;
