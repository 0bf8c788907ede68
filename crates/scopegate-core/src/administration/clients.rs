//! Changes of clients by an administrator, who uses the command line or the API.
//!
//! Each change is decided on the stored catalog, and written by [`CatalogDoor`]. A client that is disabled
//! or deleted loses its families of refresh tokens in the same transaction.

use std::sync::Arc;
use std::time::Duration;

use crate::administration::edit_catalog::{CatalogDoor, EditError};
use crate::catalog::{
    Client, ClientAuth, ClientId, ClientSecret, ClientSpec, Credential, Edit, Entity, EntityKey,
    Owner, Snapshot, Spec, Status, UnreadableRow,
};
use crate::client_auth;

/// Why a client was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientAdminError {
    /// There is no such client.
    #[error("there is no client `{0}`")]
    Unknown(ClientId),
    /// A catalog file owns the client, and `apply` would undo the change.
    #[error(
        "the client `{0}` is owned by a catalog file (owner `{owner}`), and `apply` would undo this: change it \
         in the file, and run `scopegate apply FILE`. To stop the client now, run \
         `scopegate clients disable {0}`",
        owner = .1.as_str()
    )]
    OwnedByFile(ClientId, Owner),
    /// A catalog file owns the client and its secrets.
    #[error(
        "the secrets of the client `{0}` are in its catalog file (owner `{owner}`), and `apply` would undo this: \
         write the new secret beside the old one into `secrets` of the client, run `scopegate apply FILE`, and \
         leave the old one out once the client uses the new one. To stop the client now, run \
         `scopegate clients disable {0}`",
        owner = .1.as_str()
    )]
    SecretInFile(ClientId, Owner),
    /// The client is not on hold: its catalog file says that it is not in use.
    #[error(
        "the client `{0}` is not on hold: its catalog file (owner `{owner}`) has status = \"INACTIVE\". \
         Change it there, and run `scopegate apply FILE`",
        owner = .1.as_str()
    )]
    InactiveInFile(ClientId, Owner),
    /// The client does not use a secret.
    #[error("the client `{0}` has no secret: it uses {method}", method = .1.as_str())]
    NoSecret(ClientId, ClientAuth),
    /// This version cannot read the row of the client.
    #[error("{0}; use the newer version of scopegate that wrote this")]
    Unreadable(Arc<UnreadableRow>),
    /// The change breaks a rule of the catalog, or was not written.
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// Puts a client in use or out of use. A client that is out of use gets no tokens, and its refresh tokens
/// end for good.
///
/// A client of a catalog file is put on hold: applying the file does not lift it. To put the client in use again
/// lifts the hold. Then it has the status that its file writes.
///
/// # Errors
///
/// [`ClientAdminError`], and then nothing has changed. [`ClientAdminError::InactiveInFile`] if a client without a
/// hold shall be put in use, and its file says otherwise.
pub async fn set_status(
    door: &CatalogDoor<'_>,
    id: &ClientId,
    status: Status,
) -> Result<(), ClientAdminError> {
    let written = door.edit_held(|catalog| {
        let client = known(catalog, id)?;
        let (owner, spec) = (client.owner, client.spec.clone());
        let spec = match (owner, status) {
            (Owner::Api, _) => ClientSpec { status, ..spec.without_hold() },
            (_, Status::Inactive) => spec.put_on_hold(),
            (_, Status::Active) if spec.is_on_hold() => spec.without_hold(),
            (_, Status::Active) if spec.status.is_active() => spec,
            (_, Status::Active) => return Err(ClientAdminError::InactiveInFile(id.clone(), owner)),
        };
        Ok(Entity { key: EntityKey::client(id), owner, spec: spec.into() })
    });
    written.await.map(drop)
}

/// Deletes a client. Its refresh tokens end, and the consents of users are forgotten.
///
/// # Errors
///
/// [`ClientAdminError`], and then nothing has changed.
pub async fn delete(door: &CatalogDoor<'_>, id: &ClientId) -> Result<(), ClientAdminError> {
    let written = door.edit(Owner::Api, |catalog| {
        owned_by_api(catalog, id)?;
        Ok(vec![Edit::Delete(EntityKey::client(id))])
    });
    written.await.map(drop)
}

/// Adds a secret. The secrets that the client has end after `overlap`, or earlier if they would end earlier
/// anyway. With an overlap of zero they end at once.
///
/// A client has at most [`ClientSpec::MAX_SECRETS`] secrets, so only the newest of its secrets is kept.
///
/// # Errors
///
/// [`ClientAdminError`], and then nothing has changed.
pub async fn rotate_secret(
    door: &CatalogDoor<'_>,
    id: &ClientId,
    new: &ClientSecret,
    overlap: Duration,
) -> Result<(), ClientAdminError> {
    let end = door.now.plus(overlap);
    let rotated = change(door, id, |client| {
        if !uses_secret(client.auth) {
            return Err(ClientAdminError::NoSecret(id.clone(), client.auth));
        }
        let others = client.secrets.iter().filter(|known| !known.is_same_secret(new));
        let ending = others.map(|known| {
            let earlier = known.expires_at().filter(|earlier| *earlier < end);
            known.clone().until(Some(earlier.unwrap_or(end)))
        });
        let mut ending: Vec<_> = ending.filter(|known| known.is_accepted(door.now)).collect();
        ending.sort_by_key(ClientSecret::created_at);
        let kept = ending.split_off(ending.len().saturating_sub(ClientSpec::MAX_SECRETS - 1));
        let secrets = std::iter::once(new.clone()).chain(kept).collect();
        Ok(ClientSpec { secrets, ..client })
    });
    rotated.await.map_err(|error| match error {
        ClientAdminError::OwnedByFile(id, owner) => ClientAdminError::SecretInFile(id, owner),
        error => error,
    })
}

/// Tells whether clients with this authentication method have a secret.
pub fn uses_secret(auth: ClientAuth) -> bool {
    let mut methods = client_auth::methods().iter();
    methods.any(|method| method.auth == auth && method.credential == Credential::Secret)
}

async fn change(
    door: &CatalogDoor<'_>,
    id: &ClientId,
    change: impl Fn(ClientSpec) -> Result<ClientSpec, ClientAdminError>,
) -> Result<(), ClientAdminError> {
    let written = door.edit(Owner::Api, |catalog| {
        let client = change(owned_by_api(catalog, id)?)?;
        let (key, spec) = (EntityKey::client(id), Spec::from(client));
        Ok(vec![Edit::Put(Entity { key, owner: Owner::Api, spec })])
    });
    written.await.map(drop)
}

/// The client, which must exist.
fn known<'c>(catalog: &'c Snapshot, id: &ClientId) -> Result<&'c Client, ClientAdminError> {
    let found = catalog.client(id.as_str()).map_err(ClientAdminError::Unreadable)?;
    found.map(Arc::as_ref).ok_or_else(|| ClientAdminError::Unknown(id.clone()))
}

/// The client, which must exist and belong to the API.
fn owned_by_api(catalog: &Snapshot, id: &ClientId) -> Result<ClientSpec, ClientAdminError> {
    let client = known(catalog, id)?;
    match client.owner {
        Owner::Api => Ok(client.spec.clone()),
        owner @ (Owner::File | Owner::Named(_)) => {
            Err(ClientAdminError::OwnedByFile(id.clone(), owner))
        }
    }
}

#[cfg(test)]
mod tests;
