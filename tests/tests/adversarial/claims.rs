//! Tokens with bad payloads, all signed by the issuer.

use serde_json::{Value, json};

use crate::service::{Answer, Service, insufficient, invalid_token, passes};

const AUDIENCE: &str = "The access token is for another audience";
const CLAIMS: &str = "The claims of the access token are not valid";
const EARLY: &str = "The access token is not valid yet";
const EXPIRED: &str = "The access token expired";
const ISSUER: &str = "The access token is from another issuer";
const TYPE: &str = "The token is not an access token";

impl Service {
    async fn payload_is(&self, payload: impl AsRef<[u8]>, answer: Answer) {
        let token = self.sign(self.header().as_bytes(), payload.as_ref());
        self.expect(&payload.as_ref().escape_ascii().to_string(), token, answer).await;
    }

    /// The good claims with one changed. A `null` value is written as `null`.
    async fn claim_is(&self, name: &str, value: Value, answer: Answer) {
        let mut claims = self.claims();
        claims[name] = value;
        self.payload_is(claims.to_string(), answer).await;
    }
}

#[tokio::test]
async fn a_payload_must_be_one_object_without_duplicate_members() {
    let service = Service::start().await;
    let good = service.claims().to_string();
    let inner = good.trim_start_matches('{').trim_end_matches('}').to_owned();
    let mut invalid = vec![
        "{}".to_owned(),
        "[]".to_owned(),
        format!("[{good}]"),
        "null".to_owned(),
        "7".to_owned(),
        r#""x""#.to_owned(),
        "{".to_owned(),
        format!("{{{inner}"),
        format!("{good}x"),
        format!("{good}{good}"),
        format!("\u{feff}{good}"),
        format!("{{{inner},}}"),
        good.replace('"', "'"),
        format!("{good}/**/"),
        format!(r#"{{{inner},"x":NaN}}"#),
        format!(r#"{{{inner},"x":Infinity}}"#),
        format!(r#"{{{inner},"x":01}}"#),
        format!(r#"{{{inner},"x":1e}}"#),
        format!("{{{inner},\"x\":\"\n\"}}"),
        format!(r#"{{{inner},"sub":{}{}}}"#, "[".repeat(5000), "]".repeat(5000)),
        "[".repeat(11_000),
        format!(r#"{{{inner},"x":{}}}"#, "[".repeat(9000)),
    ];
    for name in [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "scope",
        "client_id",
        "cid",
        "uid",
        "cnf",
        "typ",
        "token_use",
        "acr",
        "amr",
        "at_hash",
        "roles",
        "groups",
        "tenant",
        "",
        "x",
    ] {
        let value = service.claims().get(name).cloned().unwrap_or(json!("a"));
        let escaped: String = name.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
        let others: Vec<_> = service
            .claims()
            .as_object()
            .unwrap()
            .iter()
            .filter(|(other, _)| *other != name)
            .map(|(name, value)| format!("{}:{value}", json!(name)))
            .collect();
        let others = others.join(",");
        invalid.push(format!(r#"{{"{name}":{value},{others},"{name}":{value}}}"#));
        invalid.push(format!(r#"{{"{name}":{value},{others},"{escaped}":{value}}}"#));
    }
    for payload in invalid {
        service.payload_is(payload, invalid_token(CLAIMS)).await;
    }
    let bad_utf8: [&[u8]; 3] = [b"\"x\":\"\xff\"}", b"\"x\":\"\xc0\x80\"}", b"\"\xed\xa0\x80\":1}"];
    for tail in bad_utf8 {
        let payload = [format!("{{{inner},").as_bytes(), tail].concat();
        service.payload_is(payload, invalid_token(CLAIMS)).await;
    }
    let many =
        |count: usize| (0..count).map(|n| format!(r#""m{n}":0"#)).collect::<Vec<_>>().join(",");
    let harmless = [
        many(1000),
        r#""x":{"iss":1,"iss":2,"exp":"x"}"#.to_owned(),
        // Values that are not read take no stack, at any depth.
        format!(r#""x":{}{}"#, "[".repeat(5000), "]".repeat(5000)),
        format!(r#""x":{}1{}"#, r#"{"a":"#.repeat(1500), "}".repeat(1500)),
        r#""ISS":"x","Exp":1,"scope ":"admin""#.to_owned(),
        r#""x":123456789012345678901234567890"#.to_owned(),
        r#""name":"Zoë 🦀 \u202e""#.to_owned(),
        r#""x":"\u0000""#.to_owned(),
        r#""x":"\ud800""#.to_owned(),
        r#""x":1e999"#.to_owned(),
        r#""__proto__":{"scope":"admin"},"constructor":1"#.to_owned(),
        format!(r#""x":"{}""#, "y".repeat(10_000)),
    ];
    for more in harmless {
        service.payload_is(format!("{{{inner},{more}}}"), passes()).await;
    }
    service.payload_is(format!("\n {good}\t"), passes()).await;
    service.ends_well(80).await;
}

#[tokio::test]
async fn claims_that_decide_must_have_the_json_type_of_the_standard() {
    let service = Service::start().await;
    for name in ["iss", "sub", "client_id", "cid"] {
        for value in [json!(true), json!(7), json!([]), json!({}), json!([["a"]])] {
            service.claim_is(name, value, invalid_token(CLAIMS)).await;
        }
    }
    for name in ["exp", "nbf"] {
        for value in [
            json!(true),
            json!("1"),
            json!(""),
            json!([]),
            json!([1]),
            json!({}),
            json!(-1),
            json!(-0.5),
            json!(1e300),
            json!(u64::MAX),
        ] {
            service.claim_is(name, value, invalid_token(CLAIMS)).await;
        }
    }
    for name in ["scope", "scp", "aud"] {
        for value in [json!(true), json!(7), json!({}), json!([7]), json!([["a"]]), json!([null])] {
            service.claim_is(name, value, invalid_token(CLAIMS)).await;
        }
    }
    for name in ["iss", "exp"] {
        service.claim_is(name, json!(null), invalid_token(CLAIMS)).await;
    }
    service.ends_well(60).await;
}

#[tokio::test]
async fn null_counts_as_absent() {
    let service = Service::start().await;
    for name in ["sub", "nbf", "client_id", "cid", "scp", "iat", "jti", "cnf", "at_hash", "events"]
    {
        service.claim_is(name, json!(null), passes()).await;
    }
    service.claim_is("scope", json!(null), insufficient()).await;
    service.claim_is("aud", json!(null), invalid_token(AUDIENCE)).await;
    service.ends_well(12).await;
}

#[tokio::test]
async fn a_claim_that_the_decision_does_not_need_may_have_any_form() {
    let service = Service::start().await;
    for name in ["iat", "jti", "uid", "acr", "amr", "auth_time", "roles", "groups", "ver"] {
        for value in [
            json!(true),
            json!(-0.5),
            json!(1e300),
            json!(""),
            json!("2023-11-14T22:13:20Z"),
            json!([["a"]]),
            json!([{ "method": "password", "timestamp": 1 }]),
            json!({ "a": null }),
        ] {
            service.claim_is(name, value, passes()).await;
        }
    }
    service.ends_well(72).await;
}

#[tokio::test]
async fn times_are_checked_to_the_second() {
    let service = Service::start().await;
    let now = service.claims()["iat"].as_u64().unwrap();
    for (name, value, answer) in [
        ("exp", json!(now - 59), passes()),
        ("exp", json!(now - 60), invalid_token(EXPIRED)),
        ("exp", json!(0), invalid_token(EXPIRED)),
        ("exp", json!(1), invalid_token(EXPIRED)),
        ("exp", json!(now * 1000), invalid_token(CLAIMS)),
        ("exp", json!(now as f64 + 0.5), passes()),
        ("nbf", json!(now + 60), passes()),
        ("nbf", json!(now + 61), invalid_token(EARLY)),
        ("nbf", json!(now * 2), invalid_token(EARLY)),
        ("nbf", json!(0), passes()),
        ("iat", json!(now + 60), passes()),
        ("iat", json!(now + 3_600), passes()),
        ("iat", json!(0), passes()),
    ] {
        service.claim_is(name, value, answer).await;
    }
    service.ends_well(13).await;
}

#[tokio::test]
async fn issuer_and_audience_are_compared_without_normalization() {
    let service = Service::start().await;
    let url = service.issuer.url().to_owned();
    let others = [
        String::new(),
        format!("{url}/"),
        format!("{url} "),
        format!(" {url}"),
        url.to_uppercase(),
        format!("{url}?"),
        format!("{url}#"),
        format!("{url}\u{0}"),
        url.replace("default", "Default"),
        url.replace("default", "%64efault"),
        url.replace("http:", "https:"),
        url.replace("127.0.0.1", "localhost"),
        url.replace("127.0.0.1", "127.1"),
        format!("{url}/../default"),
        url.replace("/oauth2", "//oauth2"),
        "https://evil.example".to_owned(),
        "*".to_owned(),
        url.replace("http://", "http://evil@"),
        format!("{url},{url}"),
        url.replace('a', "а"),
    ];
    for other in others {
        service.claim_is("iss", json!(other), invalid_token(ISSUER)).await;
    }
    for other in [
        "api://order",
        "api://orders2",
        "API://orders",
        "api://orders/",
        "api://orders#",
        "api://оrders",
        "*",
        "api://*",
        "https://api",
        "orders",
        "reader",
        "api://stock api://orders",
        "api://orders,api://stock",
    ] {
        service.claim_is("aud", json!(other), invalid_token(AUDIENCE)).await;
        service.claim_is("aud", json!([other]), invalid_token(AUDIENCE)).await;
    }
    for several in [
        json!(["api://orders"]),
        json!(["api://stock", "api://orders"]),
        json!(["*", "api://orders", "x"]),
    ] {
        service.claim_is("aud", several, passes()).await;
    }
    service.ends_well(49).await;
}

#[tokio::test]
async fn only_the_exact_scope_is_enough() {
    let service = Service::start().await;
    for other in [
        "",
        "read",
        "orders",
        "read:order",
        "read:orderss",
        "read:orders:all",
        "READ:ORDERS",
        "Read:Orders",
        "xread:orders",
        "*",
        "read:*",
        "*:*",
        ".*",
        "read:orders,write:orders",
        "read;orders",
        "admin",
        "root",
        "openid",
        "read%3Aorders",
        "read:orders/*",
        "-read:orders",
        "!read:orders",
    ] {
        service.claim_is("scope", json!(other), insufficient()).await;
    }
    for other in ["read:orders write:orders", "a b c read:orders", "read:orders read:orders"] {
        service.claim_is("scope", json!(other), passes()).await;
    }
    for odd in [
        "read:orders\u{0}",
        "read:orders\"",
        "read:\\orders",
        "ｒead:orders",
        "read:orders\u{7f}",
        "read:orders\nadmin",
    ] {
        service.claim_is("scope", json!(odd), invalid_token(CLAIMS)).await;
    }
    service.claim_is("scp", json!(["read:orders", "x"]), invalid_token(CLAIMS)).await;
    service.claim_is("cid", json!("other"), invalid_token(CLAIMS)).await;
    service.ends_well(33).await;
}

#[tokio::test]
async fn other_kinds_of_token_are_refused() {
    let service = Service::start().await;
    let bound = "The access token is bound to a key";
    for cnf in [
        json!({"jkt": "a"}),
        json!({"x5t#S256": "a"}),
        json!({"jwk": {}}),
        json!({}),
        json!(false),
        json!("x"),
        json!([]),
    ] {
        service.claim_is("cnf", cnf, invalid_token(bound)).await;
    }
    let header = service.header().replace("at+jwt", "JWT");
    for (name, value) in [
        ("at_hash", json!("x")),
        ("c_hash", json!("x")),
        ("token_use", json!("id")),
        ("typ", json!("ID")),
        ("typ", json!("Refresh")),
        ("events", json!({"http://schemas.openid.net/event/backchannel-logout": {}})),
        ("at_hash", json!(7)),
        ("c_hash", json!([])),
        ("token_use", json!(["id"])),
        ("typ", json!({})),
        ("events", json!(false)),
    ] {
        let mut claims = service.claims();
        claims[name] = value;
        let token = service.sign(header.as_bytes(), claims.to_string().as_bytes());
        service.expect(name, token, invalid_token(TYPE)).await;
    }
    service.ends_well(18).await;
}
