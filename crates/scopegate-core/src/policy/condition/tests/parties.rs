//! Conditions on the client, its grant type and authentication, and the user.

use super::*;

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
