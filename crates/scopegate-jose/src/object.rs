//! A JSON object whose member names are checked for duplicates.
//!
//! Some parsers keep the first of two equal members, others (such as serde_json) keep the last. Two
//! programs could then read different keys from the same document, so such objects are refused.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

/// The members of a key.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    members: BTreeMap<Cow<'a, str>, Member<'a>>,
    /// Whether any name occurs twice.
    pub(crate) has_duplicates: bool,
}

/// The value of a member, in the detail that keys need.
#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum Member<'a> {
    Null,
    Text(#[serde(borrow)] Cow<'a, str>),
    List(Vec<String>),
    Other(IgnoredAny),
}

impl<'a> Object<'a> {
    /// Parses one object. Anything after it is an error.
    pub(crate) fn parse(json: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// The value of the member with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Member<'a>> {
        self.members.get(name)
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut object = Object { members: BTreeMap::new(), has_duplicates: false };
                while let Some((Name(name), value)) = map.next_entry()? {
                    object.has_duplicates |= object.members.insert(name, value).is_some();
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A name that borrows from the input if it contains no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn has_duplicates(json: &str) -> bool {
        Object::parse(json).unwrap().has_duplicates
    }

    #[test]
    fn a_name_that_occurs_twice_is_detected() {
        assert!(!has_duplicates(r#"{"a":"1","b":"2","c":3,"d":{"a":1,"a":1}}"#));
        assert!(has_duplicates(r#"{"a":"1","a":"1"}"#));
        assert!(has_duplicates(r#"{"a":"1","\u0061":"1"}"#), "an escaped name is the same name");
        assert!(has_duplicates(r#"{"c":1,"a":"1","c":1}"#), "not only neighbours");
        assert!(has_duplicates(r#"{"a":"1","a":"1","b":"2"}"#), "a later member changes nothing");
    }

    #[test]
    fn values_keep_their_kind() {
        let kind = |value: &str| {
            let json = format!(r#"{{"a":{value}}}"#);
            let object = Object::parse(&json).unwrap();
            match object.get("a") {
                Some(Member::Text(Cow::Borrowed(_))) => "borrowed text",
                Some(Member::Text(Cow::Owned(_))) => "owned text",
                Some(Member::List(_)) => "list",
                Some(Member::Null) => "null",
                Some(Member::Other(_)) => "other",
                None => "absent",
            }
        };
        assert_eq!(kind(r#""x""#), "borrowed text");
        assert_eq!(kind(r#""\u0078""#), "owned text");
        assert_eq!(kind(r#"["x", "y"]"#), "list");
        assert_eq!(kind("null"), "null");
        for other in ["1", "-1", "1.5", "true", "{}", r#"{"x":[1]}"#, r#"["x", 1]"#, "[[]]"] {
            assert_eq!(kind(other), "other", "{other}");
        }
        assert!(Object::parse(r#"{"a":1}"#).unwrap().get("b").is_none());
    }

    #[test]
    fn input_that_is_not_one_object_is_refused() {
        for json in ["", "1", "[]", "{", "{} {}", r#"{"a":1e999}"#, "\u{feff}{}"] {
            assert!(Object::parse(json).is_err(), "{json}");
        }
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(Object::parse(&deep).is_err());
    }

    /// A token has at most 16 KiB. The time must not grow with the square of the number of members.
    #[test]
    fn an_object_of_many_members_is_read() {
        let members: Vec<String> = (0..100_000).map(|n| format!(r#""{n}":0"#)).collect();
        assert!(!has_duplicates(&format!("{{{}}}", members.join(","))));
        assert!(has_duplicates(&format!("{{{},{}}}", members.join(","), members[0])));
    }
}
