//! Conditions on the scopes and resources that are requested.

use super::*;

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
