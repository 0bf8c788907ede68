//! A family of refresh tokens: how it begins, which of its tokens are accepted, and how a use changes it.
//!
//! A family is all refresh tokens that come from one authorization. It is stored as one row. The newest
//! token is that of the family's generation. If tokens rotate, each use starts the next generation. The
//! previous token stays valid for a leeway and returns the newest token again, because the answer may have
//! been lost, or two tabs may have refreshed at once. An older token is a sign of theft: every client that
//! works correctly has replaced it.

use std::cmp::Ordering;
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::MasterKey;

use crate::catalog::{ClientId, RefreshPolicy, RotationType, RuleSpec, ServerId, UserId};
use crate::policy::Granted;
use crate::store::{Change, Family, FamilyBody, FamilyId};
use crate::token::RefreshToken;

/// What is needed to begin a family.
#[derive(Clone, Debug)]
pub struct Begin<'a> {
    /// The authorization server that issues the tokens.
    pub server: &'a ServerId,
    /// The client that gets the tokens.
    pub client: &'a ClientId,
    /// The user.
    pub user: &'a UserId,
    /// What is stored for later refreshes.
    pub body: FamilyBody,
    /// What the policy granted. Its lifetimes apply to the family.
    pub granted: &'a Granted,
    /// The current time.
    pub now: UnixTime,
}

/// Begins a family with the given id. Returns its row and its first token.
pub fn begin(id: FamilyId, master_key: &MasterKey, begin: Begin<'_>) -> (Family, RefreshToken) {
    let Begin { server, client, user, body, granted, now } = begin;
    let ends_at = granted.refresh_lifetime.map_or(UnixTime::MAX, |lifetime| now.plus(lifetime));
    let idle_ends_at = idle_end(now, granted.refresh_window, ends_at);
    let family = Family {
        id,
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

/// The state of a presented refresh token within its family.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shown {
    /// The newest token.
    Newest,
    /// The previous token, within the leeway.
    Parent,
    /// A token that was replaced and is past the leeway. The token was probably stolen.
    Replaced,
    /// A token that is newer than the row. An older backup of the storage was restored.
    Unissued,
}

/// The current state of the token of a generation.
pub(crate) fn shown(
    family: &Family,
    generation: u32,
    policy: RefreshPolicy,
    now: UnixTime,
) -> Shown {
    let leeway = Duration::from_secs(policy.leeway.into());
    let is_within_leeway = !leeway.is_zero() && now <= family.rotated_at.plus(leeway);
    match generation.cmp(&family.generation) {
        Ordering::Equal => Shown::Newest,
        Ordering::Greater => Shown::Unissued,
        Ordering::Less if is_within_leeway && generation + 1 == family.generation => Shown::Parent,
        Ordering::Less => Shown::Replaced,
    }
}

/// Whether a family was revoked or has expired.
pub(crate) fn has_ended(family: &Family, now: UnixTime) -> bool {
    family.revoked || now >= family.idle_ends_at || now >= family.ends_at
}

/// The use of a token: the change of the family, and the generation of the token to return.
///
/// `window` comes from the rule that matches now. The end of the family never changes.
pub(crate) fn go_on(
    family: &Family,
    shown: Shown,
    policy: RefreshPolicy,
    window: Duration,
    now: UnixTime,
) -> (Change, u32) {
    let from = family.generation;
    let (to, rotated_at) = match (shown, policy.rotation_type) {
        (Shown::Newest, RotationType::Rotate) => (from.saturating_add(1), now),
        (_, _) => (from, family.rotated_at),
    };
    let idle_ends_at = idle_end(now, window, family.ends_at);
    // If the window became shorter, access tokens of an earlier use may outlive it.
    let forget_at = forget_at(idle_ends_at).max(family.forget_at);
    let id = family.id.clone();
    (Change::MoveFamily { id, from, to, rotated_at, idle_ends_at, forget_at }, to)
}

/// When a family that is used now expires if it is not used again. Never later than its end.
pub fn idle_end(now: UnixTime, window: Duration, ends_at: UnixTime) -> UnixTime {
    now.plus(window).min(ends_at)
}

/// From when on the row of a family may be deleted: no access token of the family can be alive then.
pub fn forget_at(idle_ends_at: UnixTime) -> UnixTime {
    idle_ends_at.plus(RuleSpec::MAX_ACCESS_TOKEN_LIFETIME)
}

#[cfg(test)]
mod tests {
    use scopegate_claims::{Audience, ScopeSet};

    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn after(seconds: u64) -> UnixTime {
        NOW.plus(Duration::from_secs(seconds))
    }

    fn rotate(leeway: u8) -> RefreshPolicy {
        RefreshPolicy { rotation_type: RotationType::Rotate, leeway }
    }

    /// A family in generation 3 that began now and has a window of one day.
    fn family(lifetime: Option<Duration>) -> Family {
        let granted = Granted {
            scopes: ScopeSet::parse("read:orders offline_access").unwrap(),
            lifetime: Duration::from_secs(600),
            rule: "people/read".to_owned(),
            refresh_lifetime: lifetime,
            refresh_window: DAY,
            hooks: Vec::new(),
            lifetime_cap: None,
        };
        let body = FamilyBody {
            grant_type: "authorization_code".to_owned(),
            scopes: granted.scopes.clone(),
            audience: Audience::parse("api://orders").unwrap(),
            resources: Vec::new(),
            auth: None,
            userinfo_claims: Vec::new(),
            id_token_claims: Vec::new(),
            began_at: NOW,
        };
        let (server, client) = (ServerId::default_server(), ClientId::parse("portal").unwrap());
        let user = UserId::generate();
        let begun = Begin {
            server: &server,
            client: &client,
            user: &user,
            body,
            granted: &granted,
            now: NOW,
        };
        let (family, token) = begin(FamilyId::generate(), &MasterKey::generate(), begun);
        assert_eq!((family.generation, token.as_str().len()), (0, 68));
        Family { generation: 3, ..family }
    }

    #[test]
    fn only_the_previous_token_stays_valid_and_only_within_the_leeway() {
        let family = family(None);
        for (generation, leeway, now, expected) in [
            (3, 0, NOW, Shown::Newest),
            (3, 30, after(1_000_000), Shown::Newest),
            (2, 30, NOW, Shown::Parent),
            (2, 30, after(30), Shown::Parent),
            (2, 30, after(31), Shown::Replaced),
            (2, 0, NOW, Shown::Replaced),
            (1, 30, NOW, Shown::Replaced),
            (0, 60, NOW, Shown::Replaced),
            (4, 30, NOW, Shown::Unissued),
            (u32::MAX, 30, NOW, Shown::Unissued),
        ] {
            let found = shown(&family, generation, rotate(leeway), now);
            assert_eq!(found, expected, "generation {generation}, leeway {leeway}");
        }
    }

    #[test]
    fn only_the_use_of_the_newest_token_rotates() {
        let family = family(None);
        let fixed = RefreshPolicy { rotation_type: RotationType::Static, leeway: 0 };
        for (shown, policy, generation, at) in [
            (Shown::Newest, rotate(30), 4, after(9)),
            (Shown::Parent, rotate(30), 3, NOW),
            (Shown::Newest, fixed, 3, NOW),
        ] {
            let (change, answered) = go_on(&family, shown, policy, DAY, after(9));
            let Change::MoveFamily { from, to, rotated_at, idle_ends_at, .. } = change else {
                unreachable!("a use moves the family")
            };
            assert_eq!((answered, from, to, rotated_at), (generation, 3, generation, at));
            assert_eq!(idle_ends_at, after(9).plus(DAY));
        }
    }

    #[test]
    fn a_family_ends_after_its_window_at_its_end_or_by_revocation() {
        let lasting = family(None);
        assert!(!has_ended(&lasting, NOW.plus(DAY).minus(Duration::from_secs(1))));
        assert!(has_ended(&lasting, NOW.plus(DAY)));
        assert!(has_ended(&Family { revoked: true, ..lasting }, NOW));

        let short = family(Some(DAY * 3 / 2));
        let (change, _) = go_on(&short, Shown::Newest, rotate(0), DAY, NOW.plus(DAY / 2 + DAY / 4));
        let Change::MoveFamily { idle_ends_at, forget_at, .. } = change else {
            unreachable!("a use moves the family")
        };
        assert_eq!(idle_ends_at, NOW.plus(DAY * 3 / 2), "no use moves the end of the family");
        assert!(forget_at >= idle_ends_at.plus(RuleSpec::MAX_ACCESS_TOKEN_LIFETIME));
        let (change, _) = go_on(&short, Shown::Newest, rotate(0), DAY / 24, NOW);
        let Change::MoveFamily { idle_ends_at, forget_at, .. } = change else {
            unreachable!("a use moves the family")
        };
        assert_eq!((idle_ends_at, forget_at), (NOW.plus(DAY / 24), short.forget_at));
    }
}
