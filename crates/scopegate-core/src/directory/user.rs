//! A user as the directory stores them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use scopegate_claims::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::catalog::{Owner, Status, UnreadableRow, UserId};

/// A user of the directory.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The stable id.
    pub id: UserId,
    /// The name that the user types at sign-in, in the spelling in which it was created.
    pub login: String,
    /// Which spellings of the login identify the user.
    pub login_match: LoginMatch,
    /// Whether the user is active. A user who is not active cannot do anything.
    pub status: Status,
    /// Who created the user.
    pub owner: Owner,
    /// The names of the user's groups.
    pub groups: BTreeSet<String>,
    /// The attributes of the user.
    pub profile: Profile,
    /// When the user was created.
    pub created_at: UnixTime,
    /// When the user was last changed.
    pub updated_at: UnixTime,
    /// How often the user was changed: 0 when they are created.
    pub version: u64,
}

/// Which spellings of a login identify a user.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "spellings matter or do not")]
pub enum LoginMatch {
    /// All spellings with the same [`User::login_key`].
    #[default]
    Key,
    /// Only spellings that differ in case. Another user's login has the same key, because both were
    /// created before logins were normalized.
    Exact,
}

impl User {
    /// The maximum length of a login, in characters.
    pub const MAX_LOGIN: usize = 100;

    /// The text by which logins are compared: trimmed, composed (NFC) and in lower case. Two logins
    /// with the same key are the same login.
    ///
    /// Lower case follows Unicode and not the rules of a language: `I` becomes `i`, and the dotless
    /// `ı` stays another letter. The two lower-case sigmas become one, so that the end of a word
    /// does not matter. Letters that only look alike, such as full-width letters, stay different.
    pub fn login_key(login: &str) -> String {
        let login = login.trim();
        match login.is_ascii() {
            true => login.to_ascii_lowercase(),
            false => {
                let composed: String = login.nfc().collect();
                composed
                    .to_lowercase()
                    .nfc()
                    .map(|sign| if sign == 'ς' { 'σ' } else { sign })
                    .collect()
            }
        }
    }

    /// The login in lower case, otherwise unchanged. It identifies a user with
    /// [`LoginMatch::Exact`], and it is the form in which the catalog contains logins.
    pub fn exact_login_key(login: &str) -> String {
        login.to_lowercase()
    }

    /// Tells whether a client or a rule lists the user: by an [exact key](Self::exact_login_key) of
    /// the login, or by a group.
    pub fn is_among(&self, logins: &BTreeSet<String>, groups: &BTreeSet<String>) -> bool {
        !self.groups.is_disjoint(groups) || self.is_one_of(logins)
    }

    fn is_one_of(&self, logins: &BTreeSet<String>) -> bool {
        if logins.is_empty() {
            return false;
        }
        let exact = logins.contains(&Self::exact_login_key(&self.login));
        if exact || self.login_match == LoginMatch::Exact {
            return exact;
        }
        let key = Self::login_key(&self.login);
        let mut others = logins.iter().filter(|login| !login.is_ascii());
        logins.contains(&key) || others.any(|login| Self::login_key(login) == key)
    }

    /// Checks a login.
    ///
    /// # Errors
    ///
    /// A text that says which rule is broken.
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

/// The attributes of a user. The standard ones have the names of OpenID Connect Core §5.1.
///
/// `Debug` shows the names only.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Profile(BTreeMap<String, Value>);

impl Profile {
    /// The maximum size of a profile, in bytes of JSON.
    pub const MAX_LENGTH: usize = 8 * 1024;

    /// Collects attributes and checks them.
    ///
    /// # Errors
    ///
    /// A text that says which rule is broken.
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

    /// The value of an attribute; `None` if the user does not have it.
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

/// An entry in a list of users.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a row is understood or not")]
pub enum Listed {
    /// A user.
    User(Box<User>),
    /// A user whose row this version of the program cannot read.
    Unreadable {
        /// The login.
        login: String,
        /// The row, and why it cannot be read.
        row: Arc<UnreadableRow>,
    },
}

impl Listed {
    /// The login. The list is ordered by it.
    pub fn login(&self) -> &str {
        match self {
            Self::User(user) => &user.login,
            Self::Unreadable { login, .. } => login,
        }
    }
}

/// A user who is not in the directory yet.
#[derive(Clone)]
pub struct NewUser {
    /// The user.
    pub user: User,
    /// The hash of the password (a PHC string), sealed under the master key; `None` if the user
    /// cannot sign in with a password.
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
    }

    #[test]
    fn different_spellings_of_one_login_have_the_same_key() {
        for (one, other) in [
            ("Alice", " aLICE\t"),
            ("Jos\u{e9}", "JOSE\u{301}"),
            ("\u{1e69}", "s\u{307}\u{323}"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
            ("ΑΣ.com", "ας.com"),
            ("\u{212a}elvin", "kelvin"),
            ("İ", "i\u{307}"),
            ("\u{3000}alice\u{a0}", "alice"),
        ] {
            assert_eq!(User::login_key(one), User::login_key(other), "{one} and {other}");
        }
        for (one, other) in [
            ("ı", "I"),
            ("İ", "I"),
            ("ａｌｉｃｅ", "alice"),
            ("ß", "ss"),
            ("ﬁ", "fi"),
            ("аlice", "alice"),
            ("a lice", "alice"),
            ("jose", "jos\u{e9}"),
        ] {
            assert_ne!(User::login_key(one), User::login_key(other), "{one} and {other}");
        }
        for login in ["İΣ\u{301}", "ΣΑΣ", "s\u{307}\u{323}S", "\u{1fef}"] {
            let key = User::login_key(login);
            assert_eq!(User::login_key(&key), key, "{login}");
            assert_eq!(User::login_key(&User::exact_login_key(login)), key, "{login}");
        }
    }

    proptest::proptest! {
        /// Users are looked up by one key, and counted and compared by the other.
        #[test]
        fn both_keys_of_a_login_have_the_same_login_key(login in "\\PC{0,12}[ΑΣİKéẹ\u{301}\u{323}\u{345}h\u{331} ]{0,6}") {
            let key = User::login_key(&login);
            proptest::prop_assert_eq!(&User::login_key(&key), &key);
            proptest::prop_assert_eq!(&User::login_key(&User::exact_login_key(&login)), &key);
        }
    }

    #[test]
    fn a_list_of_logins_includes_no_user_by_the_login_of_another() {
        let apart = "jose\u{301}";
        let user = |login_match| User {
            id: UserId::generate(),
            login: "Jos\u{e9}".into(),
            login_match,
            status: Status::Active,
            owner: Owner::Api,
            groups: BTreeSet::new(),
            profile: Profile::default(),
            created_at: UnixTime::from_seconds(0),
            updated_at: UnixTime::from_seconds(0),
            version: 0,
        };
        let is_among = |login_match, logins: &[&str]| {
            let logins = logins.iter().map(|login| (*login).to_owned()).collect();
            user(login_match).is_among(&logins, &BTreeSet::new())
        };
        assert!(is_among(LoginMatch::Key, &["alice", apart]));
        assert!(is_among(LoginMatch::Key, &["jos\u{e9}"]));
        assert!(!is_among(LoginMatch::Key, &["alice", "jose"]));
        assert!(!is_among(LoginMatch::Key, &[]));
        // If both logins are users, each spelling identifies its own user.
        assert!(is_among(LoginMatch::Exact, &["jos\u{e9}"]));
        assert!(!is_among(LoginMatch::Exact, &["alice", apart]));
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
