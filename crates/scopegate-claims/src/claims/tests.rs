use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Audience;

#[test]
fn a_dialect_writes_only_its_own_names() {
    let issuer = Issuer::parse("https://id.example").unwrap();
    let claims = Claims::builder(&issuer, UnixTime::from_seconds(9))
        .client_id("c")
        .user_id("u")
        .scopes(ScopeSet::parse("a b").unwrap())
        .build();
    let names = |dialect| {
        let Value::Object(members) = serde_json::to_value(claims.in_dialect(dialect)).unwrap()
        else {
            panic!("claims are an object");
        };
        members.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(Dialect::Okta), ["cid", "exp", "iss", "scp", "uid", "ver"]);
    assert_eq!(names(Dialect::Rfc9068), ["client_id", "exp", "iss", "scope"]);
    let both = ["cid", "client_id", "exp", "iss", "scope", "scp", "uid", "ver"];
    assert_eq!(names(Dialect::Both), both);
}

#[test]
fn extra_members_are_written_with_the_claims() {
    let issuer = Issuer::parse("https://id.example").unwrap();
    let claims = Claims::builder(&issuer, UnixTime::from_seconds(9)).build();
    let extra = json!({"tenant": 7});
    let written = serde_json::to_value(claims.in_dialect_with(Dialect::Both, &extra)).unwrap();
    assert_eq!(written["tenant"], 7);
}

proptest! {
    #[test]
    fn written_claims_are_read_back_unchanged(
        client in "[a-z]{1,12}",
        scope in "[a-z:]{1,8}( [a-z:]{1,8}){0,9}",
        exp in 0u64..253_402_300_799,
        dialect in prop_oneof![Just(Dialect::Okta), Just(Dialect::Rfc9068), Just(Dialect::Both)],
    ) {
        let issuer = Issuer::parse("https://id.example/oauth2/x").unwrap();
        let claims = Claims::builder(&issuer, UnixTime::from_seconds(exp))
            .audience(Audience::parse("api://orders").unwrap())
            .client_id(&client)
            .subject(&client)
            .token_id("j")
            .scopes(ScopeSet::parse(&scope).unwrap())
            .amr(["pwd"])
            .roles(["Order Reader", &client].into_iter().collect())
            .groups(["staff"].into_iter().collect())
            .build();
        let json = serde_json::to_string(&claims.in_dialect(dialect)).unwrap();
        prop_assert_eq!(serde_json::from_str::<Claims>(&json).unwrap(), claims);
    }
}

#[test]
fn debug_shows_no_personal_data() {
    let json =
        r#"{"iss":"https://id.example","exp":9,"sub":"ann@example.com","uid":"00u1","jti":"t"}"#;
    let claims: Claims = serde_json::from_str(json).unwrap();
    let shown = format!("{claims:?}");
    assert!(!shown.contains("ann") && !shown.contains("00u1"), "{shown}");
}
