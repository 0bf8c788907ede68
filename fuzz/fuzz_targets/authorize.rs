//! Sends arbitrary forms to the authorization endpoint from a signed-in browser.

#![no_main]

use std::sync::LazyLock;

use http::header::LOCATION;
use http::{Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use scopegate_tests::{Answer, TestServer};
use tokio::runtime::Runtime;
use url::form_urlencoded;

const CATALOG: &str = include_str!("../catalog.toml");
const ISSUER: &str = "http://127.0.0.1:9000/oauth2/default";

struct World {
    runtime: Runtime,
    server: TestServer,
    cookie: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let (server, cookie) = runtime.block_on(async {
        let server = TestServer::start(CATALOG).await;
        let alice = server.add_user("alice", &["staff"]).await;
        let browser = server.browser_of(&alice).await;
        let secret = browser.cookie("scopegate").expect("the user is signed in").to_owned();
        (server, format!("scopegate={secret}"))
    });
    World { runtime, server, cookie }
});

fuzz_target!(|data: &[u8]| {
    let World { runtime, server, cookie } = &*WORLD;
    let request = Request::post("/oauth2/default/v1/authorize")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie)
        .body(data.to_vec().into());
    let answer = runtime.block_on(server.send(request.expect("it is a request")));
    let asked = Asked::read(data);
    match (answer.status, answer.headers.get(LOCATION)) {
        (StatusCode::SEE_OTHER, Some(location)) => {
            let location = location.to_str().expect("a location is ASCII");
            if !location.starts_with("/signin?request=")
                && !location.starts_with("/consent?request=")
            {
                check_redirect(&asked, location);
            }
        }
        (StatusCode::OK, None) => check_form_post(&asked, &answer),
        (StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE, None) => {}
        (status, _) => panic!("{status}: {}", answer.body),
    }
});

/// The request parameters, parsed independently of the server.
struct Asked(Vec<(String, String)>);

impl Asked {
    fn read(data: &[u8]) -> Self {
        Self(form_urlencoded::parse(data).into_owned().collect())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The value of a parameter that occurs once. An empty value means that it is missing, but it
    /// still counts as an occurrence (RFC 6749 §3.1).
    fn only<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let mut values = self.all(name);
        values.next().filter(|value| values.next().is_none() && !value.is_empty())
    }

    /// The redirect URI to which the client may be answered.
    fn redirect_uri(&self) -> String {
        let client = self.only("client_id").expect("an unknown client is never redirected");
        let asked = self.only("redirect_uri");
        let is_registered = |uri: &str| match client {
            "portal" => uri == "https://portal.example/cb?tenant=1",
            "app" => uri == "com.example.app:/cb" || is_loopback(uri),
            _ => false,
        };
        match asked {
            Some(uri) => {
                assert!(is_registered(uri), "{client} never registered {uri}");
                uri.to_owned()
            }
            None => {
                assert!(client == "portal" && self.all("redirect_uri").count() < 2);
                "https://portal.example/cb?tenant=1".to_owned()
            }
        }
    }
}

/// Whether this is `http://127.0.0.1/cb` with any port, and otherwise exactly equal (RFC 8252
/// §7.3).
fn is_loopback(uri: &str) -> bool {
    let between = uri.strip_prefix("http://127.0.0.1").and_then(|rest| rest.strip_suffix("/cb"));
    between.is_some_and(|port| {
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
    })
}

/// Checks an answer in the query of the redirect URI.
fn check_redirect(asked: &Asked, location: &str) {
    let redirect_uri = asked.redirect_uri();
    let sign = if redirect_uri.contains('?') { '&' } else { '?' };
    let query = location.strip_prefix(&redirect_uri).and_then(|rest| rest.strip_prefix(sign));
    let query = query.unwrap_or_else(|| panic!("{location} is not at {redirect_uri}"));
    check_parameters(
        asked,
        &form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>(),
    );
}

/// Checks an answer in a form that the browser submits.
fn check_form_post(asked: &Asked, answer: &Answer) {
    let page = answer.page();
    assert_eq!(page.action, Some(asked.redirect_uri()));
    assert_eq!(asked.only("response_mode"), Some("form_post"));
    check_parameters(asked, &page.fields);
}

/// Checks the parameters of an answer to a client.
fn check_parameters(asked: &Asked, parameters: &[(String, String)]) {
    let values = |name: &str| {
        let named = parameters.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(values("iss"), [ISSUER]);
    assert_eq!(values("state").first().copied(), state(asked));
    assert!(values("state").len() < 2);
    match (&*values("code"), &*values("error")) {
        ([code], []) => {
            assert_eq!(code.len(), 43);
            assert_eq!(asked.only("response_type"), Some("code"));
            let is_bound = asked.only("code_challenge").is_some_and(|text| text.len() == 43);
            assert!(is_bound || asked.only("client_id") == Some("portal"));
            for (name, _) in &asked.0 {
                assert!(name == "resource" || asked.all(name).count() == 1, "{name} is repeated");
            }
        }
        ([], [error]) => assert!(!error.is_empty()),
        other => panic!("{other:?}"),
    }
}

/// The expected `state` of the answer. One that is too long is not returned.
fn state(asked: &Asked) -> Option<&str> {
    asked.only("state").filter(|state| state.len() <= 1024)
}
