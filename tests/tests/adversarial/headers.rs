//! Tokens with bad headers, all signed by the issuer.

use serde_json::{Value, json};

use crate::service::{Service, invalid_token, passes};

const ALGORITHM: &str = "The signature algorithm is not allowed";
const CRITICAL: &str = "The access token demands an unsupported extension";
const KEY: &str = "The signing key is unknown";
const MALFORMED: &str = "The access token is malformed";
const TYPE: &str = "The token is not an access token";

impl Service {
    async fn header_is(&self, header: &str, answer: crate::service::Answer) {
        let token = self.sign(header.as_bytes(), self.claims().to_string().as_bytes());
        self.expect(header, token, answer).await;
    }
}

#[tokio::test]
async fn the_list_of_algorithms_is_closed() {
    let service = Service::start().await;
    let kid = service.issuer.kid();
    let unknown = [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        " ",
        "HS256",
        "HS384",
        "HS512",
        "hs256",
        "RS1",
        "RS384",
        "RS512",
        "PS384",
        "PS512",
        "ES512",
        "ES256K",
        "es256",
        "ES256 ",
        " ES256",
        "ES256\u{0}",
        "ЕS256",
        "ECDSA",
        "RSA-OAEP",
        "dir",
        "A128KW",
        "ECDH-ES",
        "Ed448",
        "SHA256withRSA",
        "null",
        "0",
    ];
    for alg in unknown {
        let header = json!({ "alg": alg, "kid": kid }).to_string();
        service.header_is(&header, invalid_token(ALGORITHM)).await;
    }
    for alg in ["RS256", "PS256", "ES384", "EdDSA"] {
        let header = json!({ "alg": alg, "kid": kid }).to_string();
        service.header_is(&header, invalid_token(ALGORITHM)).await;
    }
    for alg in [json!(null), json!(1), json!(["ES256"]), json!({ "ES256": 1 }), json!(true)] {
        let header = json!({ "alg": alg, "kid": kid }).to_string();
        service.header_is(&header, invalid_token(MALFORMED)).await;
    }
    service.ends_well(40).await;
}

#[tokio::test]
async fn a_header_must_be_one_object_without_duplicate_members() {
    let service = Service::start().await;
    let good = service.header();
    let inner = good.trim_start_matches('{').trim_end_matches('}');
    let malformed = [
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "7".to_owned(),
        r#""ES256""#.to_owned(),
        "{".to_owned(),
        format!("{{{inner}"),
        format!("{good}x"),
        format!("{good}{good}"),
        format!("{good},"),
        format!("\u{feff}{good}"),
        format!("{{{inner},}}"),
        format!("{{,{inner}}}"),
        good.replace('"', "'"),
        format!("/* */{good}"),
        format!("{good}// x"),
        format!(r#"{{"alg":"none",{inner}}}"#),
        format!(r#"{{{inner},"alg":"none"}}"#),
        format!(r#"{{{inner},"alg":"ES256"}}"#),
        format!(r#"{{{inner},"\u0061lg":"none"}}"#),
        format!(r#"{{{inner},"al\u0067":"ES256"}}"#),
        format!(r#"{{{inner},"kid":"other"}}"#),
        format!(r#"{{{inner},"k\u0069d":"other"}}"#),
        format!(r#"{{{inner},"typ":"JWT"}}"#),
        format!(r#"{{{inner},"x":1,"x":1}}"#),
        format!(r#"{{{inner},"jku":"a","jku":"b"}}"#),
        format!(r#"{{{inner},"x":NaN}}"#),
        format!(r#"{{{inner},"x":01}}"#),
        format!("{{{inner},\"x\":\"\u{1}\"}}"),
        format!(r#"{{{inner},"x":"\q"}}"#),
        format!(r#"{{{inner},"x":{}}}"#, "[".repeat(5000)),
        format!("{}{}", "[".repeat(8000), "]".repeat(3000)),
        format!(
            "{{{inner},{}}}",
            (0..40).map(|n| format!(r#""x{n}":0"#)).collect::<Vec<_>>().join(",")
        ),
    ];
    for header in malformed {
        service.header_is(&header, invalid_token(MALFORMED)).await;
    }
    let bad_utf8: [&[u8]; 3] = [b"\"x\":\"\xff\"}", b"\"x\":\"\xc0\x80\"}", b"\"\xed\xa0\x80\":1}"];
    for tail in bad_utf8 {
        let header = [format!("{{{inner},").as_bytes(), tail].concat();
        let token = service.sign(&header, service.claims().to_string().as_bytes());
        service.expect("bad UTF-8", token, invalid_token(MALFORMED)).await;
    }
    for harmless in [
        r#""x5t":"abc""#,
        // These values are not read, so they are harmless.
        r#""x":1e999"#,
        r#""x":"\ud800""#,
        r#""cty":"JWT""#,
        r#""x":{"alg":"none","crit":["x"]}"#,
        r#""":"""#,
        r#""ALG":"none""#,
        r#""Crit":["x"]"#,
    ] {
        service.header_is(&format!("{{{inner},{harmless}}}"), passes()).await;
    }
    // Values that are not read take no stack, at any depth.
    let lists = format!(r#""x":{}{}"#, "[".repeat(5000), "]".repeat(5000));
    let objects = format!(r#""x":{}1{}"#, r#"{"a":"#.repeat(1000), "}".repeat(1000));
    for deep in [lists, objects] {
        service.header_is(&format!("{{{inner},{deep}}}"), passes()).await;
    }
    service.header_is(&format!(" \n\t{good} \r\n"), passes()).await;
    service.header_is(&good.replace("alg", r"\u0061\u006c\u0067"), passes()).await;
    service.ends_well(47).await;
}

#[tokio::test]
async fn unsupported_extensions_types_and_kids_are_refused() {
    let service = Service::start().await;
    let with = |name: &str, value: Value| {
        let mut header: Value = serde_json::from_str(&service.header()).unwrap();
        header[name] = value;
        header.to_string()
    };
    for crit in [
        json!([]),
        json!(["exp"]),
        json!(["b64"]),
        json!(["x5t#S256"]),
        json!(null),
        json!("exp"),
        json!({}),
        json!(1),
    ] {
        service.header_is(&with("crit", crit), invalid_token(CRITICAL)).await;
    }
    for b64 in [json!(true), json!(false), json!(null)] {
        service.header_is(&with("b64", b64), invalid_token(CRITICAL)).await;
    }
    for typ in [
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "statuslist+jwt",
        "application/logout+jwt",
        "at",
        "at+jwt+x",
        "JWE",
        "at+jwt ",
        "",
        "text/at+jwt",
        "ат+jwt",
        "application/",
        "jwt\u{0}",
    ] {
        service.header_is(&with("typ", json!(typ)), invalid_token(TYPE)).await;
    }
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT", "JWT", "jwt"] {
        service.header_is(&with("typ", json!(typ)), passes()).await;
    }
    for name in ["typ", "kid"] {
        for value in [json!(null), json!(1), json!([]), json!({}), json!(false)] {
            service.header_is(&with(name, value), invalid_token(MALFORMED)).await;
        }
    }
    let long = "k".repeat(8000);
    let kids = [
        "",
        " ",
        "0",
        "../../../../etc/passwd",
        "..\\..\\windows\\win.ini",
        "/dev/null",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "' OR '1'='1",
        "x'; DROP TABLE keys; --",
        "$(id)",
        "`id`",
        "; id",
        "{{7*7}}",
        "${jndi:ldap://127.0.0.1/a}",
        "%00",
        "\u{0}",
        "a\r\nSet-Cookie: x=y",
        "\u{1f511}",
        "\u{202e}dik",
        "<script>alert(1)</script>",
        "null",
        "*",
        &long,
    ];
    for kid in kids {
        service.header_is(&with("kid", json!(kid)), invalid_token(KEY)).await;
    }
    service
        .header_is(&with("kid", json!(service.issuer.kid().to_uppercase())), invalid_token(KEY))
        .await;
    service
        .header_is(&with("kid", json!(format!("{} ", service.issuer.kid()))), invalid_token(KEY))
        .await;
    service.ends_well(66).await;
}
