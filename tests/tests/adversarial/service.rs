//! The attacked service, and a client that sends raw bytes.

use std::cell::Cell;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use scopegate::{RequireScope, scoped};
use scopegate_jose::base64url;
use scopegate_testkit::TestIssuer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[scoped]
async fn list(_: RequireScope<"read:orders">) -> &'static str {
    "orders"
}

/// The expected answer: the status, and the challenge if there is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) challenge: Option<String>,
}

/// The answer to a request with a good token.
pub(crate) fn passes() -> Answer {
    Answer { status: 200, challenge: None }
}

/// The HTTP server refuses the request before the layer sees it.
pub(crate) fn not_http(status: u16) -> Answer {
    Answer { status, challenge: None }
}

/// The answer to a request without a token.
pub(crate) fn no_token() -> Answer {
    Answer { status: 401, challenge: Some("Bearer".to_owned()) }
}

pub(crate) fn invalid_request(why: &str) -> Answer {
    refused(400, "invalid_request", why)
}

pub(crate) fn invalid_token(why: &str) -> Answer {
    refused(401, "invalid_token", why)
}

/// The answer to a valid token without the scope.
pub(crate) fn insufficient() -> Answer {
    let mut answer = refused(
        403,
        "insufficient_scope",
        "The access token lacks a scope that this request needs",
    );
    answer.challenge.as_mut().unwrap().push_str(r#", scope="read:orders""#);
    answer
}

fn refused(status: u16, error: &str, why: &str) -> Answer {
    let challenge = format!(r#"Bearer error="{error}", error_description="{why}""#);
    Answer { status, challenge: Some(challenge) }
}

/// An issuer, an API that trusts it, and the number of requests so far.
pub(crate) struct Service {
    pub(crate) issuer: TestIssuer,
    address: SocketAddr,
    requests: Cell<usize>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let issuer = TestIssuer::listen("api://orders").await;
        let auth = issuer.layer();
        let app = Router::new().route("/orders", get(list).post(list)).layer(auth);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let service = Self { issuer, address, requests: Cell::new(0) };
        service.is_well().await;
        service
    }

    /// A good token.
    pub(crate) fn good(&self) -> String {
        self.issuer.token().subject("u1").scope("read:orders").sign()
    }

    /// The claims of a good token.
    pub(crate) fn claims(&self) -> Value {
        let now = scopegate::Clock::now(self.issuer.clock()).as_seconds();
        json!({
            "iss": self.issuer.url(), "aud": "api://orders", "sub": "u1", "client_id": "reader",
            "jti": "t1", "iat": now, "exp": now + 600, "scope": "read:orders",
        })
    }

    /// Signs any header and any payload with the issuer's own key.
    pub(crate) fn sign(&self, header: &[u8], payload: &[u8]) -> String {
        let signed = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
        let signature = self.issuer.signer().signature(&signed).unwrap();
        format!("{signed}.{signature}")
    }

    /// The header of a good token.
    pub(crate) fn header(&self) -> String {
        json!({"typ": "at+jwt", "alg": "ES256", "kid": self.issuer.kid()}).to_string()
    }

    /// Sends a request with this token and expects this answer.
    pub(crate) async fn expect(&self, name: &str, token: impl AsRef<[u8]>, answer: Answer) {
        let line = [b"Authorization: Bearer ", token.as_ref()].concat();
        self.expect_lines(name, &[line], answer).await;
    }

    /// Sends a request with these header lines and expects this answer.
    pub(crate) async fn expect_lines<L: AsRef<[u8]>>(
        &self,
        name: &str,
        lines: &[L],
        answer: Answer,
    ) {
        let mut head = b"GET /orders HTTP/1.1\r\nHost: api\r\nConnection: close\r\n".to_vec();
        for line in lines {
            head.extend_from_slice(line.as_ref());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        self.expect_bytes(name, &head, answer).await;
    }

    /// Sends these bytes and expects this answer.
    pub(crate) async fn expect_bytes(&self, name: &str, bytes: &[u8], answer: Answer) {
        let answers = self.send(bytes).await;
        assert_eq!(answers.first(), Some(&answer), "{name}");
    }

    /// Sends these bytes and reads all answers until the service closes the connection.
    pub(crate) async fn send(&self, bytes: &[u8]) -> Vec<Answer> {
        self.requests.set(self.requests.get() + 1);
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (mut reader, mut writer) = stream.split();
        let mut text = Vec::new();
        // The service may answer and close before it has read everything, so write errors are
        // ignored.
        let (_, _) =
            tokio::join!(async { writer.write_all(bytes).await }, reader.read_to_end(&mut text),);
        let answers = answers(&String::from_utf8_lossy(&text));
        assert!(answers.iter().all(|answer| answer.status < 500), "{answers:?}");
        answers
    }

    /// Asserts that a good token still passes.
    pub(crate) async fn is_well(&self) {
        self.expect("an honest client", self.good(), passes()).await;
    }

    /// Ends a test: asserts that the service still works, and that at least so many requests were
    /// sent.
    pub(crate) async fn ends_well(&self, at_least: usize) {
        self.is_well().await;
        assert!(self.requests.get() >= at_least, "only {} requests", self.requests.get());
    }
}

fn answers(text: &str) -> Vec<Answer> {
    let heads =
        text.split("HTTP/1.").skip(1).map(|answer| answer.split("\r\n\r\n").next().unwrap());
    heads
        .map(|head| {
            let mut lines = head.split("\r\n");
            let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
            let mut challenges = lines.filter_map(|line| line.strip_prefix("www-authenticate: "));
            let challenge = challenges.next().map(str::to_owned);
            assert_eq!(challenges.next(), None, "one challenge is enough");
            Answer { status, challenge }
        })
        .collect()
}
