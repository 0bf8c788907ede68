//! What `can` and `who-can` share: they ask an installation, and show the rows that they find.

mod shown;

use std::collections::BTreeSet;
use std::process::ExitCode;

use scopegate_core::administration::reach::{Row, StoredUsers, stored_users};
use scopegate_core::catalog::Snapshot;
use scopegate_core::store::Directory;
use serde::Serialize;

use self::shown::shown;
use super::failure::CliError;
use super::installation::{self, Installation};
use super::{Workplace, console, plan_text};

/// A question about the reach of clients.
pub(super) trait Question {
    /// What is found. It is printed as JSON.
    type Found: Serialize;

    /// Asks an installation.
    async fn ask(&self, of: &(dyn Installation + Sync)) -> Result<Vec<Self::Found>, CliError>;

    /// What is said if nothing is found.
    fn nothing(&self) -> String;

    /// The rows as text: each with the heading under which it is shown.
    fn rows(found: &[Self::Found]) -> Vec<(String, &Row)>;
}

/// Prints the answer to a question.
pub(super) async fn answer(
    place: &Workplace,
    question: &impl Question,
    json: bool,
) -> Result<ExitCode, CliError> {
    let installation = installation::open(place).await?;
    let found = question.ask(&*installation).await;
    installation.close().await;
    show(question, &found?, json).map(|()| ExitCode::SUCCESS)
}

fn show<Q: Question>(question: &Q, found: &[Q::Found], json: bool) -> Result<(), CliError> {
    if json {
        return console::json(&found);
    }
    if found.is_empty() {
        return console::result(&question.nothing());
    }
    console::result(&shown(Q::rows(found).into_iter()))
}

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
