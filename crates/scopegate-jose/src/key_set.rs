//! A set of public keys that were parsed in advance.

use std::fmt;

use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::jwk::JwkMembers;
use crate::rules::AllowedAlgorithms;
use crate::{Algorithm, JoseError, Jwk, KeyProblem, VerifyingKey};

/// The maximum size of a key set document, in bytes: 1 MiB.
pub const MAX_KEY_SET_LEN: usize = 1024 * 1024;

/// The maximum number of keys that are kept from one document.
pub const MAX_KEYS: usize = 512;

/// The maximum number of entries that are read from one document. Some are not for signatures. It
/// also bounds the list of reasons.
pub(crate) const MAX_ENTRIES: usize = 1024;

/// The maximum number of keys with the same `kid` that are tried for one signature. It bounds the
/// cost of a forged token.
const MAX_TRIED: usize = 4;

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
    /// Sorted by `kid`. Keys with the same `kid` keep the order of the document.
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

impl ParsedKeySet {
    /// Whether entries were dropped because the document holds more than [`MAX_KEYS`] usable keys
    /// or more than 1,024 entries. The reason of each one is [`KeyProblem::TooManyKeys`].
    pub fn has_too_many_keys(&self) -> bool {
        self.set_aside.iter().any(|entry| entry.problem == KeyProblem::TooManyKeys)
    }
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
    /// document is not a key set or is too large. Several keys may have the same `kid`.
    pub fn parse(json: &[u8]) -> Result<ParsedKeySet, JoseError> {
        if json.len() > MAX_KEY_SET_LEN {
            return Err(JoseError::KeySetTooLarge);
        }
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let entries = deserializer
            .deserialize_map(Document)
            .and_then(|entries| deserializer.end().map(|()| entries))
            .map_err(|_| JoseError::InvalidKeySet)?;

        let mut keys = Vec::new();
        let mut set_aside = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let read = match keys.len() < MAX_KEYS && index < MAX_ENTRIES {
                true => usable(entry.get(), &keys),
                false => Err(KeyProblem::TooManyKeys),
            };
            match read {
                Ok(key) => keys.push(key),
                Err(problem) => {
                    set_aside.push(SetAside { index, kid: kid_of(entry.get()), problem });
                }
            }
        }
        Ok(ParsedKeySet { keys: Self::from_keys(keys), set_aside })
    }

    /// Makes a set of keys.
    pub fn from_keys(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_by(|left, right| left.kid().cmp(&right.kid()));
        Self { keys }
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
        !self.with_kid(kid).is_empty()
    }

    /// The `kid`s of the keys that have one.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().filter_map(VerifyingKey::kid)
    }

    /// The keys, sorted by `kid`.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// The keys that may have made a signature, by the `kid` and the algorithm of the token. There
    /// is at least one.
    ///
    /// A token without `kid` is accepted only if exactly one key fits.
    pub(crate) fn candidates(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        allowed: AllowedAlgorithms,
    ) -> Result<impl Iterator<Item = &VerifyingKey>, JoseError> {
        if !allowed.may_allow(algorithm) {
            return Err(JoseError::AlgorithmNotAllowed);
        }
        let named = kid.map_or(&*self.keys, |kid| self.with_kid(kid));
        let fits = move |key: &&VerifyingKey| key.fits(algorithm, allowed);
        let mut fitting = named.iter().filter(fits);
        match (kid, fitting.next(), fitting.next()) {
            (_, None, _) if kid.is_some() && !named.is_empty() => {
                Err(JoseError::AlgorithmNotAllowed)
            }
            (_, None, _) => Err(JoseError::UnknownKey { kid: kid.map(Box::from) }),
            (None, Some(_), Some(_)) => Err(JoseError::AmbiguousKey),
            (_, Some(_), _) => Ok(named.iter().filter(fits).take(MAX_TRIED)),
        }
    }

    /// The keys with this `kid`.
    fn with_kid(&self, kid: &str) -> &[VerifyingKey] {
        let start = self.keys.partition_point(|key| key.kid() < Some(kid));
        let rest = &self.keys[start..];
        &rest[..rest.partition_point(|key| key.kid() == Some(kid))]
    }
}

impl FromIterator<VerifyingKey> for KeySet {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        Self::from_keys(keys)
    }
}

/// Reads a key, unless it is one of these.
fn usable(entry: &str, known: &[VerifyingKey]) -> Result<VerifyingKey, KeyProblem> {
    let jwk = Jwk::parse(entry)?;
    match known.iter().any(|key| key.is_also(&jwk)) {
        true => Err(KeyProblem::Duplicate),
        false => VerifyingKey::from_jwk(&jwk),
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
