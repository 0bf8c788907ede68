//! What `can`, `who-can` and `plan` share: the users whose access is searched, and how rows are shown.

mod shown;

use scopegate_core::administration::reach::{StoredUsers, stored_users};
use scopegate_core::store::Directory;

pub(super) use self::shown::shown;
use super::console;
use super::failure::CliError;

/// All users of the store. Users whose rows cannot be read are shown, and left out.
pub(super) async fn users(store: &(impl Directory + ?Sized)) -> Result<StoredUsers, CliError> {
    let stored = stored_users(store).await;
    let stored = stored.map_err(|error| CliError::failed(&error))?;
    for (login, row) in &stored.unreadable {
        console::notice(&format!("the user {login} is left out: {row}"));
    }
    Ok(stored)
}
