use proptest::prelude::*;
use serde::de::DeserializeSeed;
use serde_json::{Value, json};

use super::*;

fn read(json: &Value) -> Result<Claims, serde_json::Error> {
    serde_json::from_str(&json.to_string())
}

fn with(member: &str, value: Value) -> Value {
    let mut claims = json!({"iss": "https://id.example", "exp": 1_700_000_000});
    claims[member] = value;
    claims
}

#[test]
fn exp_and_iss_are_required() {
    assert!(read(&json!({"iss": "https://id.example"})).is_err());
    assert!(read(&json!({"exp": 1})).is_err());
    assert!(read(&json!({"iss": "https://id.example", "exp": 1})).is_ok());
}

#[test]
fn either_dialect_reads_as_the_same_claims() {
    let okta = json!({"iss": "i", "exp": 9, "cid": "c", "uid": "u", "scp": ["a", "b"], "ver": 1});
    let rfc = json!({"iss": "i", "exp": 9, "client_id": "c", "uid": "u", "scope": "b a"});
    assert_eq!(read(&okta).unwrap(), read(&rfc).unwrap());
}

#[test]
fn two_names_for_the_same_claim_must_agree() {
    let both = |scope: Value, scp: Value| json!({"iss": "i", "exp": 9, "scope": scope, "scp": scp});
    assert!(read(&both(json!("a b"), json!(["b", "a"]))).is_ok());
    assert!(read(&both(json!("a"), json!(["a", "b"]))).is_err());
    assert!(read(&both(json!("a"), json!([]))).is_err());
    let ids =
        |left: &str, right: &str| json!({"iss": "i", "exp": 9, "client_id": left, "cid": right});
    assert!(read(&ids("c", "c")).is_ok());
    assert!(read(&ids("c", "C")).is_err());
}

#[test]
fn a_member_that_occurs_twice_is_refused() {
    for twice in [
        r#"{"iss":"i","exp":9,"exp":10}"#,
        r#"{"iss":"i","exp":9,"scope":"a","scope":"a"}"#,
        r#"{"iss":"i","exp":9,"x":1,"x":1}"#,
        r#"{"iss":"i","exp":9,"exp":10}"#,
        r#"{"iss":"i","exp":9,"tenant":1,"\u0074enant":2}"#,
        r#"{"iss":"i","exp":9,"cnf":{},"cnf":{}}"#,
        r#"{"iss":"i","exp":9,"nonce":"a","nonce":"a"}"#,
        r#"{"iss":"i","exp":9,"events":{},"events":{}}"#,
        r#"{"iss":"i","exp":9,"ver":1,"ver":1}"#,
    ] {
        assert!(serde_json::from_str::<Claims>(twice).is_err(), "{twice}");
    }
    let many: String = (0..40).map(|i| format!(r#","x{i}":0"#)).collect();
    let once = format!(r#"{{"iss":"i","exp":9{many}}}"#);
    assert!(serde_json::from_str::<Claims>(&once).is_ok());
    for again in [3, 20, 39] {
        let twice = format!(r#"{{"iss":"i","exp":9{many},"x{again}":0}}"#);
        assert!(serde_json::from_str::<Claims>(&twice).is_err(), "x{again}");
    }
}

#[test]
fn a_claim_with_the_wrong_json_type_is_refused() {
    for (member, value) in [
        ("iss", json!(1)),
        ("exp", json!("1700000000")),
        ("exp", json!(null)),
        ("nbf", json!("0")),
        ("iat", json!(-1)),
        ("aud", json!(7)),
        ("sub", json!(7)),
        ("scope", json!(7)),
        ("scp", json!([1])),
        ("client_id", json!({})),
        ("jti", json!([])),
        ("amr", json!("pwd")),
    ] {
        assert!(read(&with(member, value.clone())).is_err(), "{member}: {value}");
    }
}

#[test]
fn claims_that_mark_other_kinds_of_token_are_detected() {
    assert!(read(&with("cnf", json!({"jkt": "x"}))).unwrap().has_confirmation());
    assert!(read(&with("at_hash", json!("x"))).unwrap().has_id_token_hash());
    assert!(read(&with("c_hash", json!("x"))).unwrap().has_id_token_hash());
    assert!(read(&with("nonce", json!("x"))).unwrap().has_nonce());
    assert!(read(&with("events", json!({}))).unwrap().has_events());
    let plain = read(&with("x", json!(1))).unwrap();
    assert!(!plain.has_nonce() && !plain.has_events() && !plain.has_id_token_hash());
    assert_eq!(read(&with("token_use", json!("id"))).unwrap().token_use(), Some("id"));
    assert_eq!(read(&with("typ", json!("ID"))).unwrap().token_kind(), Some("ID"));
}

#[test]
fn unknown_members_are_detected() {
    let known = ["sub", "ver", "cnf", "nonce", "events"].map(|name| (name, false));
    for (name, has_others) in known.into_iter().chain([("act", true), ("ve", true)]) {
        let claims = read(&with(name, json!("x"))).unwrap();
        assert_eq!(claims.has_others(), has_others, "{name}");
    }
}

#[test]
fn roles_and_groups_are_read_from_several_json_forms() {
    let claims = read(&with("roles", json!(["Order Reader", {"value": "admin"}]))).unwrap();
    assert!(claims.roles().contains("Order Reader") && claims.roles().contains("admin"));
    assert!(claims.groups().is_empty());
    assert!(read(&with("groups", json!("staff"))).unwrap().groups().contains("staff"));
    // An issuer may use the name for something else. Such a value grants nothing and is no error.
    for odd in [json!({"a": ["b"]}), json!(7), json!(null), json!([[]])] {
        assert!(read(&with("groups", odd)).unwrap().groups().is_empty());
    }
    let twice = r#"{"iss":"i","exp":9,"roles":["a"],"roles":["b"]}"#;
    assert!(serde_json::from_str::<Claims>(twice).is_err());
}

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

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let _ = serde_json::from_slice::<Claims>(&bytes);
    }
}

#[test]
fn read_from_and_deserialize_give_the_same_claims() {
    let read_from = |json: &str| {
        Claims::read_from(json, |seed| {
            seed.deserialize(&mut serde_json::Deserializer::from_str(json))
        })
    };
    for json in [
        r#"{"iss":"https://id.example","exp":9,"sub":"u1","cid":"reader","uid":"u\u00e9","typ":""}"#,
        r#"{"iss":"h\u0074tps://id.example","exp":9,"sub":"\n","jti":"j","acr":"\"","scp":["a"]}"#,
        r#"{"iss":"é","exp":9,"client_id":"r\u0065ader","cid":"reader","sub":"é","token_use":"access"}"#,
    ] {
        let copied: Claims = serde_json::from_str(json).unwrap();
        let kept = read_from(json).unwrap();
        assert_eq!(kept, copied, "{json}");
        let written =
            |claims: &Claims| serde_json::to_string(&claims.in_dialect(Dialect::Both)).unwrap();
        assert_eq!(written(&kept), written(&copied));
        let other = kept.into_builder().subject("other").token_id("é").build();
        assert_eq!((other.subject(), other.token_id()), (Some("other"), Some("é")));
    }
    let disagreeing = r#"{"iss":"i","exp":9,"client_id":"a","cid":"\u0062"}"#;
    assert!(read_from(disagreeing).is_err());
}

#[test]
fn debug_shows_no_personal_data() {
    let json =
        r#"{"iss":"https://id.example","exp":9,"sub":"ann@example.com","uid":"00u1","jti":"t"}"#;
    let claims: Claims = serde_json::from_str(json).unwrap();
    let shown = format!("{claims:?}");
    assert!(!shown.contains("ann") && !shown.contains("00u1"), "{shown}");
}

proptest! {
    #[test]
    fn scope_and_scp_are_compared_as_sets(
        scope in "[a-c]{0,2}( [a-c]{1,2}){0,5}",
        scp in proptest::collection::vec("[a-c]{1,2}", 0..6),
        many in 0..3_usize,
    ) {
        // With 80 additional scopes the sets are too large for the comparison by bits.
        let more: Vec<String> = (0..many * 40).map(|n| format!("s{n}")).collect();
        let scope = [vec![scope], more.clone()].concat().join(" ");
        let scp = [scp, more].concat();
        let agree = ScopeSet::parse(&scope).unwrap() == ScopeSet::from_tokens(&scp).unwrap();
        let both = serde_json::json!({ "iss": "i", "exp": 9, "scope": scope, "scp": scp });
        prop_assert_eq!(serde_json::from_value::<Claims>(both).is_ok(), agree);
        let text = scp.join("  ");
        let both = serde_json::json!({ "iss": "i", "exp": 9, "scp": scp, "scope": text });
        prop_assert!(serde_json::from_value::<Claims>(both).is_ok());
    }
}
