//! Building the claims of a new token.

use super::Claims;
use crate::{Audience, Issuer, NameSet, ScopeSet, UnixTime};

/// Builds [`Claims`]. Claims that are not set are absent.
#[derive(Clone, Debug)]
pub struct ClaimsBuilder {
    claims: Claims,
}

impl ClaimsBuilder {
    pub(super) fn new(issuer: &Issuer, expires_at: UnixTime) -> Self {
        let claims = Claims {
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
            has_nonce: false,
            has_events: false,
        };
        Self { claims }
    }

    pub(super) fn from_claims(claims: Claims) -> Self {
        Self { claims }
    }

    /// Sets `sub`.
    #[must_use]
    pub fn subject(mut self, subject: &str) -> Self {
        self.claims.subject = Some(subject.into());
        self
    }

    /// Sets `aud` to one audience.
    #[must_use]
    pub fn audience(mut self, audience: Audience) -> Self {
        self.claims.audiences = Some(audience.into());
        self
    }

    /// Sets `iat`.
    #[must_use]
    pub fn issued_at(mut self, time: UnixTime) -> Self {
        self.claims.issued_at = Some(time);
        self
    }

    /// Sets `nbf`.
    #[must_use]
    pub fn not_before(mut self, time: UnixTime) -> Self {
        self.claims.not_before = Some(time);
        self
    }

    /// Sets `auth_time`.
    #[must_use]
    pub fn auth_time(mut self, time: UnixTime) -> Self {
        self.claims.auth_time = Some(time);
        self
    }

    /// Sets `jti`.
    #[must_use]
    pub fn token_id(mut self, id: &str) -> Self {
        self.claims.token_id = Some(id.into());
        self
    }

    /// Sets the client id.
    #[must_use]
    pub fn client_id(mut self, id: &str) -> Self {
        self.claims.client_id = Some(id.into());
        self
    }

    /// Sets the user id.
    #[must_use]
    pub fn user_id(mut self, id: &str) -> Self {
        self.claims.user_id = Some(id.into());
        self
    }

    /// Sets the scopes.
    #[must_use]
    pub fn scopes(mut self, scopes: ScopeSet) -> Self {
        self.claims.scopes = scopes;
        self
    }

    /// Sets `roles`.
    #[must_use]
    pub fn roles(mut self, roles: NameSet) -> Self {
        self.claims.roles = roles;
        self
    }

    /// Sets `groups`.
    #[must_use]
    pub fn groups(mut self, groups: NameSet) -> Self {
        self.claims.groups = groups;
        self
    }

    /// Sets `acr`.
    #[must_use]
    pub fn acr(mut self, acr: &str) -> Self {
        self.claims.acr = Some(acr.into());
        self
    }

    /// Sets `amr`.
    #[must_use]
    pub fn amr<'a>(mut self, methods: impl IntoIterator<Item = &'a str>) -> Self {
        self.claims.amr = methods.into_iter().map(Into::into).collect();
        self
    }

    /// The finished claims.
    pub fn build(self) -> Claims {
        self.claims
    }
}
