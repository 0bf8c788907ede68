use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request};
use scopegate_bearer::Refusal;
use scopegate_claims::UnixTime;
use scopegate_jose::{KeySet, TokenType, base64url};
use serde_json::{Value, json};

use super::*;
use crate::test_issuer::{AUDIENCE, ISSUER, NOW, TestIssuer};
use crate::{BearerBuilder, BearerLayer};

/// The status and challenge of a decision; 200 if the request is admitted.
type Answer = (u16, String);

struct Given {
    issuer: TestIssuer,
    layer: BearerLayer,
}

fn given() -> Given {
    given_with(|builder| builder)
}

fn given_with(set: impl Fn(BearerBuilder) -> BearerBuilder) -> Given {
    let issuer = TestIssuer::new();
    let layer = set(issuer.offline().keys(issuer.key_set())).build().unwrap();
    Given { issuer, layer }
}

impl Given {
    fn decide(&self, headers: &HeaderMap, query: Option<&str>, now: u64) -> Decision {
        let mut request = Request::get(query.map_or("/".into(), |query| format!("/?{query}")));
        *request.headers_mut().unwrap() = headers.clone();
        let request = request.body(()).unwrap();
        let BearerLayer { authenticator, rule, .. } = &self.layer;
        authenticator.decide(HeadRef::from(&request), *rule, UnixTime::from_seconds(now))
    }

    fn answer(&self, headers: &HeaderMap, query: Option<&str>) -> Answer {
        let cause = match self.decide(headers, query, NOW) {
            Decision::Admit(_) => return (200, String::new()),
            Decision::Refuse(cause) => cause,
            Decision::RefuseVerified(error, _) => RefusalCause::InvalidToken(error),
            Decision::Wait(_) => panic!("the keys are fixed"),
        };
        let settings = Arc::clone(&self.layer.authenticator.settings);
        let refusal = Refusal::new(cause).with_settings(settings);
        let challenge = refusal.challenge().map(|challenge| challenge.to_string());
        (refusal.status().as_u16(), challenge.unwrap_or_default())
    }

    fn answer_to(&self, token: &str) -> Answer {
        self.answer(&bearer(token), None)
    }

    fn sign(&self, payload: &Value) -> String {
        self.issuer.key().sign(TokenType::AccessToken, payload).unwrap()
    }
}

fn headers(values: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

fn bearer(token: &str) -> HeaderMap {
    headers(&[format!("Bearer {token}").as_bytes()])
}

fn payload() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 60, "iat": NOW, "sub": "u1", "client_id": "reader", "jti": "t1", "scope": "read:orders" })
}

fn payload_with(name: &str, value: Value) -> Value {
    let mut payload = payload();
    payload[name] = value;
    payload
}

fn payload_without(name: &str) -> Value {
    let mut payload = payload();
    payload.as_object_mut().unwrap().remove(name);
    payload
}

fn invalid_request(description: &str) -> Answer {
    (400, format!("Bearer error=\"invalid_request\", error_description=\"{description}\""))
}

fn invalid_token(error: &JoseError) -> Answer {
    let description = error.description();
    (401, format!("Bearer error=\"invalid_token\", error_description=\"{description}\""))
}

#[test]
fn a_good_token_passes() {
    let given = given();
    let decision = given.decide(&bearer(&given.sign(&payload())), None, NOW);
    let Decision::Admit(admitted) = decision else { panic!("refused") };
    assert_eq!(admitted.at, UnixTime::from_seconds(NOW));
    let token = admitted.token.unwrap();
    assert_eq!(token.claims().subject(), Some("u1"));
    assert!(token.claims().scopes().contains("read:orders"));
    assert_eq!(
        given.answer(&headers(&[format!("bEARER   {}", given.issuer.token()).as_bytes()]), None).0,
        200
    );
}

#[test]
fn without_a_token_the_challenge_has_no_error() {
    let given = given();
    let bare = (401, "Bearer".to_owned());
    assert_eq!(given.answer(&HeaderMap::new(), None), bare);
    assert_eq!(given.answer(&headers(&[b"Basic dTpw"]), None), bare);
    assert_eq!(given.answer(&headers(&[b"DPoP a.b.c"]), None), bare);
    let query = format!("access_token={}", given.issuer.token());
    assert_eq!(given.answer(&HeaderMap::new(), Some(&query)), bare);
}

#[test]
fn every_challenge_names_realm_and_metadata() {
    let given =
        given_with(|builder| builder.realm("orders").resource("https://api.example.com/orders"));
    let metadata =
        "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource/orders\"";
    let bare = format!("Bearer realm=\"orders\", {metadata}");
    assert_eq!(given.answer(&HeaderMap::new(), None), (401, bare));
    let (status, challenge) = given.answer_to("junk");
    assert_eq!(status, 401);
    assert!(
        challenge.contains("realm=\"orders\", error=\"invalid_token\"")
            && challenge.ends_with(metadata)
    );
}

#[test]
fn a_malformed_header_is_an_invalid_request() {
    let given = given();
    let token = given.issuer.token();
    let twice = format!("Bearer {token}");
    assert_eq!(
        given.answer(&headers(&[twice.as_bytes(), twice.as_bytes()]), None),
        invalid_request("There is more than one Authorization header")
    );
    assert_eq!(
        given.answer(&bearer(&token), Some("a=b&access_token=x")),
        invalid_request("There is a token in the query beside the Authorization header")
    );
    for empty in ["Bearer", "Bearer ", "bearer   "] {
        let answer = invalid_request("The Authorization header holds no token");
        assert_eq!(given.answer(&headers(&[empty.as_bytes()]), None), answer, "{empty}");
    }
    for several in [
        format!("{token} {token}"),
        format!("{token}, Bearer {token}"),
        format!("{token},"),
        format!("\"{token}\""),
        format!("={token}"),
        format!("{token}é"),
        format!("{token}\t"),
        "===".to_owned(),
        "a=b.c.d".to_owned(),
    ] {
        let answer = invalid_request("The bearer token is malformed");
        assert_eq!(given.answer_to(&several), answer, "{several}");
    }
    let mut not_text = format!("Bearer {token}").into_bytes();
    not_text.push(0xff);
    assert_eq!(given.answer(&headers(&[&not_text]), None).0, 400);
}

#[test]
fn a_malformed_token_is_an_invalid_token() {
    let given = given();
    let good = given.issuer.token();
    let [head, body, signature] =
        <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    let join = |parts: &[&str]| parts.join(".");
    let last = |text: &str, to: char| format!("{}{to}", &text[..text.len() - 1]);
    for bad in [
        "junk".to_owned(),
        "..".to_owned(),
        ".".to_owned(),
        join(&[head, body]),
        join(&[head, body, ""]),
        join(&[head, "", signature]),
        join(&["", body, signature]),
        join(&[head, body, signature, signature]),
        join(&[head, body, signature, signature, signature]),
        format!("{good}="),
        join(&[head, body, &signature.replace(['-', '_'], "+")[..signature.len() - 1]]),
        join(&[head, body, &signature[..signature.len() - 1]]),
        join(&[&last(head, '~'), body, signature]),
        join(&[head, &format!("{body}A"), signature]),
        join(&["bm90IGpzb24", body, signature]),
        join(&[&base64url::encode(b"\xff\xfe"), body, signature]),
        join(&[&base64url::encode(b"[]"), body, signature]),
    ] {
        let (status, challenge) = given.answer_to(&bad);
        assert_eq!(status, 401, "{bad}: {challenge}");
        assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{bad}: {challenge}");
    }
    let large = format!("{good}{}", "A".repeat(16 * 1024));
    assert_eq!(given.answer_to(&large), invalid_token(&JoseError::TooLarge));
}

#[test]
fn dangerous_token_headers_are_refused() {
    let given = given();
    let good = given.issuer.token();
    let (_, rest) = good.split_once('.').unwrap();
    let with_header =
        |header: Value| format!("{}.{rest}", base64url::encode(header.to_string().as_bytes()));
    let not_allowed = invalid_token(&JoseError::AlgorithmNotAllowed);
    for alg in ["none", "None", "HS256", "HS512", "RS1", "es256", ""] {
        let token = with_header(json!({ "alg": alg, "kid": "k1", "typ": "at+jwt" }));
        assert_eq!(given.answer_to(&token), not_allowed, "{alg}");
    }
    // The key's own algorithm, ES256, decides, and not that of the token.
    for alg in ["RS256", "EdDSA", "ES384"] {
        let token = with_header(json!({ "alg": alg, "kid": "k1", "typ": "at+jwt" }));
        assert_eq!(given.answer_to(&token), not_allowed, "{alg}");
    }
    let crit = with_header(json!({ "alg": "ES256", "kid": "k1", "crit": ["exp"], "exp": 1 }));
    assert_eq!(given.answer_to(&crit), invalid_token(&JoseError::CriticalHeader));
    // An attacker's own key, or its URL, is never used: the signature is checked with the issuer's
    // key.
    let attacker = TestIssuer::new();
    let jwk = serde_json::to_value(attacker.key().public_jwk()).unwrap();
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = json!({ "alg": "ES256", "kid": "k1", "typ": "at+jwt" });
        header[name] = value;
        assert_eq!(
            given.answer_to(&with_header(header)),
            invalid_token(&JoseError::BadSignature),
            "{name}"
        );
    }
    assert_eq!(given.answer_to(&attacker.token()), invalid_token(&JoseError::BadSignature));
    for typ in ["dpop+jwt", "logout+jwt", "JWT+at"] {
        let token = with_header(json!({ "alg": "ES256", "kid": "k1", "typ": typ }));
        assert_eq!(given.answer_to(&token), invalid_token(&JoseError::WrongType), "{typ}");
    }
}

#[test]
fn wrong_claims_are_refused() {
    let given = given();
    for (payload, error) in [
        (payload_with("iss", json!("https://evil.example")), JoseError::wrong_issuer("", "")),
        (payload_with("iss", json!("https://id.example.com/")), JoseError::wrong_issuer("", "")),
        (payload_with("aud", json!("api://stock")), JoseError::wrong_audience("", "")),
        (
            payload_with("aud", json!(["api://stock", "API://orders"])),
            JoseError::wrong_audience("", ""),
        ),
        (payload_without("aud"), JoseError::wrong_audience("", "")),
        (payload_with("exp", json!(NOW - 60)), JoseError::Expired),
        (payload_with("nbf", json!(NOW + 61)), JoseError::NotYetValid),
        (payload_with("cnf", json!({ "jkt": "x" })), JoseError::SenderConstrained),
        (payload_without("iss"), JoseError::InvalidClaims { claim: None }),
        (payload_without("exp"), JoseError::InvalidClaims { claim: None }),
        (
            payload_with("exp", json!((NOW + 60).to_string())),
            JoseError::InvalidClaims { claim: None },
        ),
        (payload_with("nbf", json!("0")), JoseError::InvalidClaims { claim: None }),
        (payload_with("exp", json!(1e300)), JoseError::InvalidClaims { claim: None }),
        (payload_with("exp", json!(-1)), JoseError::InvalidClaims { claim: None }),
        (payload_with("scp", json!(["other"])), JoseError::InvalidClaims { claim: None }),
        (json!([]), JoseError::InvalidClaims { claim: None }),
        (json!("text"), JoseError::InvalidClaims { claim: None }),
    ] {
        assert_eq!(given.answer_to(&given.sign(&payload)), invalid_token(&error), "{payload}");
    }
}

#[test]
fn the_configured_leeway_is_used() {
    let given = given_with(|builder| builder.leeway(Duration::from_secs(5)));
    let token = bearer(&given.sign(&payload_with("nbf", json!(NOW))));
    let passes = |now| matches!(given.decide(&token, None, now), Decision::Admit(_));
    assert!(passes(NOW - 5) && passes(NOW + 64));
    assert!(!passes(NOW - 6) && !passes(NOW + 65));
}

#[test]
fn id_tokens_are_refused_and_strict_requires_at_jwt() {
    let id_token = payload_with("at_hash", json!("x"));
    let sign = |given: &Given, typ, payload: &Value| given.issuer.key().sign(typ, payload).unwrap();
    let wrong_type = invalid_token(&JoseError::WrongType);

    let lenient = given();
    assert_eq!(lenient.answer_to(&sign(&lenient, TokenType::Jwt, &payload())).0, 200);
    assert_eq!(lenient.answer_to(&sign(&lenient, TokenType::Jwt, &id_token)), wrong_type);

    let strict = given_with(BearerBuilder::strict_type);
    assert_eq!(strict.answer_to(&sign(&strict, TokenType::AccessToken, &payload())).0, 200);
    assert_eq!(strict.answer_to(&sign(&strict, TokenType::Jwt, &payload())), wrong_type);
}

#[test]
fn tokens_without_audience_can_be_selected_by_client() {
    let issuer = TestIssuer::new();
    let builder = BearerLayer::issuer(ISSUER).client_ids(["app"], "access").keys(issuer.key_set());
    let given = Given { layer: builder.build().unwrap(), issuer };
    let cognito = |client: &str, token_use: &str| {
        let mut payload = payload_without("aud");
        payload["client_id"] = json!(client);
        payload["token_use"] = json!(token_use);
        given.answer_to(&given.sign(&payload))
    };
    assert_eq!(cognito("app", "access").0, 200);
    assert_eq!(cognito("other", "access"), invalid_token(&JoseError::wrong_audience("", "")));
    assert_eq!(cognito("app", "refresh"), invalid_token(&JoseError::wrong_audience("", "")));
}

#[test]
fn several_audiences_are_alternatives() {
    let given = given_with(|builder| builder.audience("api://stock"));
    for (aud, status) in [("api://orders", 200), ("api://stock", 200), ("api://other", 401)] {
        assert_eq!(
            given.answer_to(&given.sign(&payload_with("aud", json!(aud)))).0,
            status,
            "{aud}"
        );
    }
}

#[test]
fn only_allowed_algorithms_are_accepted() {
    let given = given_with(|builder| builder.algorithms([crate::Algorithm::Rs256]));
    assert_eq!(
        given.answer_to(&given.issuer.token()),
        invalid_token(&JoseError::AlgorithmNotAllowed)
    );
}

#[test]
fn optional_admits_requests_without_a_token_but_not_invalid_ones() {
    let mut given = given();
    given.layer = given.layer.optional();
    for headers in [HeaderMap::new(), headers(&[b"Basic dTpw"])] {
        let decision = given.decide(&headers, None, NOW);
        let Decision::Admit(admitted) = decision else { panic!("refused") };
        assert!(admitted.token.is_none());
    }
    assert_eq!(given.answer_to(&given.issuer.token()).0, 200);
    assert_eq!(given.answer_to("junk").0, 401);
    assert_eq!(given.answer_to(&given.sign(&payload_with("exp", json!(NOW - 60)))).0, 401);
    assert_eq!(given.answer(&headers(&[b"Bearer"]), None).0, 400);
    assert_eq!(given.answer(&headers(&[b"Basic x", b"Basic x"]), None).0, 400);
}

#[test]
fn extra_claims_are_read_and_required() {
    #[derive(serde::Deserialize)]
    struct Tenant {
        tenant: u32,
    }

    let given = given_with(BearerBuilder::extra_claims::<Tenant>);
    let good = bearer(&given.sign(&payload_with("tenant", json!(7))));
    let Decision::Admit(admitted) = given.decide(&good, None, NOW) else { panic!("refused") };
    assert_eq!(
        admitted.token.unwrap().extra().unwrap().downcast_ref::<Tenant>().unwrap().tenant,
        7
    );

    let error = invalid_token(&JoseError::ExtraClaims { wanted: "", member: None });
    assert_eq!(given.answer_to(&given.sign(&payload_with("tenant", json!("acme")))), error);
    assert_eq!(given.answer_to(&given.sign(&payload())), error);
}

#[test]
fn an_unknown_key_causes_a_refresh_only_if_one_could_bring_it() {
    let fixed = given();
    fixed.issuer.replace_key("k2");
    let unknown = JoseError::UnknownKey { kid: Some("k2".into()) };
    assert_eq!(fixed.answer_to(&fixed.issuer.token()), invalid_token(&unknown));

    let issuer = TestIssuer::new();
    let remote = Given { layer: issuer.builder().build().unwrap(), issuer };
    let decide = |token: &str| remote.decide(&bearer(token), None, NOW);
    assert!(matches!(decide(&remote.issuer.token()), Decision::Wait(WaitFor::Keys(..))));
    // A token that no key could make valid does not trigger a refresh.
    for token in ["junk", "a.b.c"] {
        assert!(
            matches!(decide(token), Decision::Refuse(RefusalCause::InvalidToken(_))),
            "{token}"
        );
    }
    assert!(matches!(decide("junk junk"), Decision::Refuse(RefusalCause::InvalidRequest(_))));
    assert_eq!(remote.issuer.fetches(), 0, "a decision has no side effects");
}

#[test]
fn build_reports_configuration_mistakes() {
    use crate::ConfigError;

    let base = || BearerLayer::issuer(ISSUER);
    let with = || base().audience(AUDIENCE);
    let error = |builder: BearerBuilder| builder.build().unwrap_err();
    assert_eq!(error(base()), ConfigError::MissingAudience);
    assert_eq!(error(base().client_ids([], "access")), ConfigError::MissingAudience);
    assert_eq!(error(with().client_ids(["a"], "access")), ConfigError::AudienceAndClientIds);
    assert!(matches!(
        error(BearerLayer::issuer("id.example.com").audience("a")),
        ConfigError::Claims(_)
    ));
    assert!(matches!(
        error(BearerLayer::issuer("http://id.example.com").audience("a")),
        ConfigError::Claims(_)
    ));
    assert!(matches!(error(base().audience("")), ConfigError::Claims(_)));
    assert_eq!(error(with().leeway(Duration::from_secs(301))), ConfigError::LeewayTooLong);
    assert_eq!(error(with().algorithms([])), ConfigError::NoAlgorithms);
    assert_eq!(error(with().keys(KeySet::empty())), ConfigError::NoKeys);
    let keys = TestIssuer::new().key_set();
    assert_eq!(
        error(with().keys(keys).jwks_url("https://a.example/k")),
        ConfigError::TwoKeySources
    );
    assert!(matches!(
        error(with().jwks_url("http://a.example/k")),
        ConfigError::InvalidUrl { option: "jwks_url", .. }
    ));
    assert!(matches!(
        error(with().resource("http://a.example")),
        ConfigError::InvalidUrl { option: "resource", .. }
    ));
    assert_eq!(error(with().scopes_supported(["a"])), ConfigError::ScopesWithoutResource);
    let scopes = with().resource("https://a.example").scopes_supported(["a b"]);
    assert!(matches!(error(scopes), ConfigError::Claims(_)));
}
