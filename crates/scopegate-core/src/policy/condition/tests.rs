use std::collections::BTreeSet;

use scopegate_claims::Issuer;

use super::*;
use crate::catalog::{
    BuiltIn, Client, ClientAuth, ClientId, ClientSpec, Clients, PolicySpec, RuleSpec, Scopes,
    ServerId, Snapshot, Status,
};
use crate::directory::User;
use crate::policy::Wanted;
use crate::testing::{self, NOW};

/// A rule that is tried for a request. Each test changes a part of it.
struct Tried {
    catalog: Snapshot,
    policy: Policy,
    rule: Rule,
    client: Client,
    client_auth: ClientAuth,
    grant_type: &'static str,
    user: Option<User>,
    wanted: Wanted,
    requested: ScopeSet,
}

impl Tried {
    fn new() -> Self {
        let catalog = Snapshot::empty(&Issuer::parse("https://id.example").unwrap());
        let policy = catalog.org().policies()[0].clone();
        let rule = Rule::new("r", RuleSpec::default());
        let client = Client::new(ClientId::parse("portal").unwrap(), ClientSpec::default());
        Self {
            catalog,
            policy,
            rule,
            client,
            client_auth: ClientAuth::ClientSecretBasic,
            grant_type: "authorization_code",
            user: None,
            wanted: Wanted::Default,
            requested: ScopeSet::empty(),
        }
    }

    fn with_user() -> Self {
        Self { user: Some(testing::alice()), ..Self::new() }
    }

    /// Whether the rule, as far as this condition matters, can match.
    fn holds(&self, condition: &dyn Condition) -> bool {
        if !condition.is_written(&self.rule) {
            return true;
        }
        match self.with(|case| condition.check(case)) {
            Verdict::Holds => true,
            Verdict::Fails => false,
            Verdict::Unknown => unreachable!("{} is unknown", condition.name()),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&Case<'_>) -> T) -> T {
        let Self { policy, rule, requested, .. } = self;
        let facts = Facts {
            server: self.catalog.server(&ServerId::default_server()).unwrap().unwrap(),
            client: &self.client,
            client_auth: self.client_auth,
            grant_type: self.grant_type,
            user: self.user.as_ref(),
            authentication: None,
            resources: &[],
            address: None,
            now: NOW,
            wanted: &self.wanted,
        };
        look(&Case { facts: &facts, policy, rule, requested })
    }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

#[test]
fn clients_a_policy_applies_to_all_clients_or_to_those_it_names() {
    let mut tried = Tried::new();
    let named =
        |ids: &[&str]| Clients::Named(ids.iter().map(|id| ClientId::parse(id).unwrap()).collect());
    for (clients, holds) in
        [(Clients::All, true), (named(&["a", "portal"]), true), (named(&["a"]), false)]
    {
        tried.policy.spec = Some(PolicySpec { priority: 1, clients, status: Status::Active });
        assert_eq!(tried.holds(&client::ClientIsNamed), holds);
    }
    tried.policy.spec = None;
    assert!(!tried.holds(&client::ClientIsNamed), "rules without their policy apply to no client");
}

#[test]
fn grant_types_a_rule_applies_to_those_it_lists_and_a_built_in_rule_to_all() {
    let mut tried = Tried::new();
    for (listed, holds) in [(&["client_credentials"][..], false), (&["authorization_code"], true)] {
        tried.rule.spec.grant_types = names(listed);
        assert_eq!(tried.holds(&grant_type::GrantTypeIsListed), holds);
    }
    tried.rule.spec.grant_types.clear();
    assert!(!tried.holds(&grant_type::GrantTypeIsListed));
    tried.rule = Rule::built_in("r", RuleSpec::default(), BuiltIn::Users);
    assert!(tried.holds(&grant_type::GrantTypeIsListed));
}

#[test]
fn groups_a_rule_applies_to_its_users_and_groups_or_to_everybody() {
    // The user alice is in the group staff.
    for (users, groups, holds) in [
        (&[][..], &[][..], true),
        (&["alice"], &[], true),
        (&[], &["staff"], true),
        (&["bob"], &["staff"], true),
        (&["alice"], &["guests"], true),
        (&["bob"], &[], false),
        (&[], &["guests"], false),
        (&["staff"], &["alice"], false),
    ] {
        let mut tried = Tried::with_user();
        (tried.rule.spec.users, tried.rule.spec.groups) = (names(users), names(groups));
        assert_eq!(tried.holds(&user::UserIsAmong), holds, "{users:?} {groups:?}");
        tried.user = None;
        assert!(tried.holds(&user::UserIsAmong), "without a user it applies to all clients");
    }
}

#[test]
fn built_in_the_org_servers_rules_apply_to_admin_clients_with_a_key_and_to_users() {
    let admin = || {
        let spec = ClientSpec { admin: true, ..ClientSpec::default() };
        Tried {
            rule: Rule::built_in("r", RuleSpec::default(), BuiltIn::AdminClients),
            client: Client::new(ClientId::parse("admin").unwrap(), spec),
            client_auth: ClientAuth::PrivateKeyJwt,
            wanted: Wanted::Named(scopes("okta.apps.read")),
            ..Tried::new()
        }
    };
    let holds = |tried: &Tried| tried.holds(&built_in::BuiltInRule);
    assert!(holds(&admin()));
    assert!(!holds(&Tried { user: Some(testing::alice()), ..admin() }));
    assert!(!holds(&Tried { client: Tried::new().client, ..admin() }));
    assert!(!holds(&Tried { client_auth: ClientAuth::ClientSecretBasic, ..admin() }));
    assert!(!holds(&Tried { wanted: Wanted::Default, ..admin() }));
    assert!(!holds(&Tried { wanted: Wanted::AtMost(scopes("okta.apps.read")), ..admin() }));

    let for_users = || Rule::built_in("r", RuleSpec::default(), BuiltIn::Users);
    assert!(holds(&Tried { rule: for_users(), ..Tried::with_user() }));
    assert!(!holds(&Tried { rule: for_users(), ..Tried::new() }));
    assert!(holds(&Tried::new()), "a rule of the catalog is not built in");
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
        tried.rule.spec.scopes = listed.map_or(Scopes::Any, |listed| Scopes::Named(scopes(listed)));
        (tried.wanted, tried.requested) = (wanted, scopes(asked));
        assert_eq!(tried.holds(&scope::ScopesFit), holds, "{listed:?}: {asked}");
        let scopes_given = tried.with(|case| case.scopes_given());
        assert_eq!(scopes_given, scopes(given), "{listed:?}: {asked}");
    }
}

#[test]
fn each_condition_has_the_name_of_its_key_in_the_catalog_file() {
    let named: Vec<_> = CONDITIONS.iter().map(|condition| condition.name()).collect();
    assert_eq!(named, ["clients", "grant_types", "built_in", "groups", "scopes"]);
}
