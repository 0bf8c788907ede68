//! The client and its redirect URI. Until both are known, the browser must not be redirected: otherwise an
//! attacker could send it anywhere.

use std::collections::BTreeSet;

use super::AuthorizeError;
use crate::catalog::{Client, Snapshot};
use crate::form::Form;
use crate::store::StoreError;

/// The client, and the redirect URI for its response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipient<'a> {
    pub(super) client: &'a Client,
    pub(super) redirect_uri: &'a str,
}

impl<'a> Recipient<'a> {
    pub(super) fn find(catalog: &'a Snapshot, form: &'a Form) -> Result<Self, AuthorizeError> {
        let client = form.value("client_id").map(|id| catalog.client(id));
        let client = client.transpose().map_err(StoreError::from)?.flatten();
        let client = client.filter(|client| client.spec.status.is_active());
        let client = client.ok_or(AuthorizeError::UnknownClient)?;
        let redirect_uri = redirect_uri(client, form).ok_or(AuthorizeError::UnknownRedirectUri)?;
        Ok(Self { client, redirect_uri })
    }

    /// The recipient of an authenticated client. `client_id` is required all the same (RFC 9126 §2.1).
    pub(super) fn of_client(client: &'a Client, form: &'a Form) -> Result<Self, AuthorizeError> {
        if form.value("client_id").is_none() {
            return Err(AuthorizeError::invalid_request("The parameter client_id is missing."));
        }
        let redirect_uri = redirect_uri(client, form).ok_or(AuthorizeError::UnknownRedirectUri)?;
        Ok(Self { client, redirect_uri })
    }
}

/// Refuses a request that repeats a parameter on which the client or its redirect URI depends.
pub(super) fn named_once(repeated: &BTreeSet<Box<str>>) -> Result<(), AuthorizeError> {
    match ["client_id", "redirect_uri", "request_uri"].iter().any(|name| repeated.contains(*name)) {
        false => Ok(()),
        true => Err(AuthorizeError::RepeatedClientOrRedirectUri),
    }
}

/// The redirect URI of the request, which the client must have registered. If the request names none and only
/// one is registered, that one (RFC 6749 §3.1.2.3). OpenID Connect Core §3.1.2.1 requires the parameter.
fn redirect_uri<'a>(client: &'a Client, form: &'a Form) -> Option<&'a str> {
    let registered = &client.spec.redirect_uris;
    match (form.value("redirect_uri"), registered.as_slice()) {
        (Some(named), _) => registered.iter().any(|known| known.admits(named)).then_some(named),
        (None, [only]) if !names_openid(form) => Some(only.as_str()),
        (None, _) => None,
    }
}

fn names_openid(form: &Form) -> bool {
    form.value("scope").is_some_and(|scope| scope.split(' ').any(|name| name == "openid"))
}
