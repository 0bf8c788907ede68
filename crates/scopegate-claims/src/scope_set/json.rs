//! The JSON forms of a set: a string, or an array with one scope per element.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ScopeSet;
use super::collector::Collector;
use crate::text::Text;

/// The text of most sets fits in this many bytes, so that one allocation is usually enough.
const USUAL_LEN: usize = 128;

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
                let mut collected = Collector::with_capacity(USUAL_LEN);
                while let Some(Text(scope)) = array.next_element()? {
                    collected.push(&scope).map_err(de::Error::custom)?;
                }
                Ok(collected.finish())
            }
        }

        deserializer.deserialize_any(EitherForm)
    }
}

/// Writes the scopes as one string.
impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// The set as an array.
pub(super) struct ScopeArray<'a>(pub(super) &'a ScopeSet);

impl Serialize for ScopeArray<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}
