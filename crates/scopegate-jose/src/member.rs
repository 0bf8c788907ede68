//! Reads a JSON object and detects members that occur twice.
//!
//! Some parsers keep the first of two equal members, others (such as serde_json) keep the last. Two
//! programs could then read different keys or headers from the same signed token, so such objects
//! are refused.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess,
};

/// The maximum number of unknown members. An object with more is refused, because finding
/// duplicates among them takes quadratic time.
const MAX_OTHER_MEMBERS: usize = 24;

/// The value of a member, in the detail that keys and headers need.
#[derive(Debug)]
pub(crate) enum Member<'a> {
    List(Vec<Cow<'a, str>>),
    Other,
    Text(Cow<'a, str>),
}

/// The requested members, in the order of the requested names.
#[derive(Debug)]
pub(crate) struct Members<'a, const N: usize> {
    pub(crate) values: [Option<Member<'a>>; N],
    /// Whether any name occurs twice, requested or not.
    pub(crate) repeated: bool,
}

impl<'a, const N: usize> Members<'a, N> {
    /// Parses one object. Anything after it is an error.
    pub(crate) fn parse(
        json: &'a str,
        names: &'static [&'static str; N],
    ) -> serde_json::Result<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let members = Named(names).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(members)
    }
}

/// Reads the members with these names from an object.
pub(crate) struct Named<const N: usize>(pub(crate) &'static [&'static str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Named<N> {
    type Value = Members<'de, N>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> de::Visitor<'de> for Named<N> {
    type Value = Members<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members { values: [const { None }; N], repeated: false };
        let mut others = [const { Cow::Borrowed("") }; MAX_OTHER_MEMBERS];
        let mut seen = 0;
        while let Some(Text(name)) = map.next_key()? {
            if let Some(index) = self.0.iter().position(|known| *known == name) {
                members.repeated |= members.values[index].replace(map.next_value()?).is_some();
                continue;
            }
            map.next_value::<IgnoredAny>()?;
            members.repeated |= others[..seen].contains(&name);
            *others.get_mut(seen).ok_or_else(|| de::Error::custom("too many members"))? = name;
            seen += 1;
        }
        Ok(members)
    }
}

/// A string that borrows from the input if it contains no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(AnyValue)? {
            Member::Text(text) => Ok(Text(text)),
            Member::List(_) | Member::Other => Err(de::Error::custom("not a string")),
        }
    }
}

impl<'de> Deserialize<'de> for Member<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> de::Visitor<'de> for AnyValue {
    type Value = Member<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(item) = list.next_element()? {
            match (item, &mut texts) {
                (Member::Text(text), Some(texts)) => texts.push(text),
                _ => texts = None,
            }
        }
        Ok(texts.map_or(Member::Other, Member::List))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static NAMES: [&str; 2] = ["a", "b"];

    fn repeated(json: &str) -> bool {
        Members::parse(json, &NAMES).unwrap().repeated
    }

    #[test]
    fn a_name_that_occurs_twice_is_detected() {
        assert!(!repeated(r#"{"a":"1","b":"2","c":3,"d":{"a":1,"a":1}}"#));
        assert!(repeated(r#"{"a":"1","a":"1"}"#));
        assert!(repeated(r#"{"a":"1","\u0061":"1"}"#), "an escaped name is the same name");
        assert!(repeated(r#"{"c":1,"a":"1","c":1}"#), "an unknown name counts too");
    }

    #[test]
    fn values_keep_their_kind() {
        let kind = |value: &str| {
            let json = format!(r#"{{"a":{value}}}"#);
            let member = Members::parse(&json, &NAMES).unwrap();
            match &member.values[0] {
                Some(Member::Text(Cow::Borrowed(_))) => "borrowed text",
                Some(Member::Text(Cow::Owned(_))) => "owned text",
                Some(Member::List(_)) => "list",
                Some(Member::Other) => "other",
                None => "absent",
            }
        };
        assert_eq!(kind(r#""x""#), "borrowed text");
        assert_eq!(kind(r#""\u0078""#), "owned text");
        assert_eq!(kind(r#"["x", "y"]"#), "list");
        for other in ["1", "-1", "1.5", "true", "null", "{}", r#"{"x":[1]}"#, r#"["x", 1]"#, "[[]]"]
        {
            assert_eq!(kind(other), "other", "{other}");
        }
    }

    #[test]
    fn input_that_is_not_one_bounded_object_is_refused() {
        for json in ["", "1", "[]", "{", "{} {}", r#"{"a":1e999}"#, "\u{feff}{}"] {
            assert!(Members::parse(json, &NAMES).is_err(), "{json}");
        }
        let many: String = (0..25).map(|n| format!(r#""x{n}":0,"#)).collect();
        assert!(Members::parse(&format!("{{{}}}", many.trim_end_matches(',')), &NAMES).is_err());
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(Members::parse(&deep, &NAMES).is_err());
    }
}
