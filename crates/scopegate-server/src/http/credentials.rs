//! Where a request of a client may have credentials, and where not.

use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};
use scopegate_core::catalog::{ClientId, Snapshot};
use scopegate_core::client_auth::{Authorization, METHODS, Presented};
use scopegate_core::error::CallError;

/// Parameters that must not be in a URL, because URLs are logged on their way (RFC 6749 §2.3.1).
const SECRET_PARAMETERS: [&str; 9] = [
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "password",
    "refresh_token",
    "token",
];

/// Refuses credentials in the query of the URL.
pub(super) fn none_in_url(uri: &Uri) -> Result<(), CallError> {
    let Some(query) = uri.query() else { return Ok(()) };
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    if names.any(|name| SECRET_PARAMETERS.contains(&&*name)) {
        return Err(CallError::InvalidRequest("Credentials may not be in the URL."));
    }
    Ok(())
}

/// The Authorization header. More than one is refused.
pub(super) fn authorization(headers: &HeaderMap) -> Result<Option<Authorization<'_>>, CallError> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(CallError::InvalidRequest("There is more than one Authorization header."));
    }
    let reason = "the Authorization header is not ASCII";
    let text = line.to_str().map_err(|_| CallError::InvalidClient(reason))?;
    Ok(Some(Authorization(text)))
}

/// The client that the request claims to come from, for the log. `None` if there is no such client,
/// so that nobody can write arbitrary texts into the log.
pub(super) fn claimed_client(catalog: &Snapshot, presented: &Presented<'_>) -> Option<ClientId> {
    let method = METHODS.iter().find(|method| method.is_attempted(presented))?;
    let claimed = method.claimed_id(presented).ok()?;
    catalog.client(&claimed).ok()?.map(|client| client.id.clone())
}
