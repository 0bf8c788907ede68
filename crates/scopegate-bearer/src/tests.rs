//! The decision: each guard with a token that meets it and one that just does not.

use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Audience, Issuer, ScopeName, UnixTime, any_of};
use scopegate_jose::{
    Algorithm, AudienceRule, ExtraClaims, KeySet, Rules, SigningKey, TokenType, Verified,
    verify_access_token,
};
use serde_json::{Value, json};

use crate::*;

const NOW: UnixTime = UnixTime::from_seconds(1_000);

/// A token with these claims, which the real verifier accepts at [`NOW`].
fn verified(claims: &Value) -> Verified {
    let mut payload =
        json!({ "iss": "https://id.example.com", "aud": "api://orders", "exp": 2_000 });
    payload.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let token = key.sign(TokenType::AccessToken, &payload).unwrap();
    let keys = KeySet::from_keys([key.verifying_key().unwrap()]);
    let audience = AudienceRule::any_of([Audience::parse("api://orders").unwrap()]);
    let rules = Rules::new(Issuer::parse("https://id.example.com").unwrap(), audience);
    verify_access_token(&token, &keys, &rules, NOW).unwrap()
}

fn holding(claims: &Value) -> Authenticated {
    let settings = Arc::new(ChallengeSettings::new().with_realm("orders"));
    Authenticated::new(Arc::new(verified(claims)), settings).at(NOW)
}

fn reason(result: Result<&Arc<Verified>, Refusal>) -> &'static str {
    result.map_or_else(|refusal| refusal.reason(), |_| "allowed")
}

pub(crate) struct ReadOrders;

impl ScopeName for ReadOrders {
    const NAME: &'static str = "read:orders";
}

struct Admin;

impl ScopeName for Admin {
    const NAME: &'static str = "admin";
}

#[test]
fn a_scope_rule_is_met_by_its_scopes_only() {
    for (scope, scopes, any) in [
        ("read:orders", "allowed", "allowed"),
        ("admin", "insufficient_scope", "allowed"),
        ("read", "insufficient_scope", "insufficient_scope"),
        ("", "insufficient_scope", "insufficient_scope"),
    ] {
        let held = holding(&json!({ "scope": scope, "roles": ["read:orders"] }));
        assert_eq!(reason(held.allow(ReadOrders)), scopes, "{scope}");
        assert_eq!(reason(held.allow(any_of((ReadOrders, Admin)))), any, "{scope}");
    }
}

#[test]
fn a_role_is_no_group_and_a_group_no_role() {
    let held = holding(&json!({ "roles": ["admin"], "groups": ["/staff"], "scope": "write" }));
    for (guard, expected) in [
        (role("admin"), "allowed"),
        (group("/staff"), "allowed"),
        (role("/staff"), "rule_not_met"),
        (group("admin"), "rule_not_met"),
        (role("write"), "rule_not_met"),
    ] {
        assert_eq!(reason(held.allow(guard)), expected, "{guard}");
    }
}

#[test]
fn a_level_and_an_age_must_both_be_met() {
    const MFA: Guard = acr(&["urn:hardware", "urn:mfa"]);
    let recent = fresh(Duration::from_secs(300));
    let both =
        Guard::Authentication { acr_values: &["urn:mfa"], max_age: Some(Duration::from_secs(300)) };
    let too_weak = "insufficient_user_authentication";
    for (claims, level, age, together) in [
        (json!({ "acr": "urn:mfa", "auth_time": 700 }), "allowed", "allowed", "allowed"),
        (json!({ "acr": "urn:mfa", "auth_time": 699 }), "allowed", too_weak, too_weak),
        (json!({ "acr": "urn:pwd", "auth_time": 700 }), too_weak, "allowed", too_weak),
        (json!({ "acr": "urn:mfa" }), "allowed", too_weak, too_weak),
        (json!({ "auth_time": 1_000 }), too_weak, "allowed", too_weak),
        (json!({}), too_weak, too_weak, too_weak),
    ] {
        let held = holding(&claims);
        assert_eq!(reason(held.allow(MFA)), level, "{claims}");
        assert_eq!(reason(held.allow(recent)), age, "{claims}");
        assert_eq!(reason(held.allow(both)), together, "{claims}");
    }
}

#[derive(serde::Deserialize)]
struct Tenant {
    tenant: String,
}

struct Acme;

impl ClaimRule for Acme {
    const NAME: &'static str = "acme only";
    type Extra = Tenant;

    fn allows(token: &Token<Tenant>) -> bool {
        token.extra().tenant == "acme"
    }
}

#[test]
fn a_claim_rule_reads_its_own_claims() {
    for (claims, expected) in [
        (json!({ "tenant": "acme" }), "allowed"),
        (json!({ "tenant": "other" }), "rule_not_met"),
        (json!({ "tenant": 7 }), "extra_claims"),
        (json!({}), "extra_claims"),
    ] {
        assert_eq!(reason(holding(&claims).allow(claim::<Acme>())), expected, "{claims}");
    }
}

#[test]
fn a_rule_that_is_only_a_name_allows_nothing() {
    let held = holding(&json!({}));
    assert_eq!(reason(held.allow(Guard::Rule(Rule::named("a name")))), "misconfigured");
}

#[test]
fn any_token_is_enough_for_the_guard_token_and_none_is_not() {
    assert_eq!(reason(holding(&json!({})).allow(Guard::Token)), "allowed");
    let anonymous = Authenticated::anonymous(Arc::default());
    for guard in [Guard::Token, role("admin"), claim::<Acme>(), ReadOrders.into()] {
        assert_eq!(reason(anonymous.allow(guard)), "no_token", "{guard}");
    }
}

#[test]
fn public_and_optional_guards_admit_a_request_without_a_token() {
    let (anonymous, held) = (Authenticated::anonymous(Arc::default()), holding(&json!({})));
    for guard in [Guard::Public, Guard::OptionalToken] {
        assert!(anonymous.admits(guard).is_ok() && held.admits(guard).is_ok(), "{guard}");
    }
    for guard in [Guard::Token, role("admin"), claim::<Acme>(), ReadOrders.into()] {
        assert_eq!(anonymous.admits(guard).unwrap_err().reason(), "no_token", "{guard}");
    }
    assert!(held.admits(Guard::Token).is_ok());
    assert_eq!(held.admits(ReadOrders).unwrap_err().reason(), "insufficient_scope");
}

#[test]
fn a_claim_rule_gives_the_claims_that_it_read() {
    let acme = holding(&json!({ "tenant": "acme" })).allow_claim::<Acme>().unwrap();
    assert_eq!(acme.extra().tenant, "acme");
    let refused = |claims| holding(&claims).allow_claim::<Acme>().unwrap_err().reason();
    assert_eq!(refused(json!({ "tenant": "other" })), "rule_not_met");
    assert_eq!(refused(json!({})), "extra_claims");
    let anonymous = Authenticated::anonymous(Arc::default());
    assert_eq!(anonymous.allow_claim::<Acme>().unwrap_err().reason(), "no_token");
}

#[test]
fn only_guards_beyond_scopes_are_conditions() {
    for guard in [role("a"), group("a"), acr(&["a"]), fresh(Duration::ZERO), claim::<Acme>()] {
        assert!(guard.is_beyond_scopes(), "{guard}");
    }
    for guard in [ReadOrders.into(), Guard::Token, Guard::OptionalToken, Guard::Public] {
        assert!(!guard.is_beyond_scopes(), "{guard}");
    }
}

#[test]
fn claims_that_the_layer_read_are_not_read_again() {
    let token = verified(&json!({ "tenant": "acme" }));
    let extra = ExtraClaims::of::<Tenant>(&token).unwrap();
    let read = extra.downcast::<Tenant>().unwrap();
    let authenticated = Authenticated::new(Arc::new(token.with_extra(extra)), Arc::default());
    let kept = authenticated.extra().unwrap().downcast_ref::<Tenant>().unwrap();
    assert!(std::ptr::eq(kept, &*read));
    assert!(Authenticated::anonymous(Arc::default()).extra().is_none());
    let token = Token::<Tenant>::of(&authenticated).unwrap();
    assert!(std::ptr::eq(token.extra(), &*read));
    assert_eq!(Token::<Value>::of(&authenticated).unwrap().extra()["tenant"], "acme");
    let () = Token::<()>::of(&authenticated).unwrap().extra();
}

#[test]
fn a_request_keeps_the_settings_of_its_layer() {
    let settings = Arc::new(ChallengeSettings::new().with_realm("orders"));
    let anonymous = Authenticated::anonymous(Arc::clone(&settings));
    assert!(Arc::ptr_eq(anonymous.settings(), &settings));
}

#[test]
fn a_refusal_of_a_token_keeps_realm_and_head() {
    let request = http::Request::get("/orders/7").body(()).unwrap();
    let held = holding(&json!({})).with_head(Arc::new(RequestHead::of(&request)));
    let refusal = Token::<()>::of(&held).unwrap().refuse("own orders only");
    assert_eq!((refusal.status().as_u16(), refusal.reason()), (403, "rule_not_met"));
    assert!(refusal.challenge().unwrap().to_string().starts_with("Bearer realm=\"orders\""));
    assert_eq!(refusal.head().unwrap().path(), "/orders/7");
}

#[test]
fn guards_find_what_the_layer_stored_and_a_missing_layer_is_our_mistake() {
    let mut extensions = http::Extensions::new();
    let refusal = Authenticated::find(&extensions, "Token", Guard::Token).unwrap_err();
    assert_eq!((refusal.status().as_u16(), refusal.challenge()), (500, None));
    for (guard, by) in [(Guard::Token, "Guarded"), (role("admin"), "Guarded(role admin)")] {
        let refusal = Authenticated::find(&extensions, "Guarded", guard).unwrap_err();
        let RefusalCause::Misconfigured(problem) = refusal.cause() else { panic!("{refusal:?}") };
        assert_eq!(**problem, format!("`{by}` without the layer"));
    }
    extensions.insert(holding(&json!({ "sub": "u1" })));
    let found = Authenticated::find(&extensions, "Token", Guard::Token).unwrap();
    assert_eq!(found.token().unwrap().claims().subject(), Some("u1"));
}
