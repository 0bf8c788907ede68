//! The life of a family of refresh tokens.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::MasterKey;

use crate::catalog::{ClientId, RuleSpec, ServerId};
use crate::people::UserId;
use crate::policy::Granted;
use crate::refresh_token::RefreshToken;
use crate::store::{Family, FamilyBody, FamilyId};

/// What a family begins with.
#[derive(Clone, Debug)]
pub struct Begin<'a> {
    /// The server that issues it.
    pub server: &'a ServerId,
    /// The client that gets it.
    pub client: &'a ClientId,
    /// The person.
    pub user: &'a UserId,
    /// What is granted.
    pub body: FamilyBody,
    /// How long it lives.
    pub granted: &'a Granted,
    /// The present.
    pub now: UnixTime,
}

/// Begins a family: the row, and its first token.
pub fn begin(master_key: &MasterKey, begin: Begin<'_>) -> (Family, RefreshToken) {
    let Begin { server, client, user, body, granted, now } = begin;
    let ends_at = granted.refresh_lifetime.map_or(UnixTime::MAX, |lifetime| now.plus(lifetime));
    let idle_ends_at = idle_end(now, granted.refresh_window, ends_at);
    let family = Family {
        id: FamilyId::generate(),
        server: server.clone(),
        client: client.clone(),
        user: user.clone(),
        session: body.auth.as_ref().and_then(|auth| auth.session.clone()),
        generation: 0,
        rotated_at: now,
        idle_ends_at,
        ends_at,
        revoked: false,
        forget_at: forget_at(idle_ends_at),
        body,
    };
    let token = RefreshToken::derive(master_key, &family.id, family.generation);
    (family, token)
}

/// When a family ends that was used now: after its window, but never after its end.
pub fn idle_end(now: UnixTime, window: Duration, ends_at: UnixTime) -> UnixTime {
    now.plus(window).min(ends_at)
}

/// From when on the row of a family may be forgotten: when no access token of it can be alive.
pub fn forget_at(idle_ends_at: UnixTime) -> UnixTime {
    idle_ends_at.plus(RuleSpec::MAX_ACCESS_TOKEN_LIFETIME)
}
