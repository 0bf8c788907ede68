//! Finding an issuer's key set: OpenID Connect Discovery 1.0 §4, and RFC 8414 §3.

use std::borrow::Cow;

use scopegate_claims::Issuer;
use serde::Deserialize;
use serde_json::error::Category;
use url::Url;

use super::download::{Document, Target, download};
use super::{Fetch, IssuerDocument, KeysError};
use crate::web_url;

/// Finds the URL of an issuer's key set.
///
/// The document of OpenID Connect is requested first, because it is more common. If the answer has
/// another status than 200, or is not usable metadata, the document of RFC 8414 is requested. Any
/// other error is final. If neither can be used, the error names both.
pub(crate) async fn discover(fetch: &dyn Fetch, issuer: &Issuer) -> Result<Url, KeysError> {
    let first = match read(fetch, issuer, &openid_connect_url(issuer)).await {
        Err(error @ (KeysError::Status { .. } | KeysError::InvalidMetadata { .. })) => error,
        result => return result,
    };
    read(fetch, issuer, &rfc_8414_url(issuer)).await.map_err(|second| KeysError::NoMetadata {
        openid_connect: Box::new(first),
        rfc_8414: Box::new(second),
    })
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
    let target = Target { document: IssuerDocument::Metadata, url: &location };
    let Document { body, .. } = download(fetch, target).await?;
    let metadata: Metadata<'_> =
        serde_json::from_slice(&body).map_err(|error| invalid(problem_of(&error)))?;
    let found = metadata.issuer.ok_or_else(|| invalid("it has no `issuer`"))?;
    // RFC 8414 §3.3: the document must not be used unless its `issuer` is identical to ours.
    if found != issuer.as_str() {
        let (url, found) = (url.to_owned(), found.into_owned());
        // Entra's documents for all tenants say `https://login.microsoftonline.com/{tenantid}/v2.0`.
        if found.contains('{') {
            return Err(KeysError::IssuerTemplate { url, found });
        }
        return Err(KeysError::WrongIssuer { url, expected: issuer.to_string(), found });
    }
    let keys = metadata.jwks_uri.ok_or_else(|| invalid("it has no `jwks_uri`"))?;
    let keys =
        web_url::parse(&keys).map_err(|_| invalid("its `jwks_uri` is not a usable https URL"))?;
    // A remote issuer must not direct us to services that listen on our own machine.
    if location.scheme() == "https" && keys.scheme() != "https" {
        return Err(invalid("its `jwks_uri` is not https, but the issuer is"));
    }
    Ok(keys)
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
