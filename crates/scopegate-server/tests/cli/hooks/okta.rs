//! Okta's hook exchange, played by a service on Node that was written to Okta's documentation.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{SECRET, catalog, claims, token};
use crate::place::{Place, Serving};

/// The service. It ends when this value is dropped.
struct Service {
    node: Child,
    port: u16,
}

impl Service {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/hooks/service.mjs");
        let node = Command::new("node").arg(script).stdout(Stdio::piped()).spawn();
        let mut node = node.expect("scripts/test installs Node");
        let mut port = String::new();
        BufReader::new(node.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { port: port.trim().parse().unwrap(), node }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// How often each path was called, and how many tokens its token endpoint gave.
    async fn seen(&self) -> Value {
        let answer = reqwest::Client::new().post(self.url("calls")).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

/// A server whose hooks call the service, each at the path of its name.
fn serve(service: &Service, hooks: &[(&str, &str)]) -> (Place, Serving) {
    let mut place = Place::new();
    for (name, value) in [
        ("CLIENT_SECRET", SECRET),
        ("HEADER", "open sesame"),
        ("OAUTH", "secret of the hook"),
        ("KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ] {
        place.set(name, value);
    }
    let keys: Vec<(&str, String)> = hooks
        .iter()
        .map(|(name, keys)| {
            let path = name.split('_').next().unwrap();
            (*name, format!("type = \"http\"\nurl = \"{}\"\n{keys}", service.url(path)))
        })
        .collect();
    let keys: Vec<(&str, &str)> = keys.iter().map(|(name, keys)| (*name, keys.as_str())).collect();
    place.write("catalog.toml", &catalog(&keys));
    let serving = place.serve(&["--catalog", "catalog.toml"]);
    (place, serving)
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_service_written_for_okta_works_unchanged() {
    let service = Service::start();
    let oauth = format!(
        "auth = {{ oauth = {{ token_url = \"{}\", client_id = \"scopegate\", secret = {{ env = \"OAUTH\" }} }} }}",
        service.url("token")
    );
    let (_place, serving) = serve(
        &service,
        &[
            ("plan", ""),
            ("debug", ""),
            ("nothing", ""),
            ("narrow", ""),
            ("header", "auth = { header = \"Authorization\", value = { env = \"HEADER\" } }"),
            ("oauth", &oauth),
            ("signature", "auth = { signature = { env = \"KEY\" } }"),
        ],
    );
    for name in ["plan", "header", "oauth", "oauth", "signature"] {
        let (status, body) = token(&serving, name).await;
        assert_eq!(status, 200, "{name}: {body}");
        let claims = claims(&body);
        assert_eq!(claims["plan"], "gold", "{name}");
        assert_eq!(claims["roles"], json!(["a", "b", "c"]));
        assert_eq!(body["expires_in"], 3600);
    }
    assert_eq!(claims(&token(&serving, "debug").await.1)["a/b"], 1);
    assert_eq!(claims(&token(&serving, "nothing").await.1).get("plan"), None);
    let (_, narrowed) = token(&serving, "narrow").await;
    assert_eq!(
        (&narrowed["scope"], &claims(&narrowed)["scope"]),
        (&json!("read:orders"), &json!("read:orders"))
    );
    let seen = service.seen().await;
    assert_eq!(
        (&seen["calls"]["/oauth"], &seen["tokens"]),
        (&json!(2), &json!(1)),
        "the token is kept"
    );
}

/// The paths at which the service does something wrong, and the failure that is recorded.
const WRONG: [(&str, &str); 14] = [
    ("bad-command", "bad_patch"),
    ("protected", "bad_patch"),
    ("identity", "bad_patch"),
    ("widen", "bad_patch"),
    ("status", "status"),
    ("created", "status"),
    ("redirect", "redirect"),
    ("html", "unreadable"),
    ("compressed", "encoded"),
    ("huge", "too_large"),
    ("endless", "too_large"),
    ("byte-by-byte", "timed_out"),
    ("never", "timed_out"),
    ("reset", "no_connection"),
];

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn whatever_the_service_does_wrong_closed_refuses_and_open_leaves_the_token_unchanged() {
    let service = Service::start();
    let names: Vec<(String, &str)> = WRONG
        .iter()
        .flat_map(|(path, _)| {
            [(format!("{path}_closed"), "closed"), (format!("{path}_open"), "open")]
        })
        .collect();
    let keys: Vec<(String, String)> = names
        .into_iter()
        .map(|(name, mode)| (name, format!("failure = \"{mode}\"\ndeadline = \"300ms\"")))
        .collect();
    let hooks: Vec<(&str, &str)> =
        keys.iter().map(|(name, keys)| (name.as_str(), keys.as_str())).collect();
    let (place, serving) = serve(&service, &hooks);
    for (path, _) in WRONG {
        let (status, body) = token(&serving, &format!("{path}_closed")).await;
        assert_eq!((status, &body["error"]), (400, &json!("server_error")), "{path}: {body}");
        assert_eq!(body["error_description"], "A token hook failed.");
        let (status, body) = token(&serving, &format!("{path}_open")).await;
        assert_eq!(status, 200, "{path}: {body}");
        let claims = claims(&body);
        assert_eq!(claims.get("plan"), None, "{path}: nothing of a bad patch is applied");
        assert_eq!(claims["scope"], "read:orders write:orders");
    }
    assert_eq!(service.seen().await["calls"].get("/plan"), None, "the redirect was not followed");
    assert_eq!(serving.end().code, 0);
    let status = place.run(&["hooks", "status", "--json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    for (path, failure) in WRONG {
        let rows = status.as_array().unwrap().iter();
        let rows: Vec<_> = rows
            .filter(|row| row["name"].as_str().unwrap().starts_with(&format!("{path}_")))
            .collect();
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert_eq!(row["last_failure"]["failure"], failure, "{path}");
        }
    }
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn an_error_of_the_service_refuses_even_if_the_hook_is_open() {
    let service = Service::start();
    let (_place, serving) = serve(&service, &[("error", "failure = \"open\"")]);
    let (status, body) = token(&serving, "error").await;
    assert_eq!((status, &body["error"]), (400, &json!("server_error")));
    assert_eq!(body["error_description"], "Account 7 is closed.");
    assert!(body["decision_id"].is_string());
    let log = serving.end().stderr;
    assert!(!log.contains("Account 7"), "what a hook answers is not logged: {log}");
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn a_token_endpoint_that_is_dead_is_a_failure_of_the_hook() {
    let service = Service::start();
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = dead.local_addr().unwrap().port();
    drop(dead);
    let oauth = format!(
        "auth = {{ oauth = {{ token_url = \"http://127.0.0.1:{port}/\", client_id = \"scopegate\", \
         secret = {{ env = \"OAUTH\" }} }} }}"
    );
    let (place, serving) = serve(&service, &[("oauth", &oauth)]);
    let (status, _) = token(&serving, "oauth").await;
    assert_eq!(status, 400);
    assert_eq!(service.seen().await["calls"].get("/oauth"), None);
    assert_eq!(serving.end().code, 0);
    let shown = place.run(&["hooks", "status", "--json"]).stdout;
    assert!(shown.contains("token_endpoint"), "{shown}");
}
