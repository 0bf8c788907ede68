//! All users of a storage.

use std::sync::Arc;

use crate::catalog::UnreadableRow;
use crate::directory::{Listed, User};
use crate::store::{Directory, StoreError};

/// How many users are read at once.
const PAGE: u32 = 200;

/// All users of a storage, and the rows that this version cannot read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StoredUsers {
    /// The users, active or not.
    pub users: Vec<User>,
    /// The logins and rows of users who cannot be read. They can do nothing on this node.
    pub unreadable: Vec<(String, Arc<UnreadableRow>)>,
}

/// Reads all users.
///
/// # Errors
///
/// [`StoreError`] if the storage does not answer.
pub async fn stored_users(
    directory: &(impl Directory + ?Sized),
) -> Result<StoredUsers, StoreError> {
    let mut all = StoredUsers::default();
    let mut after: Option<String> = None;
    loop {
        let page = directory.users(after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.login().to_owned());
        for listed in page {
            match listed {
                Listed::User(user) => all.users.push(*user),
                Listed::Unreadable { login, row } => all.unreadable.push((login, row)),
            }
        }
    }
}
