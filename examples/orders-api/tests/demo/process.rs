//! A running demo.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;

/// The last line that the demo prints at its start.
const READY: &str = "# Ctrl-C stops the demo.";

/// The program, without settings from the environment.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orders-api"));
    for variable in ["RUST_LOG", "SCOPEGATE_MASTER_KEY", "ORDERS_API_RESOURCE"] {
        command.env_remove(variable);
    }
    command
}

/// A running demo on ports of its own. Dropping this value stops it.
pub(crate) struct Demo {
    child: Child,
    http: Client,
    pub(crate) printed: Vec<String>,
    /// The parent of its temporary folder, which a killed demo does not delete.
    _temporary: TempDir,
}

impl Demo {
    /// Starts a demo with its issuer.
    pub(crate) fn start() -> Self {
        Self::start_with(&["--as-listen", "127.0.0.1:0"])
    }

    /// Starts a demo with further flags, and waits until it has printed everything: then its ports
    /// are bound.
    pub(crate) fn start_with(flags: &[&str]) -> Self {
        let temporary = tempfile::tempdir().expect("a folder can be made");
        let mut child = program()
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut lines = out.lines().map(|line| line.expect("the demo prints text"));
        let mut printed = Vec::new();
        while printed.last().is_none_or(|line| line != READY) {
            printed.push(lines.next().expect("the demo goes on until it is stopped"));
        }
        let http = Client::builder().no_proxy().tls_certs_only([]).build();
        let http = http.expect("a client is made");
        Self { child, http, printed, _temporary: temporary }
    }

    /// The text that the demo printed after a label.
    fn place(&self, label: &str) -> &str {
        let place = self.printed.iter().find_map(|line| line.strip_prefix(label));
        place.expect("the demo prints its places").trim()
    }

    /// The URL of the API.
    pub(crate) fn api(&self) -> &str {
        self.place("# The orders API")
    }

    /// The URL of the demo's own issuer.
    pub(crate) fn issuer(&self) -> &str {
        self.place("# Its issuer").split_once(',').expect("its audience follows").0
    }

    /// The folder with all data.
    pub(crate) fn folder(&self) -> &str {
        let place = self.place("# Kept in");
        place.strip_suffix(" until the demo stops").unwrap_or(place)
    }

    /// A request for a token, without credentials.
    pub(crate) fn token_request(&self, form: &[(&str, &str)]) -> RequestBuilder {
        let request = self.http.post(format!("{}/v1/token", self.issuer()));
        request.form(&[&[("grant_type", "client_credentials")], form].concat())
    }

    /// A token of a client that sends its secret by HTTP Basic.
    pub(crate) async fn token(&self, client: &str, scope: &str) -> String {
        let secret = secret(client);
        let request = self.token_request(&[("scope", scope)]).basic_auth(client, Some(secret));
        let (status, answer) = read(request.send().await).await;
        assert_eq!(status, 200, "{answer}");
        answer["access_token"].as_str().expect("a token is a text").to_owned()
    }

    /// A request to a page for users; redirects are not followed.
    pub(crate) fn page(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        let base = self.issuer().strip_suffix("/oauth2/default").expect("it is the default one");
        let http = Client::builder().no_proxy().tls_certs_only([]).redirect(Policy::none());
        http.build().expect("a client is made").request(method, format!("{base}{path}"))
    }

    /// A request to the API.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.api()))
    }

    /// A request that places an order.
    pub(crate) fn post(&self, order: &Value) -> RequestBuilder {
        self.http.post(format!("{}/orders", self.api())).json(order)
    }

    /// Stops the demo with a signal, as a terminal or an init system does.
    pub(crate) fn stop(mut self, signal: &str) -> ExitStatus {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        self.child.wait().expect("it can be waited for")
    }

    /// Kills the demo.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it can be waited for");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The secret of a client of the demo.
pub(crate) fn secret(client: &str) -> String {
    format!("{client}-demo-secret-not-for-production")
}

/// The status and JSON body of an answer.
pub(crate) async fn read(answer: reqwest::Result<Response>) -> (u16, Value) {
    let answer = answer.expect("the demo answers");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("the body is JSON"))
}
