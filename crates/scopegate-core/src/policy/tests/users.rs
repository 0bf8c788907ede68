//! Rules for requests in which a user takes part.

use scopegate_claims::UnixTime;

use super::*;
use crate::catalog::UserId;
use crate::directory::{LoginMatch, Profile, User};

const CODE: &str = "authorization_code";
const SCOPES: [(&str, bool); 2] = [("read", true), ("write", false)];

fn user(login: &str, groups: &[&str]) -> User {
    User {
        id: UserId::generate(),
        login: login.to_owned(),
        login_match: LoginMatch::default(),
        status: Status::Active,
        owner: Owner::Api,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        profile: Profile::default(),
        created_at: UnixTime::from_seconds(1),
        updated_at: UnixTime::from_seconds(1),
        version: 0,
    }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The group `staff` may read and write. Everybody else may only read.
fn world() -> World {
    let mut world = World::new(&SCOPES).policy("people", 1, &["*"]);
    world.rule_for(1, &[], &["staff"], "read write");
    world.rule_for(2, &[], &[], "read");
    world
}

impl World {
    fn rule_for(&mut self, priority: u32, users: &[&str], groups: &[&str], scopes: &str) {
        let spec = RuleSpec {
            priority,
            grant_types: names(&[CODE]),
            scopes: Scopes::Named(ScopeSet::parse(scopes).unwrap()),
            users: names(users),
            groups: names(groups),
            ..RuleSpec::default()
        };
        let key = EntityKey::rule(&ServerId::default_server(), "people", &format!("{priority}"));
        self.put(key, Spec::from(spec));
    }

    /// What the client `portal`, which may refresh, gets for a user.
    fn ask_for(mut self, user: &User, wanted: &Wanted) -> Result<Granted, CallError> {
        let spec =
            ClientSpec { grant_types: names(&[CODE, "refresh_token"]), ..ClientSpec::default() };
        let id = ClientId::parse("portal").unwrap();
        self.put(EntityKey::client(&id), Spec::Client(Box::new(spec)));
        self.ask_as("portal", &ServerId::default_server(), user, wanted)
    }

    fn ask_as(
        self,
        client: &str,
        server: &ServerId,
        user: &User,
        wanted: &Wanted,
    ) -> Result<Granted, CallError> {
        let base = Issuer::parse("https://id.example").unwrap();
        let snapshot = Snapshot::empty(&base).edited(1, self.edits);
        let server = snapshot.server(server).unwrap().unwrap();
        let client = snapshot.client(client).unwrap().unwrap();
        evaluate(&facts(server, client, CODE, Some(user), wanted)).granted()
    }
}

fn named(scopes: &str) -> Wanted {
    Wanted::parse(Some(scopes)).unwrap()
}

fn scopes(granted: Result<Granted, CallError>) -> String {
    granted.unwrap().scopes.to_string()
}

#[test]
fn a_rule_applies_to_its_users_and_groups_and_a_rule_that_names_none_to_everybody() {
    let (alice, bob) = (user("alice", &["staff"]), user("Bob", &[]));
    assert_eq!(world().ask_for(&alice, &named("write")).unwrap().rule, "people/1");
    assert_eq!(world().ask_for(&bob, &named("read")).unwrap().rule, "people/2");
    let refused = world().ask_for(&bob, &named("read write"));
    assert!(matches!(refused, Err(CallError::NoMatchingRule)));

    let mut by_name = World::new(&SCOPES).policy("people", 1, &["*"]);
    by_name.rule_for(1, &["bob"], &["nobody"], "write");
    assert_eq!(scopes(by_name.ask_for(&bob, &named("write"))), "write");
}

#[test]
fn a_rule_need_not_list_standard_scopes() {
    let bob = user("bob", &[]);
    let all = "openid profile email address phone offline_access read";
    assert_eq!(scopes(world().ask_for(&bob, &named(all))), all);
    assert_eq!(scopes(world().ask_for(&bob, &named("openid"))), "openid");
    for unknown in ["groups", "device_sso", "delete"] {
        let refused = world().ask_for(&bob, &named(unknown));
        assert!(matches!(refused, Err(CallError::InvalidScope(_))), "{unknown}");
    }
    let no_rule = World::new(&SCOPES).policy("people", 1, &["*"]).ask_for(&bob, &named("openid"));
    assert!(matches!(no_rule, Err(CallError::NoMatchingRule)));
}

#[test]
fn a_scope_that_needs_consent_is_granted_if_a_user_takes_part() {
    let mut world = world();
    let spec = ScopeSpec { consent: Consent::Required, ..ScopeSpec::default() };
    world.scope("read", spec);
    assert_eq!(scopes(world.ask_for(&user("bob", &[]), &named("read"))), "read");
}

#[test]
fn offline_access_is_left_out_if_it_has_no_use() {
    let bob = user("bob", &[]);
    assert_eq!(scopes(world().ask_for(&bob, &named("profile offline_access"))), "profile");
    let alone = world().ask_for(&bob, &named("offline_access"));
    assert!(matches!(alone, Err(CallError::InvalidScope(_))));
    let default = ServerId::default_server();
    let without_grant = world().ask_as("reader", &default, &bob, &named("openid offline_access"));
    assert_eq!(scopes(without_grant), "openid");
}

#[test]
fn a_refresh_keeps_the_scopes_that_the_rules_still_allow() {
    let before = ScopeSet::parse("openid offline_access read write gone").unwrap();
    let wanted = Wanted::AtMost(before);
    let (alice, bob) = (user("alice", &["staff"]), user("bob", &[]));
    assert_eq!(scopes(world().ask_for(&alice, &wanted)), "openid offline_access read write");
    assert_eq!(scopes(world().ask_for(&bob, &wanted)), "openid offline_access read");

    let mut other = World::new(&SCOPES).policy("people", 1, &["*"]);
    other.scope("other", ScopeSpec::default());
    other.rule_for(1, &[], &[], "other");
    assert_eq!(scopes(other.ask_for(&bob, &wanted)), "openid offline_access");

    let nothing = World::new(&SCOPES).policy("people", 1, &["*"]).ask_for(&bob, &wanted);
    assert!(matches!(nothing, Err(CallError::NoMatchingRule)));
}

#[test]
fn the_org_server_gives_users_standard_scopes_only() {
    let alice = user("alice", &["staff"]);
    let ask = |wanted: &Wanted| world().ask_as("admin", &ServerId::org(), &alice, wanted);
    let granted = ask(&named("openid profile")).unwrap();
    assert_eq!(granted.rule, "org/sign-in");
    assert_eq!(granted.refresh_lifetime, Some(Duration::from_secs(90 * 86_400)));
    for refused in [named("openid read"), named("okta.clients.read"), Wanted::Default] {
        assert!(matches!(ask(&refused), Err(CallError::InvalidScope(_))), "{refused:?}");
    }
}

#[test]
fn only_a_refresh_that_still_says_who_the_user_is_outlives_its_own_scopes() {
    let bob = user("bob", &[]);
    for refused in ["openid write", "profile write", "openid read write"] {
        let outcome = world().ask_for(&bob, &named(refused));
        assert!(matches!(outcome, Err(CallError::NoMatchingRule)), "{refused}");
    }
    let at_most = |text| Wanted::AtMost(ScopeSet::parse(text).unwrap());
    for refused in ["write", "profile write", "write offline_access"] {
        let outcome = world().ask_for(&bob, &at_most(refused));
        assert!(matches!(outcome, Err(CallError::NoMatchingRule)), "{refused}");
    }
    assert_eq!(scopes(world().ask_for(&bob, &at_most("openid profile write"))), "openid profile");
}
