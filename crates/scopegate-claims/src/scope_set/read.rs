//! Reading a set from either JSON form: a string, or an array with one scope per element.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::ScopeSet;
use super::collector::Collector;
use super::plain::is_plain;
use crate::Scope;

/// Accepts a string of scopes, or an array with one scope per element.
impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherForm;

        impl<'de> Visitor<'de> for EitherForm {
            type Value = ScopeSet;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("scopes as a string or as an array of strings")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ScopeSet, E> {
                ScopeSet::parse(text).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<ScopeSet, A::Error> {
                let mut collected = Collector::default();
                while let Some(scope) = array.next_element::<Scope>()? {
                    collected.push(scope.as_str());
                }
                Ok(collected.finish())
            }
        }

        deserializer.deserialize_any(EitherForm)
    }
}

/// Scopes while they are read: a set, or a borrowed string that already has the form of a set.
pub(crate) enum ReadScopes<'de> {
    Plain(&'de str),
    Set(ScopeSet),
}

impl ReadScopes<'_> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Set(set) => set.as_str(),
        }
    }
}

impl<'de> Deserialize<'de> for ReadScopes<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherForm;

        impl<'de> Visitor<'de> for EitherForm {
            type Value = ReadScopes<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("scopes as a string or as an array of strings")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                if is_plain(text) { Ok(ReadScopes::Plain(text)) } else { self.visit_str(text) }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                ScopeSet::parse(text).map(ReadScopes::Set).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Self::Value, A::Error> {
                let array = de::value::SeqAccessDeserializer::new(array);
                ScopeSet::deserialize(array).map(ReadScopes::Set)
            }
        }

        deserializer.deserialize_any(EitherForm)
    }
}
