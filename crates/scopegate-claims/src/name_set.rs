//! Roles and groups, as a token lists them.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};

/// Separates names in [`NameSet::text`]. Names that hold it are left out.
const SEPARATOR: char = '\0';

/// Roles or groups, in the order in which a token lists them.
///
/// Unlike a scope, a name may hold spaces. The set is stored as one string, so it costs one
/// allocation, or none if it is empty.
///
/// Reading is lenient, because issuers differ in what they write here: a string is one name; an
/// array gives its strings and the `value` of its objects (RFC 7643 §2.4); everything else is
/// ignored and grants nothing.
///
/// ```
/// use scopegate_claims::NameSet;
///
/// let roles: NameSet = serde_json::from_str(r#"["Order Reader", {"value": "admin"}, 7]"#).unwrap();
/// assert!(roles.contains("Order Reader"));
/// assert!(roles.contains("admin"));
/// assert!(!roles.contains("Order"));
/// assert_eq!(roles.len(), 2);
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
pub struct NameSet {
    text: Box<str>,
}

impl NameSet {
    /// The empty set.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Tells whether the set holds exactly this name.
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|known| known == name)
    }

    /// The names, in the token's order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split(SEPARATOR).filter(|name| !name.is_empty())
    }

    /// The number of names in the set.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Tells whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The heap memory in bytes, without the value itself.
    pub(crate) fn footprint(&self) -> usize {
        self.text.len()
    }
}

/// Leaves out empty names and names that hold U+0000.
impl<T: AsRef<str>> FromIterator<T> for NameSet {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        let mut text = String::new();
        for name in names {
            push(&mut text, name.as_ref());
        }
        Self { text: text.into() }
    }
}

fn push(text: &mut String, name: &str) {
    if name.is_empty() || name.contains(SEPARATOR) {
        return;
    }
    if !text.is_empty() {
        text.push(SEPARATOR);
    }
    text.push_str(name);
}

/// Shows the number of names but not the names, which may be personal data.
impl fmt::Debug for NameSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameSet({})", self.len())
    }
}

impl Serialize for NameSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(None)?;
        for name in self.iter() {
            array.serialize_element(name)?;
        }
        array.end()
    }
}

impl<'de> Deserialize<'de> for NameSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = String::new();
        deserializer.deserialize_any(AnyValue { into: &mut text, depth: 0 })?;
        Ok(Self { text: text.into() })
    }
}

/// Collects the names of a value.
struct AnyValue<'a> {
    into: &'a mut String,
    /// The nesting depth: names are read from an array, but not from an array inside an array.
    depth: u8,
}

impl<'de> serde::de::DeserializeSeed<'de> for AnyValue<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names as a string or as an array")
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        push(self.into, name);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.depth > 0 {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        while list.next_element_seed(AnyValue { into: &mut *self.into, depth: 1 })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            if self.depth == 1 && member == "value" {
                map.next_value_seed(AnyValue { into: &mut *self.into, depth: 2 })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Vec<String> {
        let names: NameSet = serde_json::from_str(json).unwrap();
        names.iter().map(str::to_owned).collect()
    }

    #[test]
    fn strings_and_value_members_are_names() {
        assert_eq!(read(r#""Order Reader""#), ["Order Reader"]);
        assert_eq!(read(r#"["a b", "c", "\u0064"]"#), ["a b", "c", "d"]);
        assert_eq!(read(r#"[{"value":"a","display":"A"},{"display":"B"}]"#), ["a"]);
    }

    #[test]
    fn all_other_json_values_give_no_names() {
        for json in [
            "7",
            "-7",
            "0.5",
            "true",
            "null",
            "{}",
            "[]",
            "[[\"a\"]]",
            r#"{"value":"a"}"#,
            r#""""#,
            r#"["",null]"#,
            r#"["a\u0000b"]"#,
            r#"[{"value":["a"]}]"#,
            r#"[{"value":{"value":"a"}}]"#,
        ] {
            assert_eq!(read(json), Vec::<String>::new(), "{json}");
        }
    }

    #[test]
    fn a_substring_or_a_different_case_is_a_different_name() {
        let names = NameSet::from_iter(["Order Reader", "admin"]);
        for other in ["Order", "Reader", "Admin", "", "admin\0", "Order Reader\0admin"] {
            assert!(!names.contains(other), "{other:?}");
        }
        assert!(names.contains("admin"));
        assert_eq!(serde_json::to_string(&names).unwrap(), r#"["Order Reader","admin"]"#);
    }
}
