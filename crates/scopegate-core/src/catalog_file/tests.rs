//! Tests of refused and accepted files.

mod accepted;
mod claims;
mod clients;
mod credentials;
mod hooks;
mod mistakes;
mod policies;
mod random;
mod refresh;
mod rules;
mod servers;
mod syntax;
mod trusted;
mod users;

use std::collections::HashMap;

use scopegate_claims::Issuer;

use super::{CatalogContext, CatalogErrors, CatalogFile, CatalogSource};
use crate::catalog::{ClientId, UserId};
use crate::grants::GRANTS;
use crate::spelling::Instead;

/// 32 characters, the minimum length of a secret.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

struct Context {
    variables: HashMap<&'static str, &'static str>,
    issuer: Issuer,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            variables: HashMap::from([("READER_SECRET", SECRET), ("SHORT", &SECRET[1..])]),
            issuer: Issuer::parse("http://127.0.0.1:9000").unwrap(),
        }
    }
}

impl CatalogContext for Context {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| (*value).to_owned())
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        sha256.map(|byte| !byte)
    }

    fn seal_password(&self, _user: &UserId, phc: &str) -> Vec<u8> {
        phc.as_bytes().iter().map(|byte| !byte).collect()
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        Some(&self.issuer)
    }

    fn has_client(&self, id: &ClientId) -> bool {
        id.as_str() == "made-by-the-api"
    }
}

fn parse(content: impl AsRef<[u8]>) -> Result<CatalogFile, CatalogErrors> {
    let source = CatalogSource { name: "catalog.toml", content: content.as_ref() };
    CatalogFile::parse(&source, &Context::default())
}

/// The problems of a file, as they are shown.
#[track_caller]
fn refusal(content: impl AsRef<[u8]>) -> String {
    parse(content).expect_err("the file has a problem").to_string()
}

/// The problems of a file with `part` after the line with the version.
#[track_caller]
fn refusal_of(part: &str) -> String {
    refusal(format!("version = 1\n{part}"))
}

/// The problems of `line` as line 6 of an otherwise valid server.
#[track_caller]
fn refusal_in_server(line: &str) -> String {
    refusal(format!("{SERVER}\n{line}\n"))
}

/// The advice for an unknown grant type.
fn write_a_grant() -> String {
    Instead { of: "", known: GRANTS.iter().map(|grant| grant.grant_type()) }.to_string()
}

/// A server with an audience, in five lines.
const SERVER: &str = r#"version = 1
[[server]]
id = "orders"
name = "Orders"
audiences = [{ name = "api://orders" }]"#;

/// The problems of `line` as line 6 of an otherwise valid client.
#[track_caller]
fn refusal_in_client(line: &str) -> String {
    refusal(format!("{CLIENT}\n{line}\n"))
}

/// A client without credentials, in five lines.
const CLIENT: &str = r#"version = 1
[[client]]
id = "reader"
name = "Reader"
auth = "client_secret_basic""#;

/// A SHA-256 as in a file.
const SHA256: &str = "27d952b1fb645cef9c63eb7bf220896ac13b0f9df0521bc12f9f783c6c1c14ce";
