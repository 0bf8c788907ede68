//! The life of a family of refresh tokens: how it begins, what a token of it is worth, how it goes on.
//!
//! A family is one row, whatever happens to it. Its newest token is the one of its generation; where
//! tokens rotate, each use makes the next generation. The token before the newest one serves for a
//! leeway, and gives the newest one again: the answer may have got lost, or two tabs asked at once.
//! Older ones are known to no honest client.

use std::cmp::Ordering;
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::MasterKey;

use crate::catalog::UserId;
use crate::catalog::{ClientId, RefreshPolicy, RotationType, RuleSpec, ServerId};
use crate::policy::Granted;
use crate::store::{Change, Family, FamilyBody, FamilyId};
use crate::token::RefreshToken;

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

/// Begins a family of an id: the row, and its first token.
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

/// What a token of a family is that somebody shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shown {
    /// The newest one.
    Newest,
    /// The one before, within the leeway. The newest one was not used since: that would have made
    /// the next.
    Parent,
    /// One that was replaced: whoever shows it, somebody has it who should not.
    Replaced,
    /// One that was never issued, by what the row says: an older backup was restored.
    Unissued,
}

/// Tells what the token of a generation is now.
pub(crate) fn shown(
    family: &Family,
    generation: u32,
    policy: RefreshPolicy,
    now: UnixTime,
) -> Shown {
    let leeway = Duration::from_secs(policy.leeway.into());
    let is_in_time = !leeway.is_zero() && now <= family.rotated_at.plus(leeway);
    match generation.cmp(&family.generation) {
        Ordering::Equal => Shown::Newest,
        Ordering::Greater => Shown::Unissued,
        Ordering::Less if is_in_time && generation + 1 == family.generation => Shown::Parent,
        Ordering::Less => Shown::Replaced,
    }
}

/// Tells whether a family has ended, by itself or by somebody.
pub(crate) fn has_ended(family: &Family, now: UnixTime) -> bool {
    family.revoked || now >= family.idle_ends_at || now >= family.ends_at
}

/// How a family goes on after a use: the change, and the generation of the token to answer with.
///
/// Only the window is that of the present rule; the end is the one it began with.
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
    // Access tokens of an earlier use may outlive a window that was made shorter since.
    let forget_at = forget_at(idle_ends_at).max(family.forget_at);
    let id = family.id.clone();
    (Change::MoveFamily { id, from, to, rotated_at, idle_ends_at, forget_at }, to)
}

/// When a family ends that was used now: after its window, but never after its end.
pub fn idle_end(now: UnixTime, window: Duration, ends_at: UnixTime) -> UnixTime {
    now.plus(window).min(ends_at)
}

/// From when on the row of a family may be forgotten: when no access token of it can be alive.
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

    /// A family that began now, with a window of a day, in the third generation.
    fn family(lifetime: Option<Duration>) -> Family {
        let granted = Granted {
            scopes: ScopeSet::parse("read:orders offline_access").unwrap(),
            lifetime: Duration::from_secs(600),
            rule: "people/read".to_owned(),
            refresh_lifetime: lifetime,
            refresh_window: DAY,
        };
        let body = FamilyBody {
            grant_type: "authorization_code".to_owned(),
            scopes: granted.scopes.clone(),
            audience: Audience::parse("api://orders").unwrap(),
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
    fn only_the_parent_serves_again_and_only_within_the_leeway() {
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
        let still = RefreshPolicy { rotation_type: RotationType::Static, leeway: 0 };
        for (shown, policy, generation, at) in [
            (Shown::Newest, rotate(30), 4, after(9)),
            (Shown::Parent, rotate(30), 3, NOW),
            (Shown::Newest, still, 3, NOW),
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
    fn a_family_ends_by_its_window_its_end_or_somebody() {
        let lasting = family(None);
        assert!(!has_ended(&lasting, NOW.plus(DAY).minus(Duration::from_secs(1))));
        assert!(has_ended(&lasting, NOW.plus(DAY)));
        assert!(has_ended(&Family { revoked: true, ..lasting }, NOW));

        let short = family(Some(DAY * 3 / 2));
        let (change, _) = go_on(&short, Shown::Newest, rotate(0), DAY, NOW.plus(DAY / 2 + DAY / 4));
        let Change::MoveFamily { idle_ends_at, forget_at, .. } = change else {
            unreachable!("a use moves the family")
        };
        assert_eq!(idle_ends_at, NOW.plus(DAY * 3 / 2), "no use moves the first end");
        assert!(forget_at >= idle_ends_at.plus(RuleSpec::MAX_ACCESS_TOKEN_LIFETIME));
        let (change, _) = go_on(&short, Shown::Newest, rotate(0), DAY / 24, NOW);
        let Change::MoveFamily { idle_ends_at, forget_at, .. } = change else {
            unreachable!("a use moves the family")
        };
        assert_eq!((idle_ends_at, forget_at), (NOW.plus(DAY / 24), short.forget_at));
    }
}
