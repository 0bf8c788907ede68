//! A set of public keys that were parsed in advance.

use std::fmt;

use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::jwk::JwkMembers;
use crate::rules::AllowedAlgorithms;
use crate::{Algorithm, AlgorithmSet, JoseError, Jwk, KeyProblem, VerifyingKey};

/// The maximum size of a key set document, in bytes.
pub const MAX_KEY_SET_LEN: usize = 256 * 1024;

/// The maximum number of keys that are kept from one document.
pub const MAX_KEYS: usize = 64;

/// The maximum number of entries that are read from one document. It also bounds the list of
/// reasons.
const MAX_ENTRIES: usize = 256;

/// The public keys of an issuer, parsed in advance.
///
/// ```
/// use scopegate_jose::{Algorithm, JwkSet, KeySet, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let published: JwkSet = [key.public_jwk()].into_iter().collect();
/// let document = serde_json::to_vec(&published).unwrap();
///
/// let read = KeySet::parse(&document)?;
/// assert!(read.keys.contains_kid(key.kid()));
/// assert!(read.set_aside.is_empty());
///
/// // An unusable key does not invalidate the set, and the result says what is wrong with the key.
/// let read = KeySet::parse(br#"{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"odd"}]}"#)?;
/// assert!(read.keys.is_empty());
/// assert_eq!(read.set_aside[0].problem.to_string(), "the key is symmetric");
/// # Ok::<(), scopegate_jose::JoseError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
}

/// The contents of a key set document.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ParsedKeySet {
    /// The usable keys.
    pub keys: KeySet,
    /// The entries that cannot be used, each with the reason.
    pub set_aside: Vec<SetAside>,
}

/// An entry of a key set that is not used.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SetAside {
    /// The index in the `keys` array.
    pub index: usize,
    /// The `kid`, if the entry has one.
    pub kid: Option<String>,
    /// The reason.
    pub problem: KeyProblem,
}

impl KeySet {
    /// Reads a JWK set document (RFC 7517 §5).
    ///
    /// Unusable keys are returned separately, with the reason. The result is an error only if the
    /// document is not a key set or is too large. If two keys have the same `kid` and algorithm,
    /// the first one is used.
    pub fn parse(json: &[u8]) -> Result<ParsedKeySet, JoseError> {
        if json.len() > MAX_KEY_SET_LEN {
            return Err(JoseError::KeySetTooLarge);
        }
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let entries = deserializer
            .deserialize_map(Document)
            .and_then(|entries| deserializer.end().map(|()| entries))
            .map_err(|_| JoseError::InvalidKeySet)?;

        let mut keys = Self::empty();
        let mut set_aside = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            if let Err(problem) = keys.add(entry.get(), index) {
                let kid = kid_of(entry.get());
                set_aside.push(SetAside { index, kid, problem });
            }
        }
        Ok(ParsedKeySet { keys, set_aside })
    }

    fn add(&mut self, entry: &str, index: usize) -> Result<(), KeyProblem> {
        if self.keys.len() == MAX_KEYS || index == MAX_ENTRIES {
            return Err(KeyProblem::TooManyKeys);
        }
        let jwk = Jwk::parse(entry)?;
        let known = self
            .keys
            .iter()
            .filter(|key| key.kid().is_some() && key.kid() == jwk.kid())
            .fold(AlgorithmSet::empty(), |known, key| known.union(key.possible_algorithms()));
        if jwk.possible_algorithms().is_subset(known) {
            return Err(KeyProblem::Duplicate);
        }
        self.keys.push(VerifyingKey::from_jwk(&jwk)?);
        Ok(())
    }

    /// Makes a set of keys.
    pub fn from_keys(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        Self { keys: keys.into_iter().collect() }
    }

    /// The empty set, which verifies no token.
    pub const fn empty() -> Self {
        Self { keys: Vec::new() }
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether the set has a key with this `kid`.
    pub fn contains_kid(&self, kid: &str) -> bool {
        self.kids().any(|known| known == kid)
    }

    /// The `kid`s of the keys that have one.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().filter_map(VerifyingKey::kid)
    }

    /// The keys.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// Finds the key for a signature by `kid` and algorithm.
    ///
    /// A set holds few keys, so a linear search is faster than a hash map, and it allocates
    /// nothing.
    pub(crate) fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        allowed: AllowedAlgorithms,
    ) -> Result<&VerifyingKey, JoseError> {
        if let AllowedAlgorithms::Only(set) = allowed
            && !set.contains(algorithm)
        {
            return Err(JoseError::AlgorithmNotAllowed);
        }
        let fits = |key: &&VerifyingKey| key.fits(algorithm, allowed);
        let Some(kid) = kid else {
            let mut candidates = self.keys.iter().filter(fits);
            return match (candidates.next(), candidates.next()) {
                (Some(key), None) => Ok(key),
                (Some(_), Some(_)) => Err(JoseError::AmbiguousKey),
                (None, _) => Err(JoseError::UnknownKey { kid: None }),
            };
        };
        let named = |key: &&VerifyingKey| key.kid() == Some(kid);
        match self.keys.iter().filter(named).find(fits) {
            Some(key) => Ok(key),
            None if self.contains_kid(kid) => Err(JoseError::AlgorithmNotAllowed),
            None => Err(JoseError::UnknownKey { kid: Some(kid.into()) }),
        }
    }
}

impl FromIterator<VerifyingKey> for KeySet {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        Self::from_keys(keys)
    }
}

/// The `kid` of an entry, if it can be read. The key itself need not be usable.
fn kid_of(entry: &str) -> Option<String> {
    JwkMembers::parse(entry).ok()?.text("kid").ok().map(str::to_owned)
}

/// Reads the `keys` array and leaves each entry unparsed, so that one unusable key does not prevent
/// the others from being read.
struct Document;

impl<'de> Visitor<'de> for Document {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with a `keys` array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = None;
        while let Some(name) = map.next_key::<String>()? {
            if name != "keys" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let Entries(entries) = map.next_value()?;
            if keys.replace(entries).is_some() {
                return Err(de::Error::duplicate_field("keys"));
            }
        }
        keys.ok_or_else(|| de::Error::missing_field("keys"))
    }
}

struct Entries<'a>(Vec<&'a RawValue>);

impl<'de> de::Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of keys")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    entries.push(entry);
                    // One more entry than is read, so that the result can say there were too many.
                    if entries.len() > MAX_ENTRIES {
                        while list.next_element::<IgnoredAny>()?.is_some() {}
                        break;
                    }
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_seq(List)
    }
}

#[cfg(test)]
mod tests;
