//! Comparing a JSON value with a set that was read before.

use std::fmt;

use serde::Deserializer;
use serde::de::{self, DeserializeSeed, SeqAccess, Visitor};

use super::ScopeSet;
use super::collector::Collector;
use crate::text::Text;

/// Tells whether a JSON value is a set of the same scopes as this one. `null` is no set, and counts
/// as the same.
///
/// Issuers that write scopes twice, as `scope` and `scp`, write them in the same order. Then the
/// second set is only compared and not built, which saves two allocations.
pub(crate) struct SameSet<'a>(pub(crate) &'a ScopeSet);

impl<'de> DeserializeSeed<'de> for SameSet<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for SameSet<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scopes as a string or as an array of strings, or null")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
        Ok(text == self.0.as_str() || ScopeSet::parse(text).map_err(E::custom)? == *self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<bool, A::Error> {
        let (mut known, mut same) = (self.0.iter(), 0);
        let other = loop {
            match (array.next_element()?, known.next()) {
                (Some(Text(scope)), Some(known)) if scope == known => same += 1,
                (Some(Text(scope)), _) => break scope,
                (None, rest) => return Ok(rest.is_none()),
            }
        };
        let mut collected = Collector::default();
        self.0.iter().take(same).for_each(|scope| collected.push_checked(scope));
        collected.push(&other).map_err(de::Error::custom)?;
        while let Some(Text(scope)) = array.next_element()? {
            collected.push(&scope).map_err(de::Error::custom)?;
        }
        Ok(collected.finish() == *self.0)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(true)
    }
}
