//! What `can` and `who-can` share: they search the stored catalog and users, and show the rows that they find.

mod shown;

use std::collections::BTreeSet;
use std::process::ExitCode;

use scopegate_core::administration::reach::{Reach, ReachError, Row, StoredUsers, stored_users};
use scopegate_core::authority::Authority;
use scopegate_core::catalog::Snapshot;
use scopegate_core::store::Directory;
use serde::Serialize;

use self::shown::shown;
use super::failure::CliError;
use super::{Workplace, console, plan_text};

/// A question about the reach of clients.
pub(super) trait Question {
    /// What is found. It is printed as JSON.
    type Found: Serialize;

    fn search(&self, reach: &Reach<'_>) -> Result<Vec<Self::Found>, ReachError>;

    /// The clients that a row of what is found is about.
    fn clients(found: &[Self::Found]) -> BTreeSet<&str>;

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
    let authority = place.authority().await?;
    let told = tell(&authority, question, json).await;
    authority.close().await;
    told.map(|()| ExitCode::SUCCESS)
}

async fn tell<Q: Question>(
    authority: &Authority,
    question: &Q,
    json: bool,
) -> Result<(), CliError> {
    let users = users(&**authority.store()).await?.users;
    let catalog = authority.catalog();
    let found = question.search(&Reach::new(&catalog, &users));
    if let Some(lifted) = catalog.without_holds()
        && let Ok(others) = question.search(&Reach::new(&lifted, &users))
    {
        for id in Q::clients(&others).into_iter().filter(|id| is_on_hold(&catalog, id)) {
            console::notice(&plan_text::one_line(&format!(
                "client {id} is on hold and gets nothing: `scopegate clients enable {id}` lifts it"
            )));
        }
    }
    let found = found.map_err(|error| CliError::failed(&error))?;
    if json {
        return console::json(&found);
    }
    if found.is_empty() {
        return console::result(&question.nothing());
    }
    console::result(&shown(Q::rows(&found).into_iter()))
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
