//! Who may use a client: the persons and groups that it is assigned to.

use crate::catalog::Client;
use crate::error::TokenError;
use crate::people::User;

/// Refuses a person whom the client is not assigned to. A client that names nobody is everybody's.
///
/// # Errors
///
/// [`TokenError::NotAssigned`].
pub fn check(client: &Client, user: &User) -> Result<(), TokenError> {
    let spec = &client.spec;
    let is_for_all = spec.users.is_empty() && spec.groups.is_empty();
    match is_for_all || user.is_among(&spec.users, &spec.groups) {
        true => Ok(()),
        false => Err(TokenError::NotAssigned),
    }
}
