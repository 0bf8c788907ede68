//! A person as the directory keeps one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use scopegate_claims::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::catalog::{Owner, Status, UnreadableRow, UserId};

/// A person of the directory.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The stable id.
    pub id: UserId,
    /// The name that is typed at sign-in, as it was written.
    pub login: String,
    /// By which spellings of it the person is found.
    pub login_match: LoginMatch,
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

/// By which spellings of the login a person is found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "spellings matter or do not")]
pub enum LoginMatch {
    /// By all that have the same [`User::login_key`].
    #[default]
    Key,
    /// By those that differ in case only: another person's login has the same key, from before logins
    /// were normalized.
    Exact,
}

impl User {
    /// The longest login, in characters.
    pub const MAX_LOGIN: usize = 100;

    /// The text by which a login is found: trimmed, composed (NFC) and in lower case. Two logins with
    /// the same key are one.
    ///
    /// Case is that of Unicode and of no language: `I` is `i`, and the dotless `ı` is another letter.
    /// The two small sigmas are one, so that it does not matter where a word ends. Letters that only
    /// look alike, such as those of full width, stay apart.
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

    /// The login in lower case and otherwise as it was written: by this a person is found whose login
    /// has the same key as another one's, and in this form the catalog names logins.
    pub fn exact_login_key(login: &str) -> String {
        login.to_lowercase()
    }

    /// Tells whether a client or a rule names the person: by an [exact key](Self::exact_login_key) of
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
    }

    #[test]
    fn a_login_is_found_in_every_spelling_that_people_type() {
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
        /// Whoever is found by the one key is counted and compared under the other.
        #[test]
        fn both_keys_of_a_login_lead_to_one(login in "\\PC{0,12}[ΑΣİKéẹ\u{301}\u{323}\u{345}h\u{331} ]{0,6}") {
            let key = User::login_key(&login);
            proptest::prop_assert_eq!(&User::login_key(&key), &key);
            proptest::prop_assert_eq!(&User::login_key(&User::exact_login_key(&login)), &key);
        }
    }

    #[test]
    fn a_list_of_logins_names_nobody_by_anothers_spelling() {
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
        // Where both are people, each is named by itself.
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
