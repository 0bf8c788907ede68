//! What a decision was based on. It is stored with the decision, so that the decision can be explained later.

use std::collections::BTreeSet;
use std::time::Duration;

use scopegate_claims::UnixTime;
use serde::{Deserialize, Serialize};

use super::HookRun;

/// What a decision was based on. Events of earlier versions have none of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct Basis {
    /// The version of the catalog.
    pub catalog: Option<u64>,
    /// The lifetime of the access token that was granted.
    pub lifetime: Option<Duration>,
    /// The facts, if the request was refused. Boxed, because most requests are granted.
    pub facts: Option<Box<RefusedFacts>>,
    /// What the hooks of the rule did, in their order.
    pub hooks: Vec<HookRun>,
}

/// The facts of a refused request. Together with the catalog of its time they decide again.
///
/// They contain no secret, no token and no unchecked input: requested scopes and resources that the server does
/// not have are only counted. The JSON has at most [`MAX_LENGTH`](Self::MAX_LENGTH) bytes.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct RefusedFacts {
    /// The grant type that the rules had to list. For a refresh, the one that began the family.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub grant_type: String,
    /// How the request named its scopes.
    #[serde(skip_serializing_if = "is_default")]
    pub wanted: WantedKind,
    /// The scopes that it named, or at most could get, if the server has them. Separated by spaces.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scopes: String,
    /// The number of named scopes that the server does not have.
    #[serde(skip_serializing_if = "is_default")]
    pub unknown_scopes: usize,
    /// The resources that it named, if the server has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The number of named resources that the server does not have.
    #[serde(skip_serializing_if = "is_default")]
    pub unknown_resources: usize,
    /// How the client authenticated.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_auth: String,
    /// The user's groups at that time.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// The authentication context class of the sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The authentication methods of the sign-in. Empty in events of earlier versions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// When the user signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<UnixTime>,
    /// The rules that were tried, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<TriedRule>,
    /// The number of further groups, resources, methods and tried rules, which did not fit.
    #[serde(skip_serializing_if = "is_default")]
    pub left_out: usize,
}

/// A rule that was tried: the names of policy and rule, and of the condition that failed. If none failed, the
/// rule matched.
///
/// Names and not indexes, so that a trace can be read without the catalog and the version of the program that
/// it was made with.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct TriedRule(pub String, pub String, pub Option<String>);

/// How a request named its scopes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a request names scopes or does not")]
pub enum WantedKind {
    /// It named none: at most those of an earlier grant.
    AtMost,
    /// It named none: the default scopes.
    #[default]
    Default,
    /// It named them.
    Named,
}

impl RefusedFacts {
    /// The maximum length of the JSON, in bytes.
    pub const MAX_LENGTH: usize = 8 * 1024;

    /// The maximum length of the groups, of the resources and of the methods, in bytes each.
    const MAX_LIST: usize = 1024;

    /// Leaves out what does not fit into [`MAX_LENGTH`](Self::MAX_LENGTH), and counts it. The first rules that
    /// were tried stay.
    #[must_use]
    pub fn cut(mut self) -> Self {
        let (mut groups, mut length) = (BTreeSet::new(), 0);
        for group in std::mem::take(&mut self.groups) {
            length += length_of(&group);
            match length <= Self::MAX_LIST {
                true => drop(groups.insert(group)),
                false => self.left_out += 1,
            }
        }
        self.groups = groups;
        self.left_out += truncate(&mut self.resources, Self::MAX_LIST);
        self.left_out += truncate(&mut self.amr, Self::MAX_LIST);
        let tried = std::mem::take(&mut self.tried);
        // The count of what is left out may get longer.
        let room =
            Self::MAX_LENGTH.saturating_sub(length_of(&self) + DIGITS + r#","tried":[]"#.len());
        self.tried = tried;
        self.left_out += truncate(&mut self.tried, room);
        self
    }
}

/// Room for the largest count and its name.
const DIGITS: usize = r#","left_out":18446744073709551615"#.len();

/// Keeps the first members that fit into a number of bytes. Returns how many are left out.
fn truncate<T: Serialize>(list: &mut Vec<T>, room: usize) -> usize {
    let mut length = 0;
    let fits = list.iter().take_while(|member| {
        length += length_of(member);
        length <= room
    });
    let (kept, all) = (fits.count(), list.len());
    list.truncate(kept);
    all - kept
}

/// The length of the JSON, with a comma.
fn length_of(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(usize::MAX / 2, |json| json.len() + 1)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(number: usize) -> TriedRule {
        TriedRule("a policy".to_owned(), format!("rule {number}"), Some("scopes".to_owned()))
    }

    #[test]
    fn facts_that_fit_are_kept_whole() {
        let facts = RefusedFacts {
            groups: ["staff".to_owned()].into(),
            resources: vec!["https://api.example".to_owned()],
            tried: (0..100).map(tried).collect(),
            ..RefusedFacts::default()
        };
        assert_eq!(facts.clone().cut(), facts);
    }

    #[test]
    fn of_a_thousand_rules_as_many_are_kept_as_fit_into_8_kib_and_the_others_are_counted() {
        let facts =
            RefusedFacts { tried: (0..1000).map(tried).collect(), ..RefusedFacts::default() };
        let cut = facts.cut();
        let length = serde_json::to_string(&cut).unwrap().len();
        assert!((7 * 1024..=RefusedFacts::MAX_LENGTH).contains(&length), "{length}");
        assert_eq!(cut.tried.len() + cut.left_out, 1000);
        assert_eq!(cut.tried[0], tried(0));
    }

    #[test]
    fn long_groups_and_resources_leave_room_for_rules() {
        let long = |number: usize| format!("{number} {}", "é".repeat(300));
        let facts = RefusedFacts {
            groups: (0..100).map(long).collect(),
            resources: (0..100).map(long).collect(),
            tried: (0..1000).map(tried).collect(),
            scopes: "s".repeat(4096),
            ..RefusedFacts::default()
        };
        let cut = facts.cut();
        assert!(serde_json::to_string(&cut).unwrap().len() <= RefusedFacts::MAX_LENGTH);
        assert_eq!((cut.groups.len(), cut.resources.len()), (1, 1));
        assert!(cut.tried.len() > 30, "{}", cut.tried.len());
        assert_eq!(cut.left_out, 99 + 99 + 1000 - cut.tried.len());
    }
}
