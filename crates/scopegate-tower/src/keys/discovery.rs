//! Finding an issuer's key set: OpenID Connect Discovery 1.0 §4, and RFC 8414 §3.

use scopegate_claims::Issuer;
use serde::Deserialize;
use url::Url;

use super::download::{Document, download};
use super::{Fetch, KeysError};
use crate::web_url;

/// Finds the URL of an issuer's key set.
///
/// The document of OpenID Connect is requested first, because it is more common. If the answer has
/// another status than 200, or is not usable metadata, the document of RFC 8414 is requested. Any
/// other error is final.
pub(crate) async fn discover(fetch: &dyn Fetch, issuer: &Issuer) -> Result<Url, KeysError> {
    match read(fetch, issuer, &openid_connect_url(issuer)).await {
        Err(error @ (KeysError::Status { .. } | KeysError::InvalidMetadata { .. })) => {
            tracing::debug!(%error, "falling back to the metadata of RFC 8414");
            read(fetch, issuer, &rfc_8414_url(issuer)).await
        }
        found => found,
    }
}

/// The well-known part is appended to the issuer's path (OpenID Connect Discovery 1.0 §4.1).
fn openid_connect_url(issuer: &Issuer) -> String {
    format!("{}/.well-known/openid-configuration", issuer.as_str().trim_end_matches('/'))
}

/// The well-known part is inserted between host and path (RFC 8414 §3.1).
fn rfc_8414_url(issuer: &Issuer) -> String {
    let whole = issuer.as_str().trim_end_matches('/');
    let origin = whole.strip_suffix(issuer.path()).unwrap_or(whole);
    format!("{origin}/.well-known/oauth-authorization-server{}", issuer.path())
}

async fn read(fetch: &dyn Fetch, issuer: &Issuer, url: &str) -> Result<Url, KeysError> {
    let invalid = |problem| KeysError::InvalidMetadata { url: url.to_owned(), problem };
    let location = web_url::parse(url).map_err(invalid)?;
    let Document { body, .. } = download(fetch, &location).await?;
    let metadata: Metadata<'_> = serde_json::from_slice(&body)
        .map_err(|_| invalid("it is not a JSON object with `issuer` and `jwks_uri`"))?;
    // RFC 8414 §3.3: the document must not be used unless its `issuer` is identical to ours.
    if metadata.issuer != issuer.as_str() {
        return Err(KeysError::WrongIssuer {
            url: url.to_owned(),
            expected: issuer.to_string(),
            found: metadata.issuer.into_owned(),
        });
    }
    let keys = web_url::parse(&metadata.jwks_uri)
        .map_err(|_| invalid("its `jwks_uri` is not a usable https URL"))?;
    // A remote issuer must not direct us to services that listen on our own machine.
    if location.scheme() == "https" && keys.scheme() != "https" {
        return Err(invalid("its `jwks_uri` is not https, but the issuer is"));
    }
    Ok(keys)
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    issuer: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    jwks_uri: std::borrow::Cow<'a, str>,
}

#[cfg(test)]
mod tests;
