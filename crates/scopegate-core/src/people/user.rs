//! A person as the directory keeps one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use scopegate_claims::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::UserId;
use crate::catalog::{Owner, Status, UnreadableRow};

/// A person of the directory.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The stable id.
    pub id: UserId,
    /// The name that is typed at sign-in, as it was written.
    pub login: String,
    /// Whether the person may do anything at all.
    pub status: Status,
    /// Who wrote it first.
    pub owner: Owner,
    /// The names of the groups.
    pub groups: BTreeSet<String>,
    /// What is known of the person.
    pub profile: Profile,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it was changed last.
    pub updated_at: UnixTime,
    /// How often it was changed.
    pub version: u64,
}

impl User {
    /// The longest login, in characters.
    pub const MAX_LOGIN: usize = 100;

    /// The text by which a login is found: two logins that differ in case only are one.
    pub fn login_key(login: &str) -> String {
        login.to_lowercase()
    }

    /// Tells whether the login is among some login keys, or a group among some groups.
    pub fn is_among(&self, login_keys: &BTreeSet<String>, groups: &BTreeSet<String>) -> bool {
        login_keys.contains(&Self::login_key(&self.login)) || !self.groups.is_disjoint(groups)
    }

    /// Checks a login; the error says what is wrong.
    ///
    /// # Errors
    ///
    /// A text that names the rule which is broken.
    pub fn check_login(login: &str) -> Result<(), &'static str> {
        if login.is_empty() || login.chars().count() > Self::MAX_LOGIN {
            return Err("a login has 1 to 100 characters");
        }
        if login.chars().any(char::is_control) {
            return Err("a login holds no control character");
        }
        if login.trim() != login {
            return Err("a login neither begins nor ends with a space");
        }
        Ok(())
    }
}

/// What is known of a person, by the names of OpenID Connect Core §5.1.
///
/// `Debug` shows names only.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Profile(BTreeMap<String, Value>);

impl Profile {
    /// The most bytes of a profile, as JSON.
    pub const MAX_LENGTH: usize = 8 * 1024;

    /// Collects attributes; the error says what is wrong.
    ///
    /// # Errors
    ///
    /// A text that names the rule which is broken.
    pub fn collect(
        attributes: impl IntoIterator<Item = (String, Value)>,
    ) -> Result<Self, &'static str> {
        let profile = Self(attributes.into_iter().collect());
        for (name, value) in &profile.0 {
            match name.as_str() {
                "address" if !value.is_object() => return Err("`address` is a table"),
                "email_verified" | "phone_number_verified" if !value.is_boolean() => {
                    return Err("`email_verified` and `phone_number_verified` are true or false");
                }
                "sub" => return Err("`sub` is no attribute: it is the user's id"),
                _ => {}
            }
        }
        let length = serde_json::to_string(&profile).map_or(usize::MAX, |json| json.len());
        if length > Self::MAX_LENGTH {
            return Err("a profile has at most 8192 bytes of JSON");
        }
        Ok(profile)
    }

    /// An attribute; none where the person has none of that name.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All attributes.
    pub fn attributes(&self) -> &BTreeMap<String, Value> {
        &self.0
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A person in a list.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a row is understood or not")]
pub enum Listed {
    /// A person.
    User(Box<User>),
    /// One whose row this version does not understand.
    Unreadable {
        /// The login.
        login: String,
        /// What is not understood.
        row: Arc<UnreadableRow>,
    },
}

impl Listed {
    /// The login, by which the list is ordered.
    pub fn login(&self) -> &str {
        match self {
            Self::User(user) => &user.login,
            Self::Unreadable { login, .. } => login,
        }
    }
}

/// A person who is not in the directory yet.
#[derive(Clone)]
pub struct NewUser {
    /// The person.
    pub user: User,
    /// The hash of the password (a PHC text), sealed under the master key; none: no password opens.
    pub sealed_password: Option<Vec<u8>>,
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_login_is_short_printable_and_trimmed() {
        for good in ["alice", "alice@example.com", "Ålice B", &"é".repeat(100)] {
            assert_eq!(User::check_login(good), Ok(()), "{good}");
        }
        for bad in ["", " alice", "alice ", "al\u{0}ice", "a\nb", &"a".repeat(101)] {
            assert!(User::check_login(bad).is_err(), "{bad}");
        }
        assert_eq!(User::login_key("Alice"), User::login_key("aLICE"));
    }

    #[test]
    fn a_profile_has_the_types_of_its_standard() {
        let profile = |name: &str, value| Profile::collect([(name.to_owned(), value)]);
        assert!(profile("email_verified", json!(true)).is_ok());
        assert!(profile("address", json!({ "locality": "Oslo" })).is_ok());
        for (name, value) in [
            ("email_verified", json!("true")),
            ("address", json!("Oslo")),
            ("sub", json!("00u1")),
            ("name", json!("a".repeat(Profile::MAX_LENGTH))),
        ] {
            assert!(profile(name, value).is_err(), "{name}");
        }
        let debug = format!("{:?}", profile("name", json!("Alice")).unwrap());
        assert_eq!(debug, r#"{"name"}"#);
    }
}
