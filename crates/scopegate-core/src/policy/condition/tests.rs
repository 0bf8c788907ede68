use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::{Issuer, UnixTime};

use super::*;
use crate::catalog::{
    Client, ClientAuth, ClientId, ClientSpec, Clients, ClockTime, Day, Edit, Entity, EntityKey,
    EntityKind, Hours, Network, Owner, PolicySpec, Resource, RuleSpec, Scopes, ServerId, Snapshot,
    Spec, Status, ZoneSpec,
};
use crate::directory::{Authentication, User};
use crate::expression::Expression;
use crate::policy::Wanted;
use crate::testing::{self, NOW};

/// A rule that is tried for a request. Each test changes a part of it.
struct Tried {
    policy: Option<PolicySpec>,
    rule: RuleSpec,
    client: Client,
    client_auth: ClientAuth,
    grant_type: &'static str,
    user: Option<User>,
    authentication: Option<Authentication>,
    resources: Vec<&'static str>,
    address: Option<&'static str>,
    now: UnixTime,
    wanted: Wanted,
    requested: ScopeSet,
}

impl Tried {
    fn new() -> Self {
        Self {
            policy: Some(policy_for(Clients::All)),
            rule: RuleSpec::default(),
            client: Client::new(ClientId::parse("portal").unwrap(), ClientSpec::default()),
            client_auth: ClientAuth::ClientSecretBasic,
            grant_type: "authorization_code",
            user: None,
            authentication: None,
            resources: Vec::new(),
            address: None,
            now: NOW,
            wanted: Wanted::Default,
            requested: ScopeSet::empty(),
        }
    }

    fn with_user() -> Self {
        Self { user: Some(testing::alice()), ..Self::new() }
    }

    fn named(&self, name: &str) -> &'static dyn Condition {
        let named = CONDITIONS.iter().find(|condition| condition.name() == name);
        *named.expect("a condition of this name")
    }

    /// The result of a condition of a rule that has it.
    fn check(&self, name: &str) -> Verdict {
        self.with(|case| {
            assert!(self.named(name).is_written(case.rule), "the rule has no {name}");
            self.named(name).check(case)
        })
    }

    /// What an explanation shows.
    fn shown(&self, name: &str) -> (String, String) {
        let condition = self.named(name);
        self.with(|case| (condition.wanted(case), condition.found(case)))
    }

    /// Whether the rule matches, as far as the conditions other than its scopes matter: as an allow rule, and as
    /// a deny rule.
    fn matches(&mut self) -> (bool, bool) {
        self.rule.grant_types = names(&[self.grant_type]);
        self.rule.scopes = Scopes::Any;
        let mut matches = |effect| {
            self.rule.effect = effect;
            self.wanted = Wanted::Named(self.requested.clone());
            self.with(|case| case.first_that_fails().is_none())
        };
        (matches(Effect::Allow), matches(Effect::Deny))
    }

    /// Looks at the rule as it is in a catalog with the zones `office` and `vpn`.
    fn with<T>(&self, look: impl FnOnce(&Case<'_>) -> T) -> T {
        let server = ServerId::default_server();
        let zone = |name: &str, network| {
            let networks = vec![Network::parse(network).unwrap()];
            (EntityKey::zone(name), Spec::Zone(ZoneSpec { networks }))
        };
        let policy = PolicySpec { clients: Clients::All, ..policy_for(Clients::All) };
        let entities = [
            zone("office", "192.0.2.0/24"),
            zone("vpn", "2001:db8::/32"),
            (EntityKey::of_server(EntityKind::Policy, &server, "p"), Spec::Policy(policy)),
            (EntityKey::rule(&server, "p", "r"), Spec::Rule(self.rule.clone())),
        ];
        let put = |(key, spec)| Edit::Put(Entity { key, owner: Owner::File, spec });
        let catalog = Snapshot::empty(&Issuer::parse("https://id.example").unwrap())
            .edited(1, entities.map(put).into());
        let server = catalog.server(&server).unwrap().unwrap();
        let mut policy = server.policies()[0].clone();
        policy.spec = self.policy.clone();
        let resources: Vec<_> = self.resources.iter().map(|text| Resource::new(text)).collect();
        let facts = Facts {
            server,
            client: &self.client,
            client_auth: self.client_auth,
            grant_type: self.grant_type,
            user: self.user.as_ref(),
            authentication: self.authentication.as_ref(),
            resources: &resources,
            address: self.address.map(|text| text.parse::<IpAddr>().unwrap()),
            now: self.now,
            wanted: &self.wanted,
        };
        let rule = &server.policies()[0].rules()[0];
        look(&Case { facts: &facts, policy: &policy, rule, requested: &self.requested })
    }
}

fn policy_for(clients: Clients) -> PolicySpec {
    PolicySpec { priority: 1, description: String::new(), clients, status: Status::Active }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

fn signed_in(acr: &str, at: UnixTime) -> Option<Authentication> {
    Some(Authentication { at, acr: acr.to_owned(), amr: Vec::new(), session: None })
}

use Verdict::{Fails, Holds, Unknown};

#[test]
fn clients_a_policy_applies_to_all_clients_or_to_those_it_names() {
    let mut tried = Tried::new();
    let named =
        |ids: &[&str]| Clients::Named(ids.iter().map(|id| ClientId::parse(id).unwrap()).collect());
    for (clients, verdict) in
        [(Clients::All, Holds), (named(&["a", "portal"]), Holds), (named(&["a", "b"]), Fails)]
    {
        tried.policy = Some(policy_for(clients));
        assert_eq!(tried.check("clients"), verdict);
    }
    assert_eq!(tried.shown("clients"), ("a, b".into(), "portal".into()));
    tried.policy = None;
    assert_eq!(tried.check("clients"), Fails, "rules without their policy apply to no client");
}

#[test]
fn grant_types_a_rule_applies_to_those_it_lists_and_a_built_in_rule_to_all() {
    let mut tried = Tried::new();
    for (listed, verdict) in
        [(&["client_credentials"][..], Fails), (&["authorization_code"], Holds), (&[], Fails)]
    {
        tried.rule.grant_types = names(listed);
        assert_eq!(tried.check("grant_types"), verdict);
    }
    assert_eq!(tried.shown("grant_types"), ("none".into(), "authorization_code".into()));
    let catalog = Snapshot::empty(&Issuer::parse("https://id.example").unwrap());
    for rule in catalog.org().policies()[0].rules() {
        assert!(!grant_type::GrantTypeIsListed.is_written(rule));
    }
}

#[test]
fn groups_a_rule_applies_to_its_users_and_groups() {
    // The user alice is in the group staff.
    for (users, groups, verdict) in [
        (&["alice"][..], &[][..], Holds),
        (&[], &["staff"], Holds),
        (&["bob"], &["staff"], Holds),
        (&["alice"], &["guests"], Holds),
        (&["bob"], &[], Fails),
        (&[], &["guests"], Fails),
        (&["staff"], &["alice"], Fails),
    ] {
        let mut tried = Tried::with_user();
        (tried.rule.users, tried.rule.groups) = (names(users), names(groups));
        assert_eq!(tried.check("groups"), verdict, "{users:?} {groups:?}");
        tried.user = None;
        assert_eq!(tried.check("groups"), Holds, "without a user it applies to all clients");
    }
    let mut tried = Tried::with_user();
    assert_eq!(tried.matches(), (true, true), "a rule that names nobody applies to everybody");
    tried.rule.groups = names(&["sales"]);
    assert_eq!(tried.matches(), (false, false));
    assert_eq!(tried.shown("groups"), ("sales".into(), "staff".into()));
    tried.rule.users = names(&["bob"]);
    assert_eq!(tried.shown("groups"), ("sales, or user bob".into(), "staff, user alice".into()));
}

#[test]
fn built_in_the_org_servers_rules_apply_to_admin_clients_with_a_key_and_to_users() {
    let catalog = Snapshot::empty(&Issuer::parse("https://id.example").unwrap());
    let policy = &catalog.org().policies()[0];
    let check = |tried: &Tried, place: usize| {
        tried.with(|case| {
            let case = Case { policy, rule: &policy.rules()[place], ..*case };
            assert!(built_in::BuiltInRule.is_written(case.rule));
            built_in::BuiltInRule.check(&case)
        })
    };
    let admin = || {
        let spec = ClientSpec { admin: true, ..ClientSpec::default() };
        Tried {
            client: Client::new(ClientId::parse("admin").unwrap(), spec),
            client_auth: ClientAuth::PrivateKeyJwt,
            wanted: Wanted::Named(scopes("okta.apps.read")),
            ..Tried::new()
        }
    };
    let is_admin = |tried: &Tried| check(tried, 0);
    assert_eq!(is_admin(&admin()), Holds);
    assert_eq!(is_admin(&Tried { user: Some(testing::alice()), ..admin() }), Fails);
    assert_eq!(is_admin(&Tried { client: Tried::new().client, ..admin() }), Fails);
    assert_eq!(is_admin(&Tried { client_auth: ClientAuth::ClientSecretBasic, ..admin() }), Fails);
    assert_eq!(is_admin(&Tried { wanted: Wanted::Default, ..admin() }), Fails);
    let at_most = Wanted::AtMost(scopes("okta.apps.read"));
    assert_eq!(is_admin(&Tried { wanted: at_most, ..admin() }), Fails);

    assert_eq!(check(&Tried::with_user(), 1), Holds);
    assert_eq!(check(&Tried::new(), 1), Fails);
    Tried::new().with(|case| assert!(!built_in::BuiltInRule.is_written(case.rule)));
}

#[test]
fn client_auth_a_rule_applies_to_the_methods_it_lists() {
    let mut tried = Tried::new();
    tried.rule.client_auth = [ClientAuth::PrivateKeyJwt, ClientAuth::None].into();
    assert_eq!(tried.check("client_auth"), Fails);
    assert_eq!(tried.matches(), (false, false));
    let wanted = "private_key_jwt, none".to_owned();
    assert_eq!(tried.shown("client_auth"), (wanted, "client_secret_basic".into()));
    tried.client_auth = ClientAuth::PrivateKeyJwt;
    assert_eq!((tried.check("client_auth"), tried.matches()), (Holds, (true, true)));
}

#[test]
fn scopes_a_rule_must_give_all_named_scopes_or_one_api_scope_if_none_is_named() {
    let named = |text: &str| Wanted::Named(scopes(text));
    let at_most = |text: &str| Wanted::AtMost(scopes(text));
    for (listed, has_user, wanted, asked, holds, given) in [
        (Some("read write"), false, named("read"), "read", true, "read"),
        (Some("read"), false, named("read write"), "read write", false, "read"),
        (Some("read"), false, named("openid read"), "openid read", false, "read"),
        (Some("read"), true, named("openid read"), "openid read", true, "openid read"),
        (Some("read"), true, named("openid"), "openid", true, "openid"),
        (Some("read"), true, named("groups"), "groups", false, ""),
        (None, false, named("read write"), "read write", true, "read write"),
        // The request names no scope: the default scopes, or those of an earlier grant.
        (Some("read"), false, Wanted::Default, "read write", true, "read"),
        (Some("other"), false, Wanted::Default, "read write", false, ""),
        (
            Some("read"),
            true,
            at_most("openid read write"),
            "openid read write",
            true,
            "openid read",
        ),
        (Some("other"), true, at_most("openid read"), "openid read", false, "openid"),
        (Some("other"), true, at_most("openid"), "openid", true, "openid"),
        (Some("other"), true, at_most("read"), "read", false, ""),
        (Some("other"), false, at_most(""), "", false, ""),
    ] {
        let mut tried = if has_user { Tried::with_user() } else { Tried::new() };
        tried.rule.scopes = listed.map_or(Scopes::Any, |listed| Scopes::Named(scopes(listed)));
        (tried.wanted, tried.requested) = (wanted, scopes(asked));
        assert_eq!(tried.check("scopes"), Verdict::of(holds), "{listed:?}: {asked}");
        let scopes_given = tried.with(|case| case.scopes_given().to_string());
        assert_eq!(scopes_given, given, "{listed:?}: {asked}");
    }
}

#[test]
fn narrow_a_rule_gives_the_scopes_inside_unless_only_those_of_openid_are_left() {
    for (has_user, asked, verdict, given) in [
        (false, "read write", Holds, "read"),
        (false, "read", Holds, "read"),
        (false, "write", Fails, ""),
        (true, "openid read write", Holds, "openid read"),
        (true, "openid write", Fails, "openid"),
        (true, "openid profile", Holds, "openid profile"),
    ] {
        let mut tried = if has_user { Tried::with_user() } else { Tried::new() };
        tried.rule.scopes = Scopes::Named(scopes("read"));
        tried.rule.narrow = true;
        (tried.wanted, tried.requested) = (Wanted::Named(scopes(asked)), scopes(asked));
        assert_eq!(tried.check("scopes"), verdict, "{asked}");
        assert_eq!(tried.with(|case| case.scopes_given().to_string()), given, "{asked}");
    }
}

#[test]
fn scopes_a_deny_rule_matches_if_one_requested_scope_is_inside() {
    for (listed, asked, verdict) in [
        (Some("write delete"), "read write", Holds),
        (Some("write"), "read", Fails),
        (Some("write"), "openid read", Fails),
        (Some("openid"), "openid read", Holds),
        (None, "read", Holds),
        (None, "openid", Holds),
        (None, "", Holds),
        (Some("write"), "", Fails),
    ] {
        for wanted in [Wanted::Named(scopes(asked)), Wanted::Default, Wanted::AtMost(scopes(asked))]
        {
            let mut tried = Tried { wanted, requested: scopes(asked), ..Tried::with_user() };
            tried.rule.effect = Effect::Deny;
            tried.rule.scopes = listed.map_or(Scopes::Any, |listed| Scopes::Named(scopes(listed)));
            assert_eq!(tried.check("scopes"), verdict, "{listed:?}: {asked}");
        }
    }
}

#[test]
fn resources_a_rule_lists_those_that_may_be_requested() {
    let mut tried = Tried::new();
    tried.rule.resources = names(&["https://a.example", "https://b.example/x"]);
    for (requested, allows, denies) in [
        (&["https://a.example"][..], true, true),
        (&["HTTPS://A.example:443/"], true, true),
        (&["https://a.example", "https://b.example/x"], true, true),
        (&["https://a.example", "https://c.example"], false, true),
        (&["https://b.example"], false, false),
        // No resource is in no list.
        (&[], false, false),
    ] {
        tried.resources = requested.to_vec();
        assert_eq!(tried.matches(), (allows, denies), "{requested:?}");
    }
    let wanted = "https://a.example, https://b.example/x".to_owned();
    assert_eq!(tried.shown("resources"), (wanted, "no resource".into()));
}

#[test]
fn zones_a_request_comes_from_one_of_them() {
    let mut tried = Tried::new();
    tried.rule.zones = names(&["office", "vpn"]);
    for address in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"] {
        tried.address = Some(address);
        assert_eq!((tried.check("zones"), tried.matches()), (Holds, (true, true)), "{address}");
    }
    tried.address = Some("198.51.100.1");
    assert_eq!((tried.check("zones"), tried.matches()), (Fails, (false, false)));
    assert_eq!(tried.shown("zones"), ("office, vpn".into(), "198.51.100.1".into()));
    tried.address = None;
    assert_eq!((tried.check("zones"), tried.matches()), (Unknown, (false, true)));
    assert_eq!(tried.shown("zones").1, "an unknown address");
}

#[test]
fn not_zones_a_request_comes_from_none_of_them() {
    let mut tried = Tried::new();
    tried.rule.not_zones = names(&["office", "vpn"]);
    tried.address = Some("198.51.100.1");
    assert_eq!((tried.check("not_zones"), tried.matches()), (Holds, (true, true)));
    tried.address = Some("2001:db8::1");
    assert_eq!((tried.check("not_zones"), tried.matches()), (Fails, (false, false)));
    assert_eq!(tried.shown("not_zones"), ("outside of office, vpn".into(), "2001:db8::1".into()));
    tried.address = None;
    assert_eq!((tried.check("not_zones"), tried.matches()), (Unknown, (false, true)));
}

#[test]
fn a_zone_that_cannot_be_read_makes_its_conditions_unknown_where_they_depend_on_it() {
    let mut tried = Tried::new();
    tried.rule.zones = names(&["office", "unreadable"]);
    tried.rule.not_zones = names(&["vpn", "unreadable"]);
    for (address, zones, not_zones) in
        [("192.0.2.1", Holds, Unknown), ("2001:db8::1", Unknown, Fails), ("::1", Unknown, Unknown)]
    {
        tried.address = Some(address);
        assert_eq!((tried.check("zones"), tried.check("not_zones")), (zones, not_zones));
    }
}

#[test]
fn acr_values_a_sign_in_is_as_strong_as_one_of_them() {
    let mut tried = Tried::with_user();
    tried.rule.acr_values = names(&["urn:okta:loa:2fa:any"]);
    for (acr, verdict, matches) in [
        ("phr", Holds, (true, true)),
        ("urn:okta:loa:2fa:any", Holds, (true, true)),
        ("urn:okta:loa:1fa:pwd", Fails, (false, false)),
    ] {
        tried.authentication = signed_in(acr, NOW);
        assert_eq!((tried.check("acr_values"), tried.matches()), (verdict, matches), "{acr}");
    }
    let shown = ("urn:okta:loa:2fa:any".into(), "urn:okta:loa:1fa:pwd".into());
    assert_eq!(tried.shown("acr_values"), shown);
    tried.rule.acr_values.insert("urn:okta:loa:1fa:any".to_owned());
    assert_eq!(tried.check("acr_values"), Holds, "the weakest is enough");
    for (user, authentication) in
        [(Some(testing::alice()), None), (None, signed_in("phr", NOW)), (None, None)]
    {
        (tried.user, tried.authentication) = (user, authentication);
        assert_eq!((tried.check("acr_values"), tried.matches()), (Unknown, (false, true)));
        assert_eq!(tried.shown("acr_values").1, "no sign-in");
    }
}

#[test]
fn max_age_a_sign_in_is_not_older() {
    let mut tried = Tried::with_user();
    tried.rule.max_age = Some(Duration::from_secs(900));
    let ago = |seconds: u64| UnixTime::from_seconds(NOW.as_seconds() - seconds);
    let later = UnixTime::from_seconds(NOW.as_seconds() + 5);
    for (at, verdict, matches) in [
        (NOW, Holds, (true, true)),
        (later, Holds, (true, true)),
        (ago(900), Holds, (true, true)),
        (ago(901), Fails, (false, false)),
    ] {
        tried.authentication = signed_in("phr", at);
        assert_eq!((tried.check("max_age"), tried.matches()), (verdict, matches), "{at:?}");
    }
    let shown = ("a sign-in at most 15m ago".into(), "a sign-in 901s ago".into());
    assert_eq!(tried.shown("max_age"), shown);
    for (user, authentication) in
        [(Some(testing::alice()), None), (None, signed_in("phr", NOW)), (None, None)]
    {
        (tried.user, tried.authentication) = (user, authentication);
        assert_eq!((tried.check("max_age"), tried.matches()), (Unknown, (false, true)));
    }
}

#[test]
fn hours_a_rule_applies_at_its_days_and_times() {
    let mut tried = Tried::new();
    let hours = |zone: &str| Hours {
        days: [Day::Mon, Day::Tue].into(),
        from: ClockTime::parse("08:00").unwrap(),
        to: ClockTime::parse("18:00").unwrap(),
        time_zone: zone.to_owned(),
    };
    tried.rule.hours = Some(hours("Europe/Berlin"));
    // 2026-11-30 is a Monday, and Berlin is one hour ahead of UTC.
    let midnight = 1_796_000_400 - 1_796_000_400 % 86_400;
    let at = |hour: u64| UnixTime::from_seconds(midnight + hour * 3600);
    tried.now = at(7);
    assert_eq!((tried.check("hours"), tried.matches()), (Holds, (true, true)));
    tried.now = at(17);
    assert_eq!((tried.check("hours"), tried.matches()), (Fails, (false, false)));
    let wanted = "mon, tue 08:00 to 18:00 Europe/Berlin".to_owned();
    assert_eq!(tried.shown("hours"), (wanted, "mon 18:00 Europe/Berlin".into()));
    tried.rule.hours = Some(hours("Europe/Atlantis"));
    assert_eq!((tried.check("hours"), tried.matches()), (Unknown, (false, true)));
}

#[test]
fn when_an_expression_is_true() {
    let mut tried = Tried::with_user();
    let mut check = |text: &str| {
        let when = Expression::parse(text, crate::expression::Wanted::Boolean).unwrap();
        tried.rule.when = Some(when);
        (tried.check("when"), tried.matches())
    };
    assert_eq!(check("user.login == 'alice' && 'staff' in user.groups"), (Holds, (true, true)));
    assert_eq!(check("client.id == 'other'"), (Fails, (false, false)));
    let failing = "client.attributes.tenant == user.login";
    assert_eq!(check(failing), (Unknown, (false, true)), "the client has no tenant");
    let (wanted, found) = tried.shown("when");
    assert_eq!(wanted, failing);
    assert!(found.starts_with("it cannot be evaluated: ") && !found.contains("alice"), "{found}");
    tried.user = None;
    let mut check = |text: &str| {
        let when = Expression::parse(text, crate::expression::Wanted::Boolean).unwrap();
        tried.rule.when = Some(when);
        tried.check("when")
    };
    assert_eq!(check("user.login == 'alice'"), Unknown, "no user takes part");
    assert_eq!(check("has(user.login)"), Fails);
}

#[test]
fn when_an_expression_reads_the_facts_of_the_request() {
    let mut tried = Tried {
        resources: vec!["api://default"],
        address: Some("192.0.2.1"),
        authentication: signed_in("phr", NOW),
        requested: scopes("read write"),
        ..Tried::with_user()
    };
    for text in [
        "user.id == '00u00000000000000001'",
        "client.id == 'portal' && client.type == 'web' || client.type == 'service'",
        "server.id == 'default' && server.audience == 'api://default'",
        "scopes == ['read', 'write']",
        "request.grant_type == 'authorization_code' && request.address == '192.0.2.1'",
        "request.resource == 'api://default'",
        "session.acr == 'phr' && session.auth_time == request.time",
    ] {
        let when = Expression::parse(text, crate::expression::Wanted::Boolean).unwrap();
        tried.rule.when = Some(when);
        assert_eq!(tried.check("when"), Holds, "{text}: {:?}", tried.shown("when"));
    }
}

#[test]
fn when_an_expression_that_reads_only_the_catalog_depends_on_nothing_else() {
    let mut tried = Tried::new();
    for (text, dependence) in [
        (
            "client.id == 'a' && has(user.login) && 'a' in scopes && server.id == 'b'",
            Dependence::Catalog,
        ),
        ("request.grant_type == 'a'", Dependence::Circumstances),
        ("has(user.login) || session.acr == 'phr'", Dependence::Circumstances),
    ] {
        let when = Expression::parse(text, crate::expression::Wanted::Boolean).unwrap();
        tried.rule.when = Some(when);
        let found = tried.with(|case| tried.named("when").depends_on(case.rule));
        assert_eq!(found, dependence, "{text}");
    }
}

#[test]
fn each_condition_has_the_name_of_its_key_in_the_catalog_file() {
    let named: Vec<_> = CONDITIONS.iter().map(|condition| condition.name()).collect();
    assert_eq!(
        named,
        [
            "clients",
            "grant_types",
            "scopes",
            "built_in",
            "groups",
            "client_auth",
            "resources",
            "zones",
            "not_zones",
            "acr_values",
            "max_age",
            "hours",
            "when"
        ]
    );
}

#[test]
fn what_the_catalog_decides_is_tried_first() {
    Tried::new().with(|case| {
        let depends = CONDITIONS.iter().map(|condition| condition.depends_on(case.rule));
        let after_first = depends.skip_while(|dependence| *dependence == Dependence::Catalog);
        assert!(after_first.into_iter().all(|dependence| dependence == Dependence::Circumstances));
    });
}

#[test]
fn a_rule_of_the_index_needs_the_other_conditions_only() {
    assert_eq!((INDEXED, CONDITIONS[usize::from(SCOPES)].name()), (2, "scopes"));
    let mut tried = Tried { grant_type: "other", ..Tried::new() };
    tried.rule.scopes = Scopes::Any;
    tried.rule.effect = Effect::Deny;
    tried.policy = None;
    tried.with(|case| {
        assert_eq!((case.first_that_fails(), case.first_of_indexed()), (Some(0), None));
    });
}
