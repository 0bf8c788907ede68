//! Conditions on the address, the sign-in and the time, and expressions.

use super::*;

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
