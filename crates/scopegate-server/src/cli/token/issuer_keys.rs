//! The keys that a token is checked with.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scopegate_claims::{Issuer, UnixTime};
use scopegate_core::catalog::ServerId;
use scopegate_core::keys::ClientKeys;
use scopegate_core::keys::fetch::Fetch;
use scopegate_core::store::KeyStore;
use scopegate_jose::{KeySet, VerifyingKey};
use scopegate_server::HttpFetch;
use scopegate_store::SqlStore;
use serde::Deserialize;

use crate::cli::failure::CliError;
use crate::cli::{Workplace, input, is_missing};

/// Keys, and their owner.
pub(super) struct IssuerKeys {
    pub(super) keys: Arc<KeySet>,
    /// The issuer that owns them, if it is known.
    pub(super) issuer: Option<Issuer>,
    /// The owner, as the verdict names it.
    pub(super) owner: String,
}

/// The store that holds the keys of an issuer.
pub(super) struct Home {
    pub(super) store: SqlStore,
    pub(super) base: Issuer,
    pub(super) server: ServerId,
}

/// Where keys come from.
pub(super) enum KeySource<'a> {
    /// A file with a JWK set.
    File(&'a PathBuf),
    /// The keys that an issuer publishes.
    Issuer(&'a Issuer),
    /// The store that the configuration names.
    Store(&'a Workplace),
}

impl KeySource<'_> {
    /// Gets the keys for a token of an issuer, and the store if they come from one. The inner error says
    /// why there are none.
    pub(super) async fn keys(
        &self,
        token_issuer: Option<&str>,
        now: UnixTime,
    ) -> Result<Result<(IssuerKeys, Option<Home>), String>, CliError> {
        let elsewhere = |keys: Result<IssuerKeys, String>| keys.map(|keys| (keys, None));
        match *self {
            KeySource::File(path) => Ok(elsewhere(from_file(path, &input::read(path)?))),
            KeySource::Issuer(issuer) => Ok(elsewhere(published(issuer, now).await)),
            KeySource::Store(place) => {
                let stored = stored(place, token_issuer).await?;
                Ok(stored.map(|(keys, home)| (keys, Some(home))))
            }
        }
    }
}

fn from_file(path: &Path, json: &[u8]) -> Result<IssuerKeys, String> {
    let owner = format!("a key of {}", path.display());
    parse(json).map(|keys| IssuerKeys { keys: Arc::new(keys), issuer: None, owner })
}

fn parse(json: &[u8]) -> Result<KeySet, String> {
    let parsed = KeySet::parse(json).map_err(|error| error.to_string())?;
    match (parsed.keys.len(), parsed.set_aside.first()) {
        (0, Some(first)) => Err(format!("the key set has no usable key: {}", first.problem)),
        (0, None) => Err("the key set is empty".to_owned()),
        _ => Ok(parsed.keys),
    }
}

/// The part of an issuer's metadata that is used here.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// The keys that an issuer publishes (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).
async fn published(issuer: &Issuer, now: UnixTime) -> Result<IssuerKeys, String> {
    let fetch = Arc::new(HttpFetch::for_administrator());
    let url = keys_url(&*fetch, issuer).await?;
    let keys = ClientKeys::new(fetch).find(&url, None, now).await;
    let keys = keys.map_err(|problem| format!("{url}: {problem}"))?;
    if keys.is_empty() {
        return Err(format!("{url}: the key set has no usable key"));
    }
    Ok(IssuerKeys { keys, issuer: Some(issuer.clone()), owner: issuer.to_string() })
}

/// The URL of an issuer's keys, from its metadata.
async fn keys_url(fetch: &dyn Fetch, issuer: &Issuer) -> Result<String, String> {
    let bare = issuer.as_str().trim_end_matches('/');
    let origin = bare.strip_suffix(issuer.path()).unwrap_or(bare);
    let openid = format!("{bare}/.well-known/openid-configuration");
    let oauth = format!("{origin}/.well-known/oauth-authorization-server{}", issuer.path());
    let (url, metadata) = match metadata(fetch, &openid).await {
        Ok(metadata) => (openid, metadata),
        Err(first) => (oauth.clone(), metadata(fetch, &oauth).await.map_err(|_| first)?),
    };
    if metadata.issuer != issuer.as_str() {
        return Err(format!("{url} is the document of another issuer, {:?}", metadata.issuer));
    }
    check_keys_url(&metadata.jwks_uri, issuer).map_err(|problem| format!("{url}: {problem}"))?;
    Ok(metadata.jwks_uri)
}

async fn metadata(fetch: &dyn Fetch, url: &str) -> Result<Metadata, String> {
    let document = fetch.get(url).await.map_err(|problem| format!("{url}: {problem}"))?;
    serde_json::from_slice(&document).map_err(|error| format!("{url}: {error}"))
}

/// Refuses keys over plain http, except on the machine itself: anybody on the network could replace
/// them.
fn check_keys_url(url: &str, issuer: &Issuer) -> Result<(), &'static str> {
    let is_printable = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    // Without its query the URL must be valid as an issuer: https, or http on loopback.
    let place = Issuer::parse(url.split('?').next().unwrap_or_default());
    let place = place.ok().filter(|_| is_printable);
    let place = place.ok_or("its `jwks_uri` is no https URL that can be asked for")?;
    let is_https = |url: &Issuer| url.as_str().starts_with("https:");
    match is_https(issuer) && !is_https(&place) {
        true => Err("its `jwks_uri` is not https as the issuer is"),
        false => Ok(()),
    }
}

/// The keys that the store holds for the issuer of a token. No key is made, and no private key is
/// unsealed.
async fn stored(
    place: &Workplace,
    token_issuer: Option<&str>,
) -> Result<Result<(IssuerKeys, Home), String>, CliError> {
    let config = place.config()?;
    let base = config.base_url(config.listen.public)?;
    let advice = "give --issuer or --jwks";
    if is_missing(&config.store) {
        return Ok(Err(format!("there is no store at {}; {advice}", config.store.url)));
    }
    let Some(issuer) = token_issuer.and_then(|issuer| Issuer::parse(issuer).ok()) else {
        return Ok(Err(format!("the token names no issuer; {advice}")));
    };
    let below = format!("{}/oauth2/", base.as_str());
    let server = match issuer.as_str().strip_prefix(&below) {
        Some(server) => ServerId::parse(server).ok(),
        None if issuer == base => Some(ServerId::org()),
        None => None,
    };
    let Some(server) = server else {
        return Ok(Err(format!("{issuer} is not served from {}; {advice}", config.store.url)));
    };
    let failed = |error: &dyn Error| CliError::failed(error);
    let store = SqlStore::open(&config.store.url, &config.store.options).await;
    let store = store.map_err(|error| failed(&error))?;
    let all = store.keys_since(0).await.map_err(|error| failed(&error))?.keys;
    let own = all.iter().filter(|key| key.server == server);
    let keys = KeySet::from_keys(own.filter_map(|key| VerifyingKey::from_jwk(&key.public).ok()));
    if keys.is_empty() {
        store.close().await;
        return Ok(Err(format!("{issuer} has no keys in {}; {advice}", config.store.url)));
    }
    let owner = issuer.to_string();
    let keys = IssuerKeys { keys: Arc::new(keys), owner, issuer: Some(issuer) };
    Ok(Ok((keys, Home { store, base, server })))
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
