//! Tokens: asking for one, and what its header says.

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::Client;
use scopegate_jose::base64url;
use serde_json::Value;

use crate::catalog::{CLIENT, SECRET};
use crate::node::Node;

#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) kid: String,
    /// The id of the authorization server.
    pub(crate) server: &'static str,
    /// The name of the node that issued it.
    pub(crate) node: &'static str,
    pub(crate) issued: Instant,
    /// The time from `issued` until it expires.
    pub(crate) lifetime: Duration,
}

/// Names the token without its text.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kid, server, node, .. } = self;
        let age = self.issued.elapsed().as_secs_f64();
        write!(f, "server {server}, kid {kid}, age {age:.1} s, from node {node}")
    }
}

/// Asks a node for a token. The error names what happened.
pub(crate) async fn ask(
    client: &Client,
    node: &Node,
    server: &'static str,
) -> Result<Token, String> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("scope", "read:orders"),
    ];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    // Lifetimes count from here: the token then ends a little later than this program expects.
    let issued = Instant::now();
    let request = client
        .post(format!("http://127.0.0.1:{}/oauth2/{server}/v1/token", node.port))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let answer = request.send().await.map_err(|error| format!("no answer: {error:?}"))?;
    let status = answer.status();
    let body = answer.text().await.map_err(|error| format!("no answer: {error:?}"))?;
    if !status.is_success() {
        return Err(format!("{}: {body}", status.as_u16()));
    }
    let body: Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
    let text = body["access_token"].as_str().ok_or("no access token")?.to_owned();
    let lifetime = Duration::from_secs(body["expires_in"].as_u64().ok_or("no lifetime")?);
    let kid = kid(&text).ok_or("no key id")?;
    Ok(Token { text, kid, server, node: node.name, issued, lifetime })
}

fn kid(token: &str) -> Option<String> {
    let header = base64url::decode(token.split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    header["kid"].as_str().map(str::to_owned)
}

/// A number from 0 to below `bound`, which is small, so that its distribution is even enough.
pub(crate) fn random_below(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    u64::from_le_bytes(bytes) % bound
}
