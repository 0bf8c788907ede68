//! Access tokens with which this server calls hooks, by client credentials (RFC 6749 §4.4).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use reqwest::Client;
use scopegate_core::catalog::{HookCredential, HookOauth};
use scopegate_core::hooks::HookFailure;
use scopegate_jose::{SigningKey, TokenType, random_token, sha256};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::{bounded, checked};

/// The longest answer of a token endpoint, in bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// The longest access token, in bytes.
const MAX_TOKEN: usize = 16 * 1024;

/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_secs(30);

/// How long a token is used if the endpoint does not tell its lifetime.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(60);

/// How long an assertion is valid.
const ASSERTION_LIFETIME: u64 = 60;

/// Maximum number of tokens that are kept. Each hook has one.
const MAX_TOKENS: usize = 1000;

/// The access tokens of all hooks.
#[derive(Debug, Default)]
pub(super) struct AccessTokens(Mutex<HashMap<[u8; 32], Slot>>);

/// The token of one hook. It is locked while a token is fetched, so that it is fetched once.
type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

struct Token {
    text: Arc<Zeroizing<String>>,
    ends_at: Instant,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("ends_at", &self.ends_at).finish_non_exhaustive()
    }
}

/// The answer of a token endpoint (RFC 6749 §5.1).
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl AccessTokens {
    /// The access token for a hook: the one that is kept, or a new one.
    pub(super) async fn token(
        &self,
        client: &Client,
        oauth: &HookOauth,
        secret: &Zeroizing<String>,
        now: u64,
    ) -> Result<Arc<Zeroizing<String>>, HookFailure> {
        let slot = self.slot(oauth, secret);
        let mut kept = slot.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| Instant::now() < token.ends_at) {
            return Ok(Arc::clone(&token.text));
        }
        let token = fetch(client, oauth, secret, now).await?;
        let text = Arc::clone(&token.text);
        *kept = Some(token);
        Ok(text)
    }

    /// Forgets the token of a hook.
    pub(super) fn forget(&self, oauth: &HookOauth, secret: &Zeroizing<String>) {
        self.lock().remove(&name(oauth, secret));
    }

    fn slot(&self, oauth: &HookOauth, secret: &Zeroizing<String>) -> Slot {
        let mut slots = self.lock();
        let name = name(oauth, secret);
        if slots.len() >= MAX_TOKENS && !slots.contains_key(&name) {
            slots.clear();
        }
        Arc::clone(slots.entry(name).or_default())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a token is kept under. A changed secret or URL needs a new token.
fn name(oauth: &HookOauth, secret: &Zeroizing<String>) -> [u8; 32] {
    let HookOauth { token_url, client_id, scope, .. } = oauth;
    let secret = sha256(secret.as_bytes());
    let name = json!([token_url, client_id, scope, secret]).to_string();
    sha256(name.as_bytes())
}

async fn fetch(
    client: &Client,
    oauth: &HookOauth,
    secret: &Zeroizing<String>,
    now: u64,
) -> Result<Token, HookFailure> {
    let form = form(oauth, secret, now)?;
    let url = checked(&oauth.token_url).map_err(of_endpoint)?;
    let request = client
        .post(url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "identity")
        .body(form);
    let asked_at = Instant::now();
    let response = request.send().await.map_err(|error| of_endpoint(super::failed(&error)))?;
    if response.status() != StatusCode::OK {
        return Err(of_endpoint(HookFailure::Status(response.status().as_u16())));
    }
    let body = Zeroizing::new(bounded(response, MAX_LENGTH).await.map_err(of_endpoint)?);
    let unreadable = || HookFailure::TokenEndpoint("the answer is not readable".to_owned());
    let answer: Answer = serde_json::from_slice(&body).map_err(|_| unreadable())?;
    let is_visible = |byte: u8| matches!(byte, b'!'..=b'~');
    let is_token = (1..=MAX_TOKEN).contains(&answer.access_token.len())
        && answer.access_token.bytes().all(is_visible);
    if !answer.token_type.eq_ignore_ascii_case("Bearer") || !is_token {
        return Err(unreadable());
    }
    let lifetime = answer.expires_in.map_or(UNKNOWN_LIFETIME, Duration::from_secs);
    // A day is enough, and no number overflows.
    let lifetime = lifetime.min(Duration::from_secs(24 * 60 * 60)).saturating_sub(MARGIN);
    Ok(Token { text: Arc::new(Zeroizing::new(answer.access_token)), ends_at: asked_at + lifetime })
}

/// The body of the token request.
fn form(oauth: &HookOauth, secret: &Zeroizing<String>, now: u64) -> Result<String, HookFailure> {
    let HookOauth { token_url, client_id, credential, scope } = oauth;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.append_pair("client_id", client_id);
    if let Some(scope) = scope {
        form.append_pair("scope", scope);
    }
    match credential {
        HookCredential::Secret(_) => {
            form.append_pair("client_secret", secret);
        }
        HookCredential::Key(_) => {
            let assertion = assertion(token_url, client_id, secret, now)?;
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            form.append_pair("client_assertion_type", kind);
            form.append_pair("client_assertion", &assertion);
        }
    }
    Ok(form.finish())
}

/// The assertion of `private_key_jwt` (RFC 7523 §2.2).
fn assertion(token_url: &str, client_id: &str, key: &str, now: u64) -> Result<String, HookFailure> {
    let failed = |_| HookFailure::TokenEndpoint("the private key cannot sign".to_owned());
    let key = SigningKey::from_jwk_json(key).map_err(failed)?;
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "iat": now,
        "exp": now + ASSERTION_LIFETIME,
        "jti": random_token(16),
    });
    key.sign(TokenType::Jwt, &claims).map_err(failed)
}

fn of_endpoint(failure: HookFailure) -> HookFailure {
    match failure {
        HookFailure::TokenEndpoint(_) => failure,
        failure => HookFailure::TokenEndpoint(failure.to_string()),
    }
}
