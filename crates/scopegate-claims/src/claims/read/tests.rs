//! How each claim is read in each JSON form.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn parse(payload: &str) -> Result<Claims, ClaimsReadError> {
    let mut json = serde_json::Deserializer::from_str(payload);
    Claims::read(&mut json)
}

/// Good claims with one member, whose value is given as JSON text.
fn with(name: &str, value: &str) -> Result<Claims, ClaimsReadError> {
    let good = [("iss", r#""https://id.example""#), ("exp", "1700000000")];
    let others = good.iter().filter(|(other, _)| *other != name);
    let others: String = others.map(|(name, value)| format!(r#","{name}":{value}"#)).collect();
    parse(&format!(r#"{{"{name}":{value}{others}}}"#))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reading {
    Absent,
    Present,
    Malformed,
}

use Reading::{Absent as A, Malformed as M, Present as P};

const FORMS: [&str; 6] =
    ["null", r#"{"a":"b"}"#, r#"[{"method":"password"}]"#, "7", r#""a""#, "true"];

type IsPresent = fn(&Claims) -> bool;

/// For each claim, whether it is present, and how it is read in each of the [`FORMS`].
const TABLE: [(&str, IsPresent, [Reading; 6]); 24] = [
    ("iss", |claims| claims.issuer() == "a", [M, M, M, M, P, M]),
    ("exp", |claims| claims.expires_at().as_seconds() == 7, [M, M, M, P, M, M]),
    ("sub", |claims| claims.subject().is_some(), [A, M, M, M, P, M]),
    ("aud", |claims| claims.audiences().is_some(), [A, M, M, M, P, M]),
    ("nbf", |claims| claims.not_before().is_some(), [A, M, M, P, M, M]),
    ("client_id", |claims| claims.client_id().is_some(), [A, M, M, M, P, M]),
    ("cid", |claims| claims.client_id().is_some(), [A, M, M, M, P, M]),
    ("scope", |claims| !claims.scopes().is_empty(), [A, M, M, M, P, M]),
    ("scp", |claims| !claims.scopes().is_empty(), [A, M, M, M, P, M]),
    ("iat", |claims| claims.issued_at().is_some(), [A, A, A, P, A, A]),
    ("auth_time", |claims| claims.auth_time().is_some(), [A, A, A, P, A, A]),
    ("jti", |claims| claims.token_id().is_some(), [A, A, A, A, P, A]),
    ("uid", |claims| claims.user_id().is_some(), [A, A, A, A, P, A]),
    ("acr", |claims| claims.acr().is_some(), [A, A, A, A, P, A]),
    ("amr", |claims| claims.amr().next().is_some(), [A, A, A, A, A, A]),
    ("roles", |claims| !claims.roles().is_empty(), [A, A, A, A, P, A]),
    ("groups", |claims| !claims.groups().is_empty(), [A, A, A, A, P, A]),
    ("cnf", Claims::has_confirmation, [A, P, P, P, P, P]),
    ("at_hash", Claims::has_id_token_hash, [A, P, P, P, P, P]),
    ("c_hash", Claims::has_id_token_hash, [A, P, P, P, P, P]),
    ("nonce", Claims::has_nonce, [A, P, P, P, P, P]),
    ("events", Claims::has_events, [A, P, P, P, P, P]),
    ("token_use", |claims| claims.token_use().is_some(), [A, P, P, P, P, P]),
    ("typ", |claims| claims.token_kind().is_some(), [A, P, P, P, P, P]),
];

fn reading(name: &str, is_present: IsPresent, json: &str) -> Reading {
    match with(name, json) {
        Ok(claims) if is_present(&claims) => P,
        Ok(_) => A,
        Err(error) => {
            assert_eq!(error.claim(), Some(name), "the error names the claim");
            M
        }
    }
}

#[test]
fn each_claim_is_absent_present_or_malformed_by_its_json_form() {
    for (name, is_present, readings) in TABLE {
        for (json, expected) in FORMS.into_iter().zip(readings) {
            assert_eq!(reading(name, is_present, json), expected, "{name}: {json}");
        }
    }
}

#[test]
fn a_value_of_any_depth_is_one_of_the_unusual_forms() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":"#, "}]")] {
        let deep = format!("{}1{}", open.repeat(5000), close.repeat(5000));
        for (name, is_present, readings) in TABLE {
            assert_eq!(reading(name, is_present, &deep), readings[1], "{name}: {open}");
        }
        assert!(with("other", &deep).is_ok(), "{open}");
    }
}

/// RFC 8259 §6 and §8.2: such values are not interoperable.
#[test]
fn a_value_that_no_rust_type_can_hold_is_refused_in_a_claim_and_ignored_elsewhere() {
    for json in ["1e999", "-1e999", r#""\ud800""#] {
        for name in ["sub", "exp", "typ", "token_use", "iat", "jti"] {
            assert_eq!(with(name, json).unwrap_err().claim(), Some(name), "{name}: {json}");
        }
        for (name, mark) in
            [("cnf", Claims::has_confirmation as IsPresent), ("nonce", Claims::has_nonce)]
        {
            assert!(mark(&with(name, json).unwrap()), "{name}: {json}");
        }
        assert!(with("other", json).is_ok(), "{json}");
    }
}

#[test]
fn an_array_is_a_usual_form_of_some_claims() {
    assert!(with("aud", r#"["api://orders"]"#).unwrap().audiences().is_some());
    assert!(with("scp", r#"["a","b"]"#).unwrap().scopes().contains("b"));
    assert!(with("scope", r#"["a","b"]"#).unwrap().scopes().contains("b"));
    assert!(with("amr", r#"["pwd","otp"]"#).unwrap().amr().eq(["pwd", "otp"]));
    assert!(with("roles", r#"["a",{"value":"b"}]"#).unwrap().roles().iter().eq(["a", "b"]));
    for (name, bad) in [("aud", "[]"), ("aud", r#"[""]"#), ("scp", "[1]"), ("scp", r#"["a b"]"#)] {
        assert_eq!(with(name, bad).unwrap_err().claim(), Some(name), "{name}: {bad}");
    }
}

#[test]
fn an_amr_that_is_not_an_array_of_strings_is_absent() {
    for amr in [
        r#"["pwd",{"method":"otp"}]"#,
        r#"["pwd",["otp"]]"#,
        r#"[["pwd"]]"#,
        r#"[null]"#,
        r#""pwd""#,
    ] {
        assert_eq!(with("amr", amr).unwrap().amr().next(), None, "{amr}");
    }
}

#[test]
fn a_time_out_of_range_is_malformed_only_where_it_decides() {
    for time in ["-1", "253402300800", "1e300", "18446744073709551616"] {
        assert_eq!(with("exp", time).unwrap_err().claim(), Some("exp"), "{time}");
        assert_eq!(with("nbf", time).unwrap_err().claim(), Some("nbf"), "{time}");
        assert_eq!(with("iat", time).unwrap().issued_at(), None, "{time}");
        assert_eq!(with("auth_time", time).unwrap().auth_time(), None, "{time}");
    }
    assert_eq!(with("nbf", "7.9").unwrap().not_before(), Some(UnixTime::from_seconds(7)));
}

#[test]
fn a_kind_that_is_not_a_string_is_present_and_is_no_known_kind() {
    for odd in ["{}", "[\"id\"]", "[]", "7", "-1", "0.5", "false"] {
        assert_eq!(with("token_use", odd).unwrap().token_use(), Some(""), "{odd}");
        assert_eq!(with("typ", odd).unwrap().token_kind(), Some(""), "{odd}");
    }
    assert_eq!(with("token_use", r#""id""#).unwrap().token_use(), Some("id"));
    assert_eq!(with("typ", r#""Bearer""#).unwrap().token_kind(), Some("Bearer"));
    assert_eq!(with("typ", "null").unwrap().token_kind(), None);
}

#[test]
fn a_token_without_marks_has_none() {
    let plain = with("x", "1").unwrap();
    let marks = [plain.has_confirmation(), plain.has_id_token_hash(), plain.has_nonce()];
    assert!(!marks.contains(&true) && !plain.has_events());
    assert_eq!((plain.token_use(), plain.token_kind()), (None, None));
    // Either hash is enough, whatever the order.
    for payload in [r#""at_hash":"a","c_hash":null"#, r#""c_hash":"a","at_hash":null"#] {
        let claims = parse(&format!(r#"{{"iss":"i","exp":9,{payload}}}"#)).unwrap();
        assert!(claims.has_id_token_hash(), "{payload}");
    }
}

#[test]
fn iss_and_exp_are_required() {
    let error = |json: &str| parse(json).unwrap_err();
    assert_eq!(error(r#"{"iss":"i"}"#).claim(), Some("exp"));
    assert_eq!(error(r#"{"exp":1}"#).claim(), Some("iss"));
    assert!(parse(r#"{"iss":"i","exp":1}"#).is_ok());
}

#[test]
fn either_dialect_reads_as_the_same_claims() {
    let okta = r#"{"iss":"i","exp":9,"cid":"c","uid":"u","scp":["a","b"],"ver":1}"#;
    let rfc = r#"{"iss":"i","exp":9,"client_id":"c","uid":"u","scope":"b a"}"#;
    assert_eq!(parse(okta), parse(rfc));
}

#[test]
fn two_names_for_the_same_claim_must_agree() {
    let read = |members: &str| parse(&format!(r#"{{"iss":"i","exp":9,{members}}}"#));
    for agreeing in [
        r#""scope":"a b","scp":["b","a"]"#,
        r#""scope":"a","scp":null"#,
        r#""scope":null,"scp":["a"]"#,
        r#""client_id":"c","cid":"\u0063","scp":"a""#,
        r#""client_id":null,"cid":"c","scp":"a""#,
        r#""client_id":"c","cid":null,"scp":"a""#,
        r#""scope":"a b c","scp":["a","c","b"]"#,
        r#""scope":"a b","scp":["a","b","a"]"#,
        r#""scp":["a","b"],"scope":["b","a"]"#,
        r#""scp":["a","b"],"scope":" b  a ""#,
    ] {
        let claims = read(agreeing).unwrap();
        assert!(claims.scopes().contains("a"), "{agreeing}");
        assert!(matches!(claims.client_id(), None | Some("c")), "{agreeing}");
        assert_eq!(claims.client_id().is_some(), agreeing.contains("cid"), "{agreeing}");
    }
    for (claim, members) in [
        ("scope", r#""scope":"a","scp":["a","b"]"#),
        ("scope", r#""scp":["a"],"scope":"a b""#),
        ("scope", r#""scope":"a","scp":[]"#),
        ("scope", r#""scope":"","scp":["a"]"#),
        ("scope", r#""scope":"a b","scp":["a"]"#),
        ("scope", r#""scope":"a b","scp":["a","a"]"#),
        ("scope", r#""scope":"a b","scp":["a","c"]"#),
        ("scope", r#""scope":"a b","scp":["c","a"]"#),
        ("scope", r#""scp":["a"],"scope":"b""#),
        ("scp", r#""scope":"a","scp":["a","b c"]"#),
        ("scp", r#""scope":"a","scp":["b","b c"]"#),
        ("scp", r#""scope":"a","scp":"\u0022""#),
        ("scp", r#""scope":"a","scp":7"#),
        ("client_id", r#""client_id":"c","cid":"C""#),
    ] {
        assert_eq!(read(members).unwrap_err().claim(), Some(claim), "{members}");
    }
}

#[test]
fn a_member_that_occurs_twice_is_refused_whatever_its_name_and_form() {
    let names = TABLE.map(|(name, ..)| name).into_iter().chain(["tenant", "ver", ""]);
    for name in names.filter(|name| !["iss", "exp"].contains(name)) {
        let escaped: String = name.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
        for (first, second) in [("null", "null"), ("null", "\"a\""), ("[{}]", "7")] {
            for again in [name, &escaped] {
                let twice = format!(r#"{{"{name}":{first},"iss":"i","exp":9,"{again}":{second}}}"#);
                let claim = TABLE.iter().map(|row| row.0).find(|claim| *claim == name);
                assert_eq!(parse(&twice).unwrap_err().claim(), claim, "{twice}");
            }
        }
    }
    for twice in [r#"{"iss":"i","exp":9,"exp":9}"#, r#"{"iss":"i","iss":"i","exp":9}"#] {
        assert!(parse(twice).unwrap_err().claim().is_some(), "{twice}");
    }
    // Only the names of the payload itself count.
    assert!(parse(r#"{"iss":"i","exp":9,"x":{"a":1,"a":2}}"#).is_ok());
}

#[test]
fn only_a_json_object_is_read() {
    for bad in
        ["", "null", "[]", "7", r#""a""#, "{", r#"{"iss":"i","exp":9"#, r#"{"iss":"i","exp":9,}"#]
    {
        let error = parse(bad).unwrap_err();
        assert_eq!(error.claim(), None, "{bad}");
    }
    assert!(parse("\n{\"iss\":\"i\",\"exp\":9}\t").is_ok());
}

#[test]
fn deserialize_reads_like_read() {
    let good = r#"{"iss":"i","exp":9,"jti":"\u0061","scope":"a","amr":[{"method":"pwd"}]}"#;
    let claims = parse(good).unwrap();
    assert_eq!(claims.token_id(), Some("a"));
    assert_eq!(serde_json::from_str::<Claims>(good).unwrap(), claims);
    assert_eq!(serde_json::from_slice::<Claims>(good.as_bytes()).unwrap(), claims);
    let value: Value = serde_json::from_str(good).unwrap();
    assert_eq!(serde_json::from_value::<Claims>(value).unwrap(), claims);
    let twice = r#"{"iss":"i","exp":9,"x":1,"x":1}"#;
    assert!(serde_json::from_str::<Claims>(twice).is_err());
}

#[test]
fn an_error_names_the_claim_and_shows_no_value() {
    let error = with("sub", r#"["ann@example.com"]"#).unwrap_err();
    assert_eq!(error.to_string(), "the claim `sub` is missing, malformed or ambiguous");
    let json = r#"{"iss":"i","exp":9,"sub":["ann@example.com"]}"#;
    let error = serde_json::from_str::<Claims>(json).unwrap_err().to_string();
    assert!(error.contains("`sub`") && !error.contains("ann"), "{error}");
    // A name of the payload is not repeated either.
    let error = parse(r#"{"ann@example.com":1,"ann@example.com":2}"#).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("ann"), "{error}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(".{0,4}", inner, 0..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

const STRICT: [&str; 9] = ["aud", "cid", "client_id", "exp", "iss", "nbf", "scope", "scp", "sub"];

/// A claim that does not make a token malformed, or a name that is no claim.
fn any_lenient_name() -> impl Strategy<Value = String> {
    let known = TABLE.map(|(name, ..)| name).into_iter().filter(|name| !STRICT.contains(name));
    let known: Vec<_> = known.map(str::to_owned).collect();
    let other = "[a-z]{1,6}".prop_filter("a strict claim", |name| !STRICT.contains(&&**name));
    prop_oneof![3 => proptest::sample::select(known), 1 => other]
}

proptest! {
    #[test]
    fn a_claim_that_the_decision_does_not_need_never_makes_a_token_malformed(
        members in btree_map(any_lenient_name(), any_json(), 0..12),
    ) {
        let mut payload = json!({ "iss": "i", "exp": 9, "aud": "api://orders", "scope": "a" });
        payload.as_object_mut().unwrap().extend(members.clone());
        let claims = parse(&payload.to_string()).unwrap();
        prop_assert!(claims.scopes().contains("a"));
        let has = |name| members.get(name).is_some_and(|value| !value.is_null());
        prop_assert_eq!(claims.has_confirmation(), has("cnf"));
        prop_assert_eq!(claims.has_id_token_hash(), has("at_hash") || has("c_hash"));
        prop_assert_eq!(claims.has_nonce(), has("nonce"));
        prop_assert_eq!(claims.has_events(), has("events"));
        prop_assert_eq!(claims.token_use().is_some(), has("token_use"));
        prop_assert_eq!(claims.token_kind().is_some(), has("typ"));
    }

    #[test]
    fn arbitrary_text_does_not_panic(text in ".{0,120}") {
        let _ = parse(&text);
        let _ = parse(&format!(r#"{{"iss":"i","exp":9,{text}}}"#));
    }

    #[test]
    fn scope_and_scp_are_compared_as_sets(
        scope in "[a-c]{0,2}( [a-c]{1,2}){0,5}",
        scp in vec("[a-c]{1,2}", 0..6),
        many in 0..2_usize,
    ) {
        // With 40 additional scopes the sets are compared by hash.
        let more: Vec<String> = (0..many * 40).map(|n| format!("s{n}")).collect();
        let scope = [vec![scope], more.clone()].concat().join(" ");
        let scp = [scp, more].concat();
        let agree = ScopeSet::parse(&scope).unwrap() == ScopeSet::from_tokens(&scp).unwrap();
        let both = json!({ "iss": "i", "exp": 9, "scope": scope, "scp": scp }).to_string();
        prop_assert_eq!(parse(&both).is_ok(), agree);
        let text = scp.join("  ");
        let both = json!({ "iss": "i", "exp": 9, "scp": scp, "scope": text }).to_string();
        prop_assert!(parse(&both).is_ok());
    }
}
