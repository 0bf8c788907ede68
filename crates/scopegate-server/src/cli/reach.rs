//! What `can`, `who-can` and `plan` share: the users whose access is searched, and how rows are shown.

mod shown;

use std::collections::BTreeSet;

use scopegate_core::administration::reach::{StoredUsers, stored_users};
use scopegate_core::catalog::Snapshot;
use scopegate_core::store::Directory;

pub(super) use self::shown::shown;
use super::console;
use super::failure::CliError;
use super::plan_text;

/// Names the clients that are on hold and would be among the answer if their holds were lifted.
pub(super) fn notice_holds(catalog: &Snapshot, found: impl FnOnce(&Snapshot) -> BTreeSet<String>) {
    let Some(lifted) = catalog.without_holds() else { return };
    for id in found(&lifted).into_iter().filter(|id| is_on_hold(catalog, id)) {
        console::notice(&plan_text::one_line(&format!(
            "client {id} is on hold and gets nothing: `scopegate clients enable {id}` lifts it"
        )));
    }
}

fn is_on_hold(catalog: &Snapshot, id: &str) -> bool {
    matches!(catalog.client(id), Ok(Some(client)) if client.spec.is_on_hold())
}

/// All users of the store. Users whose rows cannot be read are shown, and left out.
pub(super) async fn users(store: &(impl Directory + ?Sized)) -> Result<StoredUsers, CliError> {
    let stored = stored_users(store).await;
    let stored = stored.map_err(|error| CliError::failed(&error))?;
    for (login, row) in &stored.unreadable {
        console::notice(&format!("the user {login} is left out: {row}"));
    }
    Ok(stored)
}
