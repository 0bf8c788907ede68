//! Finding an issuer's key set: OpenID Connect Discovery 1.0 §4, and RFC 8414 §3.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::error::Category;
use url::Url;

use super::download::{Downloaded, Target, download};
use super::{Fetch, IssuerDocument, KeysError};
use crate::http_hosts::HttpHosts;
use crate::web_url::is_loopback;

/// Finds the URL of an issuer's key set.
///
/// The document of OpenID Connect is requested first, because it is more common. If the answer has
/// another status than 200, or is not usable metadata, the document of RFC 8414 is requested. Any
/// other error is final. If neither can be used, the error names both.
pub(crate) async fn discover(
    fetch: &dyn Fetch,
    issuer: &str,
    http_hosts: &HttpHosts,
) -> Result<Url, KeysError> {
    let first = match read(fetch, issuer, &openid_connect_url(issuer), http_hosts).await {
        Err(error @ (KeysError::Status { .. } | KeysError::InvalidMetadata { .. })) => error,
        result => return result,
    };
    let second = read(fetch, issuer, &rfc_8414_url(issuer), http_hosts).await;
    second.map_err(|second| KeysError::NoMetadata {
        openid_connect: Box::new(first),
        rfc_8414: Box::new(second),
    })
}

/// The well-known part is appended to the issuer's path (OpenID Connect Discovery 1.0 §4.1).
fn openid_connect_url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// The well-known part is inserted between host and path (RFC 8414 §3.1).
fn rfc_8414_url(issuer: &str) -> String {
    let whole = issuer.trim_end_matches('/');
    let host = whole.find("://").map_or(0, |at| at + 3);
    let path = whole[host..].find('/').map_or(whole.len(), |at| host + at);
    let (origin, path) = whole.split_at(path);
    format!("{origin}/.well-known/oauth-authorization-server{path}")
}

async fn read(
    fetch: &dyn Fetch,
    issuer: &str,
    url: &str,
    http_hosts: &HttpHosts,
) -> Result<Url, KeysError> {
    let invalid = |problem| KeysError::InvalidMetadata { url: url.to_owned(), problem };
    let location = http_hosts.parse(url).map_err(invalid)?;
    let target = Target { document: IssuerDocument::Metadata, url: &location };
    let Downloaded { body, .. } = download(fetch, target).await?;
    let metadata: Metadata<'_> =
        serde_json::from_slice(&body).map_err(|error| invalid(problem_of(&error)))?;
    let found = metadata.issuer.ok_or_else(|| invalid("it has no `issuer`"))?;
    // RFC 8414 §3.3: the document must not be used unless its `issuer` is identical to ours.
    if found != issuer {
        let (url, found) = (url.to_owned(), found.into_owned());
        // Entra's documents for all tenants say `https://login.microsoftonline.com/{tenantid}/v2.0`.
        if found.contains('{') {
            return Err(KeysError::IssuerTemplate { url, found });
        }
        return Err(KeysError::WrongIssuer { url, expected: issuer.to_owned(), found });
    }
    let keys = metadata.jwks_uri.ok_or_else(|| invalid("it has no `jwks_uri`"))?;
    let keys =
        http_hosts.parse(&keys).map_err(|_| invalid("its `jwks_uri` is not a usable https URL"))?;
    // An issuer must not direct us to where it cannot be itself: a remote one not to services on
    // our own machine, and one that is reached by https not to plain http.
    match (location.scheme(), keys.scheme()) {
        (_, "https") => Ok(keys),
        ("https", _) => Err(invalid("its `jwks_uri` is not https, but the issuer is")),
        _ if is_loopback(&keys) && !is_loopback(&location) => {
            Err(invalid("its `jwks_uri` is a loopback address, but the issuer is not"))
        }
        _ => Ok(keys),
    }
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    issuer: Option<Cow<'a, str>>,
    #[serde(borrow)]
    jwks_uri: Option<Cow<'a, str>>,
}

fn problem_of(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        Category::Data => "it is not a JSON object whose `issuer` and `jwks_uri` are strings",
        Category::Eof | Category::Io | Category::Syntax => "it is not JSON",
    }
}

#[cfg(test)]
mod tests;
