//! Comparing `scope` with `scp` in the same token, without collecting the second one.

use std::fmt;

use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::ScopeSet;
use super::plain::first_of;

/// Reads scopes in either form, and tells whether they equal a set that is given as its string.
pub(crate) struct SameScopes<'a>(pub(crate) &'a str);

impl<'de> DeserializeSeed<'de> for SameScopes<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        // One bit per scope fits 64 scopes into a `u64`. Larger sets are collected and compared.
        match self.len() {
            ..=64 => deserializer.deserialize_any(self),
            _ => {
                let known = ScopeSet { text: self.0.into() };
                ScopeSet::deserialize(deserializer).map(|scopes| scopes == known)
            }
        }
    }
}

impl SameScopes<'_> {
    /// The bit of a scope by its position in the set; `None` if the set does not hold it.
    fn bit(&self, scope: &str) -> Option<u64> {
        let mut rest = self.0;
        for at in 0..64 {
            let (known, after) = first_of(rest);
            if known == scope {
                return (!scope.is_empty()).then_some(1 << at);
            }
            rest = after?;
        }
        None
    }

    fn len(&self) -> usize {
        match self.0 {
            "" => 0,
            text => text.bytes().filter(|&byte| byte == b' ').count() + 1,
        }
    }

    /// Whether a bit is set for every scope of the set.
    fn are_all(&self, bits: u64) -> bool {
        bits.count_ones() as usize == self.len()
    }
}

impl<'de> Visitor<'de> for SameScopes<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scopes as a string or as an array of strings")
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        if text == self.0 {
            return Ok(true);
        }
        let mut tokens = text.split(' ').filter(|token| !token.is_empty());
        let bits = tokens.try_fold(0, |bits, token| Some(bits | self.bit(token)?));
        Ok(bits.is_some_and(|bits| self.are_all(bits)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<bool, A::Error> {
        let mut bits = Some(0);
        let mut expected = Expected { rest: self.0, at: 0 };
        while let Some(bit) = array.next_element_seed(BitOf(&self, &mut expected))? {
            bits = bits.zip(bit).map(|(bits, bit)| bits | bit);
        }
        Ok(bits.is_some_and(|bits| self.are_all(bits)))
    }
}

/// The next scope in the order of the set. Nearly all tokens list both claims in the same order.
struct Expected<'a> {
    rest: &'a str,
    at: u32,
}

impl Expected<'_> {
    /// The bit of a scope, if it is the expected one.
    fn bit(&mut self, scope: &str) -> Option<u64> {
        let rest = self.rest.strip_prefix(scope)?;
        self.rest = match rest.strip_prefix(' ') {
            Some(rest) => rest,
            None if rest.is_empty() => rest,
            None => return None,
        };
        self.at += 1;
        (!scope.is_empty()).then(|| 1 << (self.at - 1))
    }
}

/// Reads one scope as its bit.
struct BitOf<'a, 's>(&'a SameScopes<'s>, &'a mut Expected<'s>);

impl<'de> DeserializeSeed<'de> for BitOf<'_, '_> {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<u64>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for BitOf<'_, '_> {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scope")
    }

    fn visit_str<E>(self, scope: &str) -> Result<Option<u64>, E> {
        Ok(self.1.bit(scope).or_else(|| self.0.bit(scope)))
    }
}
