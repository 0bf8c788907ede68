//! A set of scopes, as tokens and requests carry it.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::part::Part;
use crate::{ClaimsError, Scope};

/// Up to this many scopes, looking through the text beats building a hash set.
const FEW: usize = 32;

/// The text of most sets is no longer.
const USUAL: usize = 128;

/// A set of scopes in the order in which they were first named.
///
/// It is kept as one text, separated by single spaces, so that a set costs one allocation and
/// [`contains`](Self::contains) reads a few dozen neighbouring bytes. Two sets are equal if they hold
/// the same scopes in whatever order.
///
/// ```
/// use scopegate_claims::ScopeSet;
///
/// let held = ScopeSet::parse("read:orders write:orders").unwrap();
/// assert!(held.contains("read:orders"));
/// assert!(!held.contains("read"));
/// assert!(ScopeSet::parse("write:orders").unwrap().is_subset(&held));
/// ```
#[derive(Clone, Default)]
pub struct ScopeSet {
    text: Part,
}

impl ScopeSet {
    /// The set without scopes.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Parses the text form of RFC 6749 §3.3; repeated spaces and repeated scopes are harmless.
    ///
    /// # Errors
    ///
    /// [`ClaimsError::InvalidScope`] with the first scope that breaks the grammar.
    pub fn parse(text: &str) -> Result<Self, ClaimsError> {
        if is_plain(text) {
            return Ok(Self { text: text.into() });
        }
        Self::from_tokens(text.split(' ').filter(|token| !token.is_empty()))
    }

    /// Collects scopes; repeated ones count once.
    ///
    /// # Errors
    ///
    /// [`ClaimsError::InvalidScope`] with the first scope that breaks the grammar.
    pub fn from_tokens<I>(tokens: I) -> Result<Self, ClaimsError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let mut collected = Collector::default();
        for token in tokens {
            let token = token.as_ref();
            if !Scope::is_token(token) {
                return Err(ClaimsError::InvalidScope(token.to_owned()));
            }
            collected.push(token);
        }
        Ok(collected.finish())
    }

    /// Tells whether the set holds this very scope.
    pub fn contains(&self, scope: &str) -> bool {
        let (mut rest, wanted) = (self.text.as_bytes(), scope.as_bytes());
        while rest.len() >= wanted.len() && !wanted.is_empty() {
            if rest.starts_with(wanted) && rest.get(wanted.len()).is_none_or(|&next| next == b' ') {
                return !wanted.contains(&b' ');
            }
            match rest.iter().position(|&byte| byte == b' ') {
                Some(space) => rest = &rest[space + 1..],
                None => return false,
            }
        }
        false
    }

    /// Tells whether each scope of this set is in the other one.
    pub fn is_subset(&self, other: &Self) -> bool {
        if self.len() <= FEW {
            return self.iter().all(|scope| other.contains(scope));
        }
        let other: HashSet<&str> = other.iter().collect();
        self.iter().all(|scope| other.contains(scope))
    }

    /// The scopes of both sets, this one's first.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::collect(self.iter().chain(other.iter()))
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self::collect(self.iter().filter(|scope| other.contains(scope)))
    }

    /// The scopes of this set that the other one lacks.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self::collect(self.iter().filter(|scope| !other.contains(scope)))
    }

    /// The scopes, in the order in which they were first named.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split(' ').filter(|token| !token.is_empty())
    }

    /// How many scopes the set holds.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Tells whether the set holds no scope.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text form: scopes separated by one space each.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The set as a JSON array of scopes, the form of Okta's `scp`.
    pub fn as_array(&self) -> impl Serialize + '_ {
        ScopeArray(self)
    }

    /// The set that a part of a text is, which must be [plain](is_plain).
    pub(crate) fn within(text: Part) -> Self {
        debug_assert!(is_plain(&text), "looked at when the part was found");
        Self { text }
    }

    /// Collects scopes that are known to be well-formed.
    fn collect<'a>(tokens: impl Iterator<Item = &'a str>) -> Self {
        let mut collected = Collector::default();
        tokens.for_each(|token| collected.push(token));
        collected.finish()
    }
}

/// Whether a text is a set as it stands: few scopes, each once, one space between them.
pub(crate) fn is_plain(text: &str) -> bool {
    let mut seen = [""; FEW];
    let mut rest = text;
    for at in 0..FEW {
        let (scope, after) = first_of(rest);
        if !Scope::is_token(scope) || seen[..at].contains(&scope) {
            return false;
        }
        let Some(after) = after else { return true };
        (seen[at], rest) = (scope, after);
    }
    false
}

/// The first scope of a text, and what comes after the space behind it.
///
/// Scopes are short: a plain walk is faster than what is made for long texts.
fn first_of(text: &str) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == b' ') {
        Some(space) => (&text[..space], Some(&text[space + 1..])),
        None => (text, None),
    }
}

/// Collects well-formed scopes, each once, in linear time however many there are.
#[derive(Default)]
struct Collector {
    set: ScopeSetText,
    seen: HashSet<Box<str>>,
}

#[derive(Default)]
struct ScopeSetText {
    text: String,
    len: usize,
}

impl Collector {
    fn push(&mut self, token: &str) {
        if self.set.len < FEW {
            if self.set.text.split(' ').any(|known| known == token) {
                return;
            }
        } else {
            if self.seen.is_empty() {
                self.seen = self.set.text.split(' ').map(Into::into).collect();
            }
            if !self.seen.insert(token.into()) {
                return;
            }
        }
        if self.set.len > 0 {
            self.set.text.push(' ');
        } else {
            self.set.text.reserve(USUAL);
        }
        self.set.text.push_str(token);
        self.set.len += 1;
    }

    fn finish(self) -> ScopeSet {
        ScopeSet { text: Part::from(&*self.set.text) }
    }
}

impl PartialEq for ScopeSet {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text || (self.len() == other.len() && self.is_subset(other))
    }
}

impl Eq for ScopeSet {}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<&Scope> for ScopeSet {
    fn from(scope: &Scope) -> Self {
        Self { text: scope.as_str().into() }
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

struct ScopeArray<'a>(&'a ScopeSet);

impl Serialize for ScopeArray<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(None)?;
        for scope in self.0.iter() {
            array.serialize_element(scope)?;
        }
        array.end()
    }
}

/// Reads either form: the text, or an array with one scope an element.
impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherForm;

        impl<'de> Visitor<'de> for EitherForm {
            type Value = ScopeSet;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("scopes as a text or as an array of texts")
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

/// Scopes as they are read: a set, or a text in which one stands as it is.
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
                f.write_str("scopes as a text or as an array of texts")
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

/// Reads scopes in either form, to tell whether they are those of a set.
///
/// The set is given as its text.
pub(crate) struct SameScopes<'a>(pub(crate) &'a str);

impl<'de> DeserializeSeed<'de> for SameScopes<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        // A set of a bit each; where that does not do, the scopes are collected.
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

    /// Whether these bits are all there are.
    fn are_all(&self, bits: u64) -> bool {
        bits.count_ones() as usize == self.len()
    }
}

impl<'de> Visitor<'de> for SameScopes<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scopes as a text or as an array of texts")
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
        while let Some(bit) = array.next_element_seed(BitOf(&self))? {
            bits = bits.zip(bit).map(|(bits, bit)| bits | bit);
        }
        Ok(bits.is_some_and(|bits| self.are_all(bits)))
    }
}

/// Reads one scope as its bit.
struct BitOf<'a>(&'a SameScopes<'a>);

impl<'de> DeserializeSeed<'de> for BitOf<'_> {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<u64>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for BitOf<'_> {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scope")
    }

    fn visit_str<E>(self, scope: &str) -> Result<Option<u64>, E> {
        Ok(self.0.bit(scope))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap()
    }

    #[test]
    fn a_part_or_another_case_is_another_scope() {
        let held = set("read:orders write:orders");
        for other in
            ["read", "orders", "read:order", "Read:orders", "", " ", "read:orders write:orders"]
        {
            assert!(!held.contains(other), "{other:?}");
        }
        assert!(held.contains("write:orders"));
    }

    #[test]
    fn order_and_repetition_do_not_matter() {
        assert_eq!(set("a b  a"), set(" b a"));
        assert_ne!(set("a b"), set("a c"));
        assert_ne!(set("a b"), set("a"));
        assert_eq!(set("b a b").as_str(), "b a");
    }

    #[test]
    fn text_and_array_read_as_the_same_set() {
        let text: ScopeSet = serde_json::from_str(r#""a b""#).unwrap();
        let array: ScopeSet = serde_json::from_str(r#"["b","a"]"#).unwrap();
        assert_eq!(text, array);
        assert_eq!(serde_json::to_string(&array.as_array()).unwrap(), r#"["b","a"]"#);
        assert_eq!(serde_json::to_string(&array).unwrap(), r#""b a""#);
    }

    #[test]
    fn an_element_is_one_scope() {
        for bad in [r#"["a b"]"#, r#"["a",1]"#, r#"[["a"]]"#, "1", "{}", "null", r#""é""#] {
            assert!(serde_json::from_str::<ScopeSet>(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn set_algebra_holds(left in "[a-d]{1,2}( [a-d]{1,2}){0,60}", right in "[a-d]{1,2}( [a-d]{1,2}){0,60}") {
            let (left, right) = (set(&left), set(&right));
            let (both, either) = (left.intersection(&right), left.union(&right));
            prop_assert!(both.is_subset(&left) && both.is_subset(&right));
            prop_assert!(left.is_subset(&either) && right.is_subset(&either));
            prop_assert_eq!(either.len(), left.len() + right.difference(&left).len());
            prop_assert_eq!(&left.difference(&right).union(&both), &left);
            prop_assert!(left.iter().all(|scope| left.contains(scope)));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in ".{0,80}") {
            if let Ok(set) = ScopeSet::parse(&text) {
                prop_assert!(set.iter().all(Scope::is_token));
            }
        }
    }
}
