//! Who asks, and where the answer may go. Until both are known nobody is redirected anywhere.

use std::collections::BTreeSet;

use super::AuthorizeError;
use crate::catalog::{Client, Snapshot};
use crate::form::Form;
use crate::store::StoreError;

/// The client, and where it gets its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Door<'a> {
    pub(super) client: &'a Client,
    pub(super) redirect_uri: &'a str,
}

impl<'a> Door<'a> {
    pub(super) fn find(catalog: &'a Snapshot, form: &'a Form) -> Result<Self, AuthorizeError> {
        let client = form.value("client_id").map(|id| catalog.client(id));
        let client = client.transpose().map_err(StoreError::from)?.flatten();
        let client = client.filter(|client| client.spec.status.is_active());
        let client = client.ok_or(AuthorizeError::UnknownClient)?;
        let redirect_uri = redirect_uri(client, form).ok_or(AuthorizeError::UnknownRedirectUri)?;
        Ok(Self { client, redirect_uri })
    }

    /// The door of a client that has proved who it is. It names itself all the same (RFC 9126 §2.1).
    pub(super) fn of_client(client: &'a Client, form: &'a Form) -> Result<Self, AuthorizeError> {
        if form.value("client_id").is_none() {
            return Err(AuthorizeError::invalid_request("The parameter client_id is missing."));
        }
        let redirect_uri = redirect_uri(client, form).ok_or(AuthorizeError::UnknownRedirectUri)?;
        Ok(Self { client, redirect_uri })
    }
}

/// Refuses two of what says who asks, and where the answer may go.
pub(super) fn named_once(repeated: &BTreeSet<Box<str>>) -> Result<(), AuthorizeError> {
    match ["client_id", "redirect_uri", "request_uri"].iter().any(|name| repeated.contains(*name)) {
        false => Ok(()),
        true => Err(AuthorizeError::RepeatedDoor),
    }
}

/// Where the answer goes: where it is asked for, if the client has registered that; or the only place
/// there is (RFC 6749 §3.1.2.3). OpenID Connect Core §3.1.2.1 wants it named.
fn redirect_uri<'a>(client: &'a Client, form: &'a Form) -> Option<&'a str> {
    let registered = &client.spec.redirect_uris;
    match (form.value("redirect_uri"), registered.as_slice()) {
        (Some(asked), _) => registered.iter().any(|known| known.admits(asked)).then_some(asked),
        (None, [only]) if !asks_for_openid(form) => Some(only.as_str()),
        (None, _) => None,
    }
}

fn asks_for_openid(form: &Form) -> bool {
    form.value("scope").is_some_and(|scope| scope.split(' ').any(|name| name == "openid"))
}
