//! The keys that a token is checked with.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scopegate_claims::Issuer;
use scopegate_core::store::KeyStore;
use scopegate_jose::{KeySet, MAX_KEY_SET_LEN, VerifyingKey};
use scopegate_store::SqlStore;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cli::failure::CliError;
use crate::cli::{Workplace, input, is_missing};

/// How long an issuer may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keys, and whose they are.
pub(super) struct IssuerKeys {
    pub(super) keys: KeySet,
    /// The issuer whose they are, if that is known.
    pub(super) issuer: Option<Issuer>,
    /// Whose they are, for people.
    pub(super) owner: String,
}

/// Where keys come from.
pub(super) enum KeySource<'a> {
    /// A file with a JWK set.
    File(&'a PathBuf),
    /// What an issuer publishes.
    Issuer(&'a Issuer),
    /// The store that the configuration names.
    Store(&'a Workplace),
}

impl KeySource<'_> {
    /// Gets the keys for a token of an issuer; the inner error says why there are none.
    pub(super) async fn keys(
        &self,
        token_issuer: Option<&str>,
    ) -> Result<Result<IssuerKeys, String>, CliError> {
        match *self {
            KeySource::File(path) => Ok(from_file(path, &input::read(path)?)),
            KeySource::Issuer(issuer) => Ok(published(issuer).await),
            KeySource::Store(place) => stored(place, token_issuer).await,
        }
    }
}

fn from_file(path: &Path, json: &[u8]) -> Result<IssuerKeys, String> {
    let owner = format!("a key of {}", path.display());
    parse(json).map(|keys| IssuerKeys { keys, issuer: None, owner })
}

fn parse(json: &[u8]) -> Result<KeySet, String> {
    let parsed = KeySet::parse(json).map_err(|error| error.to_string())?;
    match (parsed.keys.len(), parsed.set_aside.first()) {
        (0, Some(first)) => Err(format!("the key set has no usable key: {}", first.problem)),
        (0, None) => Err("the key set is empty".to_owned()),
        _ => Ok(parsed.keys),
    }
}

/// What discovery says, as far as it matters here.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// The keys that an issuer publishes (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).
async fn published(issuer: &Issuer) -> Result<IssuerKeys, String> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())?;
    let bare = issuer.as_str().trim_end_matches('/');
    let origin = bare.strip_suffix(issuer.path()).unwrap_or(bare);
    let openid = format!("{bare}/.well-known/openid-configuration");
    let oauth = format!("{origin}/.well-known/oauth-authorization-server{}", issuer.path());
    let metadata = match json::<Metadata>(&client, &openid).await {
        Ok(metadata) => metadata,
        Err(first) => json::<Metadata>(&client, &oauth).await.map_err(|_| first)?,
    };
    if metadata.issuer != issuer.as_str() {
        return Err(format!("{openid} is the document of another issuer, {:?}", metadata.issuer));
    }
    check_keys_url(&metadata.jwks_uri, issuer).map_err(|problem| format!("{openid}: {problem}"))?;
    let keys = parse(&fetch(&client, &metadata.jwks_uri).await?)?;
    Ok(IssuerKeys { keys, issuer: Some(issuer.clone()), owner: issuer.to_string() })
}

/// Keys that came over plain http could be anybody's, except on the machine itself.
fn check_keys_url(url: &str, issuer: &Issuer) -> Result<(), &'static str> {
    let is_printable = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    // But for its query it looks like an issuer: https, or http on loopback.
    let place = Issuer::parse(url.split('?').next().unwrap_or_default());
    let place = place.ok().filter(|_| is_printable);
    let place = place.ok_or("its `jwks_uri` is no https URL that can be asked for")?;
    let is_https = |url: &Issuer| url.as_str().starts_with("https:");
    match is_https(issuer) && !is_https(&place) {
        true => Err("its `jwks_uri` is not https as the issuer is"),
        false => Ok(()),
    }
}

async fn json<T: DeserializeOwned>(client: &reqwest::Client, url: &str) -> Result<T, String> {
    let body = fetch(client, url).await?;
    serde_json::from_slice(&body).map_err(|error| format!("{url}: {error}"))
}

async fn fetch(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, String> {
    let failed = |error: reqwest::Error| {
        if error.is_timeout() {
            return format!("{url}: no answer in time");
        }
        // What the library says first is the URL again; the last cause says what is wrong.
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        let cause = causes.last().map_or_else(String::new, |cause| format!(": {cause}"));
        format!("{url}: no connection{cause}")
    };
    let mut response = client.get(url).send().await.map_err(failed)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(format!("{url}: the answer was {}", response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_KEY_SET_LEN {
            return Err(format!("{url}: the document is too large"));
        }
    }
    Ok(body)
}

/// The keys that the store holds for the issuer of a token. Nothing is made and nothing is unsealed.
async fn stored(
    place: &Workplace,
    token_issuer: Option<&str>,
) -> Result<Result<IssuerKeys, String>, CliError> {
    let config = place.config()?;
    let base = config.base_url(config.listen.public)?;
    let advice = "give --issuer or --jwks";
    if is_missing(&config.store) {
        return Ok(Err(format!("there is no store at {}; {advice}", config.store.url)));
    }
    let Some(issuer) = token_issuer.and_then(|issuer| Issuer::parse(issuer).ok()) else {
        return Ok(Err(format!("the token names no issuer; {advice}")));
    };
    let failed = |error: &dyn Error| CliError::failed(error);
    let store = SqlStore::open(&config.store.url, &config.store.options).await;
    let store = store.map_err(|error| failed(&error))?;
    let all = store.keys_since(0).await.map_err(|error| failed(&error))?.keys;
    store.close().await;

    let below = format!("{}/oauth2/", base.as_str());
    let server = match issuer.as_str().strip_prefix(&below) {
        Some(server) => server,
        None if issuer == base => "org",
        None => {
            return Ok(Err(format!("{issuer} is not served from {}; {advice}", config.store.url)));
        }
    };
    let own = all.iter().filter(|key| key.server.as_str() == server);
    let keys = KeySet::from_keys(own.filter_map(|key| VerifyingKey::from_jwk(&key.public).ok()));
    if keys.is_empty() {
        return Ok(Err(format!("{issuer} has no keys in {}; {advice}", config.store.url)));
    }
    Ok(Ok(IssuerKeys { keys, owner: issuer.to_string(), issuer: Some(issuer) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_or_from_the_machine_itself() {
        let (secure, local) = ("https://id.example.com", "http://127.0.0.1:9000");
        for (issuer, url, is_taken) in [
            (secure, "https://id.example.com/keys", true),
            (secure, "https://keys.example.net/keys?tenant=a&v=1", true),
            (local, "http://127.0.0.1:9000/keys?tenant=a", true),
            (local, "http://localhost:9001/keys", true),
            (local, "https://id.example.com/keys", true),
            (secure, "http://127.0.0.1:9000/keys", false),
            (secure, "http://id.example.com/keys", false),
            (local, "http://id.example.com/keys?x=127.0.0.1", false),
            (secure, "https://id.example.com/keys#a", false),
            (secure, "https://id.example.com/keys?a b", false),
            (secure, "file:///etc/keys", false),
            (secure, "/keys", false),
        ] {
            let issuer = Issuer::parse(issuer).unwrap();
            assert_eq!(check_keys_url(url, &issuer).is_ok(), is_taken, "{issuer} {url}");
        }
    }
}
