//! `[[user]]`: the users of a file. They are created once and never overwritten.
//!
//! No message quotes a value from `password`, because somebody may have written a password there.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use scopegate_claims::UnixTime;

use super::context::CatalogContext;
use super::{json, status};
use crate::catalog::{Owner, Status, UserId, label};
use crate::directory::{LoginMatch, NewUser, Profile, User};
use crate::people::passwords::{self, Password, check_hash};
use crate::spelling::Quoted;
use crate::toml_reader::{Node, Shape, Table, Text};

pub(super) const USER: Shape = Shape {
    what: "a user",
    keys: &["login", "groups", "profile", "password", "status"],
    ..Shape::NONE
};

/// What to write instead of a password.
const INSTEAD: &str = "a password never stands in the file: write \
    password = { hash = \"…\" } with what `scopegate users hash` prints, \
    or password = { env = \"NAME\" }";

pub(super) const PASSWORD: Shape = Shape {
    what: "a password",
    keys: &["hash", "env"],
    instead: &[("password", INSTEAD), ("plain", INSTEAD), ("value", INSTEAD)],
    ..Shape::NONE
};

/// Maximum length of the name of a group, in characters.
const MAX_GROUP: usize = 100;

/// A user of a file.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct UserSeed {
    /// The id that the user gets, if they are created.
    pub id: UserId,
    /// The name that is typed at sign-in.
    pub login: String,
    /// The names of the groups.
    pub groups: BTreeSet<String>,
    /// The profile of the user.
    pub profile: Profile,
    /// Whether the user may sign in.
    pub status: Status,
    /// The sealed hash of the password. `None`: the user cannot sign in with a password.
    pub sealed_password: Option<Vec<u8>>,
}

impl UserSeed {
    /// The user to create, with the given time of creation.
    pub fn to_new_user(&self, now: UnixTime) -> NewUser {
        let user = User {
            id: self.id.clone(),
            login: self.login.clone(),
            login_match: LoginMatch::default(),
            status: self.status,
            owner: Owner::File,
            groups: self.groups.clone(),
            profile: self.profile.clone(),
            created_at: now,
            updated_at: now,
            version: 0,
        };
        NewUser { user, sealed_password: self.sealed_password.clone() }
    }
}

impl fmt::Debug for UserSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSeed")
            .field("login", &self.login)
            .field("groups", &self.groups)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Reads all users.
pub(super) fn read_all(catalog: Table<'_>, context: &dyn CatalogContext) -> Vec<UserSeed> {
    let mut logins = HashMap::new();
    let users = catalog.tables("user", "[[user]]", &USER).into_iter();
    users.filter_map(|user| read(user, &mut logins, context)).collect()
}

fn read(
    user: Table<'_>,
    logins: &mut HashMap<String, usize>,
    context: &dyn CatalogContext,
) -> Option<UserSeed> {
    let login = user.required_text("login").and_then(|login| read_login(login, logins));
    let id = UserId::generate();
    let groups = user.optional("groups").map(read_groups);
    let profile = user.optional("profile").map(read_profile);
    let password = user.optional("password").map(|node| read_password(node, &id, context));
    let status = status::read(user);
    Some(UserSeed {
        login: login?,
        groups: groups.unwrap_or_else(|| Some(BTreeSet::new()))?,
        profile: profile.unwrap_or_else(|| Some(Profile::default()))?,
        sealed_password: password.map_or(Some(None), |sealed| sealed.map(Some))?,
        status,
        id,
    })
}

/// Reads a login, which must be unique in the file, ignoring case. Two logins that share only
/// [`User::login_key`] are accepted here: an earlier version may have created both users. `apply` decides.
fn read_login(login: Text<'_>, logins: &mut HashMap<String, usize>) -> Option<String> {
    login.parse(User::check_login)?;
    match logins.insert(User::exact_login_key(login.text), login.at) {
        None => Some(login.text.to_owned()),
        Some(first) => {
            let shown = Quoted(login.text);
            login.problems.refuse_repeated(
                login.at,
                first,
                format_args!("duplicate user {shown}: write another or leave it out"),
            );
            None
        }
    }
}

pub(crate) fn read_groups(node: Node<'_>) -> Option<BTreeSet<String>> {
    let names = node
        .texts()?
        .into_iter()
        .map(|name| name.parse(|text| label(text, MAX_GROUP).map(|()| text.to_owned())));
    names.collect()
}

pub(crate) fn read_profile(node: Node<'_>) -> Option<Profile> {
    let attributes = node.entries()?.map(|(name, value)| {
        let value = json::read(value, json::MAX_BYTES)?;
        Some((name.text.to_owned(), value))
    });
    let attributes: Vec<_> = attributes.collect::<Option<_>>()?;
    match Profile::collect(attributes) {
        Ok(profile) => Some(profile),
        Err(problem) => {
            node.refuse(format_args!("{problem}"));
            None
        }
    }
}

fn read_password(node: Node<'_>, user: &UserId, context: &dyn CatalogContext) -> Option<Vec<u8>> {
    if node.value().is_str() {
        node.refuse(format_args!("{INSTEAD}"));
        return None;
    }
    let password = node.table(&PASSWORD)?;
    match (password.optional("hash"), password.optional("env")) {
        (Some(hash), None) => {
            let hash = hash.text()?;
            hash.parse(check_hash)?;
            Some(context.seal_password(user, hash.text))
        }
        (None, Some(name)) => {
            let chosen = read_variable(name.text()?, context)?;
            Some(context.seal_password(user, &passwords::hash_here(&chosen)))
        }
        (Some(_), Some(_)) | (None, None) if password.has_unknown_key() => None,
        (Some(_), Some(_)) | (None, None) => {
            node.refuse(format_args!(
                "write {{ hash = \"…\" }} or {{ env = \"NAME\" }}, one of them"
            ));
            None
        }
    }
}

fn read_variable(name: Text<'_>, context: &dyn CatalogContext) -> Option<Password> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.text.is_empty() || !name.text.bytes().all(allowed) {
        name.refuse(format_args!(
            "not the name of an environment variable: write letters, digits and `_`"
        ));
        return None;
    }
    let shown = Quoted(name.text);
    let Some(value) = context.variable(name.text) else {
        name.refuse(format_args!(
            "the environment variable {shown} is not set: set it to the password"
        ));
        return None;
    };
    match Password::chosen(value) {
        Ok(password) => Some(password),
        Err(problem) => {
            name.refuse(format_args!(
                "the environment variable {shown} holds no password: {problem}"
            ));
            None
        }
    }
}
