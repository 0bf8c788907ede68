//! Bad requests to the token endpoint, each with its whole answer, from one server.

use axum::body::Body;
use http::Request;
use http::request::Builder;
use serde_json::json;

use crate::fixture::{ASKS, FORM, Fixture, TOKEN, asserting, basic, form_to, secret_of};
use crate::rendered::rendered;

/// Requests that break the same rule, and the answer that all of them get.
struct Case {
    rule: &'static str,
    requests: Vec<Request<Body>>,
    answer: Answer,
}

/// A refusal. All other parts of it are the same in each case.
#[derive(Clone, Copy)]
struct Answer {
    status: &'static str,
    /// A header in addition to those that each refusal has.
    header: Option<&'static str>,
    error: &'static str,
    description: &'static str,
    /// Whether the answer has a decision id. It does once the client is authenticated.
    decided: bool,
}

impl Answer {
    const fn refused(error: &'static str, description: &'static str) -> Self {
        Self { status: "400 Bad Request", header: None, error, description, decided: false }
    }

    const fn decided(error: &'static str, description: &'static str) -> Self {
        Self { decided: true, ..Self::refused(error, description) }
    }

    const fn with_status(self, status: &'static str) -> Self {
        Self { status, ..self }
    }

    const fn with_header(self, header: &'static str) -> Self {
        Self { header: Some(header), ..self }
    }

    /// The text that [`rendered`] makes of it.
    fn rendered(&self) -> String {
        let Self { status, header, error, description, decided } = self;
        let mut headers = vec![
            "cache-control: no-store",
            "content-type: application/json",
            "pragma: no-cache",
            "x-content-type-options: nosniff",
        ];
        headers.extend(header);
        headers.sort_unstable();
        let mut body = json!({ "error": error, "error_description": description });
        if *decided {
            body["decision_id"] = "…".into();
        }
        format!("{status}\n{}\n{body}", headers.join("\n"))
    }
}

/// The client could not be authenticated. The answer does not say why.
const NO_CLIENT: Answer = Answer::refused("invalid_client", "Client authentication failed.")
    .with_status("401 Unauthorized")
    .with_header(
        r#"www-authenticate: Basic realm="http://127.0.0.1:9000/oauth2/default", charset="UTF-8""#,
    );

#[tokio::test]
async fn each_bad_request_gets_its_answer() {
    let at = Fixture::start().await;
    let mut wrong = Vec::new();
    for case in [bad_forms(&at), bad_credentials(&at), bad_wishes(&at)].into_iter().flatten() {
        let expected = case.answer.rendered();
        for (number, request) in case.requests.into_iter().enumerate() {
            let found = rendered(at.send(request).await).await;
            if found != expected {
                wrong.push(format!("{} ({number})\n{found}\ninstead of\n{expected}", case.rule));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // The longest values that are accepted.
    for form in [long_form(FORM_LENGTH), long_scope(SCOPE_LENGTH)] {
        assert_eq!(at.ask(&form).await.status(), 200);
    }
}

const FORM_LENGTH: usize = 64 * 1024;
const SCOPE_LENGTH: usize = 4096;

fn long_form(length: usize) -> String {
    format!("{ASKS}&p={}", "x".repeat(length - ASKS.len() - 3))
}

fn long_scope(length: usize) -> String {
    let plus = length - "read:orders".len();
    format!("grant_type=client_credentials&scope=read:orders{:+<plus$}", "")
}

fn filled(request: Builder, form: &str) -> Request<Body> {
    request.body(Body::from(form.to_owned())).unwrap()
}

fn case(rule: &'static str, requests: Vec<Request<Body>>, answer: Answer) -> Case {
    Case { rule, requests, answer }
}

/// Requests that are refused before the client is known.
fn bad_forms(at: &Fixture) -> Vec<Case> {
    let refused = |description| Answer::refused("invalid_request", description);
    let by_reader = |form: &str| vec![filled(at.reader(TOKEN), form)];
    let typed = |content_type: &str, body| {
        filled(Request::post(TOKEN).header("content-type", content_type), body)
    };
    let json = r#"{"grant_type":"client_credentials"}"#;
    let of_another_type = vec![
        typed("application/json", json),
        typed("multipart/form-data; boundary=x", json),
        typed("text/plain", json),
        filled(Request::post(TOKEN), ASKS),
    ];
    let in_the_url =
        ["client_id=poster&client_secret=x", "client_assertion=x", "x&client%5Fsecret"];
    let in_the_url =
        in_the_url.iter().map(|query| filled(form_to(&format!("{TOKEN}?{query}")), ASKS));
    let servers = ["nowhere", "off", "org", "v1", "a%2Fb", "%FF", "a.b"];
    let to_nobody = servers.iter().flat_map(|id| {
        let path = format!("/oauth2/{id}/v1/token");
        [filled(Request::post(&path), ""), filled(at.reader(&path), ASKS)]
    });
    vec![
        case(
            "the method is POST",
            vec![filled(Request::get(TOKEN), "")],
            refused("The method is not allowed here.")
                .with_status("405 Method Not Allowed")
                .with_header("allow: POST,OPTIONS"),
        ),
        case(
            "an unknown or inactive server is not found, whatever is sent",
            to_nobody.collect(),
            Answer::refused("not_found", "There is no such authorization server.")
                .with_status("404 Not Found"),
        ),
        case(
            "the content type is a form",
            of_another_type,
            refused("The Content-Type must be application/x-www-form-urlencoded."),
        ),
        case(
            "the charset is UTF-8",
            vec![typed(&format!("{FORM}; charset=latin1"), ASKS)],
            refused("The charset of the form must be UTF-8."),
        ),
        case(
            "the form is at most 64 KiB",
            by_reader(&long_form(FORM_LENGTH + 1)),
            refused("The body is too long.").with_status("413 Payload Too Large"),
        ),
        case("the form is UTF-8", by_reader("grant_type=%FF"), refused("The form is not UTF-8.")),
        case(
            "each percent begins an escape",
            by_reader("grant_type=%zz"),
            refused("The form has a % that begins no escape."),
        ),
        case(
            "no parameter occurs twice",
            by_reader(&format!("{ASKS}&scope=write:orders")),
            refused("A parameter occurs more than once."),
        ),
        case(
            "grant_type is required",
            by_reader("scope=read:orders"),
            refused("The parameter grant_type is missing."),
        ),
        case(
            "a client authenticates in one way only",
            by_reader(&format!("{ASKS}&client_id=reader&client_secret=x")),
            refused("The client used more than one authentication method."),
        ),
        case(
            "there is one Authorization header",
            vec![filled(at.reader(TOKEN).header("authorization", "Basic eDp5"), ASKS)],
            refused("There is more than one Authorization header."),
        ),
        case(
            "credentials are not in the URL",
            in_the_url.collect(),
            refused("Credentials may not be in the URL."),
        ),
    ]
}

/// Requests whose client cannot be authenticated. The answer is the same whatever is wrong.
fn bad_credentials(at: &Fixture) -> Vec<Case> {
    let with_header = |value: &[u8]| filled(form_to(TOKEN).header("authorization", value), ASKS);
    let with_secret = |client, secret| with_header(basic(client, secret).as_bytes());
    let wrong = "wrong-but-as-long-as-a-secret-should-be";
    let in_the_form = format!("{ASKS}&client_id=poster&client_secret=wrong");
    let no_basic: [&[u8]; 4] = [b"Bearer x", b"Basic", b"Basic !!!", b"Basic \xff"];
    let now = 1_800_000_000;
    let claims = [
        json!({ "exp": now - 60 }),
        json!({ "exp": now + 2 * 60 * 60 }),
        json!({ "exp": (now + 60).to_string() }),
        json!({ "nbf": now + 120 }),
        json!({ "aud": "https://else.example" }),
        json!({ "iss": "reader" }),
        json!({ "sub": "reader" }),
        json!({ "jti": "" }),
        json!({ "jti": 7 }),
    ];
    let claims = claims.iter().enumerate();
    let assertions = claims.map(|(i, claims)| at.assertion(&format!("bad-{i}"), claims));
    let texts = ["x", "a.b.c", "", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwYXJ0bmVyIn0."];
    let assertions = assertions.chain(texts.map(str::to_owned));
    let asserted = assertions.map(|assertion| filled(form_to(TOKEN), &asserting(&assertion)));
    vec![
        case("no credentials are not enough", vec![filled(form_to(TOKEN), ASKS)], NO_CLIENT),
        case(
            "an unknown client and a wrong secret get the same answer",
            ["reader", "nobody", "disabled"].map(|client| with_secret(client, wrong)).into(),
            NO_CLIENT,
        ),
        case(
            "a disabled client is refused like an unknown one",
            vec![with_secret("disabled", &secret_of("disabled"))],
            NO_CLIENT,
        ),
        case(
            "a wrong secret in the form is answered like one in the header",
            vec![filled(form_to(TOKEN), &in_the_form)],
            NO_CLIENT,
        ),
        case(
            "an Authorization header that is no Basic one is a failed authentication",
            no_basic.map(with_header).into(),
            NO_CLIENT,
        ),
        case("a bad assertion authenticates nobody", asserted.collect(), NO_CLIENT),
    ]
}

/// Requests of an authenticated client that are refused.
fn bad_wishes(at: &Fixture) -> Vec<Case> {
    let scope = |description| Answer::decided("invalid_scope", description);
    let by_reader = |form: &str| vec![filled(at.reader(TOKEN), form)];
    let asking = |scope: &str| by_reader(&format!("grant_type=client_credentials&scope={scope}"));
    let grantless = basic("grantless", &secret_of("grantless"));
    let denied = Answer::decided(
        "access_denied",
        "No access policy allows this client these scopes by this grant.",
    );
    vec![
        case(
            "an unknown grant type is unsupported",
            by_reader("grant_type=password&username=a"),
            Answer::decided("unsupported_grant_type", "The grant type is not supported."),
        ),
        case(
            "a client uses its own grant types only",
            vec![filled(form_to(TOKEN).header("authorization", grantless), ASKS)],
            Answer::decided("unauthorized_client", "The client may not use this grant type."),
        ),
        case(
            "an unknown scope is invalid",
            asking("read:orders%20fly"),
            scope("The authorization server does not have all of these scopes."),
        ),
        case(
            "an empty scope is none, and there is no default",
            [by_reader("grant_type=client_credentials"), asking(""), asking("%20")]
                .into_iter()
                .flatten()
                .collect(),
            scope("The authorization server has no default scopes: name the scopes you need."),
        ),
        case(
            "a scope has at most 4096 bytes",
            by_reader(&long_scope(SCOPE_LENGTH + 1)),
            scope("The scope parameter is too long."),
        ),
        case(
            "a malformed scope is invalid",
            asking("%22"),
            scope("The scope parameter is malformed."),
        ),
        case("a scope outside the policy is denied", asking("write:orders"), denied),
        case(
            "the Okta dialect denies with 401",
            vec![filled(
                at.reader("/oauth2/okta/v1/token"),
                "grant_type=client_credentials&scope=write:orders",
            )],
            denied.with_status("401 Unauthorized"),
        ),
        case(
            "a scope that needs consent needs a user",
            asking("sign:orders"),
            Answer::decided(
                "consent_required",
                "A scope needs the consent of a person, and this grant asks none.",
            ),
        ),
        case(
            "a resource of somebody else is an invalid target",
            by_reader(&format!("{ASKS}&resource=https://else.example")),
            Answer::decided(
                "invalid_target",
                "The request does not select one audience of this authorization server.",
            ),
        ),
        case(
            "the org server gives custom scopes to nobody",
            vec![filled(at.reader("/oauth2/v1/token"), ASKS)],
            scope(
                "The org authorization server issues admin scopes only, to admin clients with a key.",
            ),
        ),
    ]
}

#[tokio::test]
async fn an_assertion_serves_once() {
    let at = Fixture::start().await;
    let assertion = at.assertion("jti-1", &json!({}));
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 200);
    let again = at.ask_with_assertion(&assertion).await;
    assert_eq!(rendered(again).await, NO_CLIENT.rendered());

    // A refused request uses up its assertion, too.
    let assertion = at.assertion("jti-2", &json!({}));
    let form = asserting(&assertion).replace("read:orders", "write:orders");
    assert_eq!(at.send(filled(form_to(TOKEN), &form)).await.status(), 400);
    assert_eq!(at.ask_with_assertion(&assertion).await.status(), 401);
}
