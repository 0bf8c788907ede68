//! Users and groups, which a rule or a client mentions: by id as Okta does, or by name.

use std::collections::BTreeSet;

use scopegate_core::catalog::{EntityId, EntityKey, EntityKind, Snapshot, UserId};
use scopegate_core::directory::{Listed, User};
use scopegate_core::store::UserKey;

use super::ApiError;
use crate::http::app::App;

/// Users that are read at once.
const PAGE: u32 = 200;

/// The id of a group. It follows from the name, so that a group without an entity has one, too.
pub(super) fn group_id(name: &str) -> String {
    EntityId::derived(&EntityKey::group(name)).to_string()
}

/// Tells whether a text has the form of the id of a group.
fn is_group_id(text: &str) -> bool {
    text.len() == 20 && text.starts_with("00g")
}

/// The names of groups, which are given by id or by name.
pub(super) async fn group_names(app: &App, given: &[String]) -> Result<BTreeSet<String>, ApiError> {
    let mut names = BTreeSet::new();
    for text in given {
        names.insert(match is_group_id(text) {
            true => known_group(app, text).await?.ok_or_else(|| {
                ApiError::Invalid("groups", format!("there is no group `{text}`"))
            })?,
            false => text.clone(),
        });
    }
    Ok(names)
}

/// The name of the group with an id: one that is an entity, that a rule or a client mentions, or that a user has.
pub(super) async fn known_group(app: &App, id: &str) -> Result<Option<String>, ApiError> {
    let mentioned = mentioned_groups(&app.authority().catalog());
    if let Some(name) = mentioned.into_iter().find(|name| group_id(name) == id) {
        return Ok(Some(name));
    }
    let found = groups_of_users(app).await?;
    Ok(found.into_iter().find(|name| group_id(name) == id))
}

/// The groups that are entities, and those that rules and clients mention.
pub(super) fn mentioned_groups(catalog: &Snapshot) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    names.extend(catalog.keys_in(EntityKind::Group, "").into_iter().map(|key| key.name));
    for server in catalog.servers() {
        let rules = server.written_policies().flat_map(|(_, _, rules)| rules.values());
        names.extend(rules.flat_map(|rule| rule.groups.iter().cloned()));
    }
    for client in catalog.clients() {
        names.extend(client.spec.groups.iter().cloned());
    }
    names
}

/// The groups that some user is in.
pub(super) async fn groups_of_users(app: &App) -> Result<BTreeSet<String>, ApiError> {
    let mut names = BTreeSet::new();
    each_user(app, |user| names.extend(user.groups.iter().cloned())).await?;
    Ok(names)
}

/// Reads all users that this version can read.
pub(super) async fn each_user(app: &App, mut visit: impl FnMut(&User)) -> Result<(), ApiError> {
    let mut after: Option<String> = None;
    loop {
        let page = app.authority().store().users(after.as_deref(), PAGE).await?;
        for listed in &page {
            if let Listed::User(user) = listed {
                visit(user);
            }
        }
        let Some(last) = page.last().filter(|_| page.len() == PAGE as usize) else { return Ok(()) };
        after = Some(last.login().to_owned());
    }
}

/// The logins of users, which are given by id or by login, in the form of the catalog.
pub(super) async fn logins(app: &App, given: &[String]) -> Result<BTreeSet<String>, ApiError> {
    let mut logins = BTreeSet::new();
    for text in given {
        let login = match UserId::parse(text) {
            Ok(id) => {
                let user = app.authority().store().user(UserKey::Id(&id)).await?;
                let unknown = || ApiError::Invalid("users", format!("there is no user `{text}`"));
                user.ok_or_else(unknown)?.login
            }
            Err(_) => text.clone(),
        };
        logins.insert(User::exact_login_key(&login));
    }
    Ok(logins)
}

/// The ids of users by their logins. A user who does not exist yet is shown by the login.
pub(super) async fn user_ids(
    app: &App,
    logins: &BTreeSet<String>,
) -> Result<Vec<String>, ApiError> {
    let mut ids = Vec::new();
    for login in logins {
        let user = app.authority().store().user(UserKey::Login(login)).await?;
        let same = user.filter(|user| User::exact_login_key(&user.login) == *login);
        ids.push(same.map_or_else(|| login.clone(), |user| user.id.to_string()));
    }
    Ok(ids)
}
