//! A set of scopes, as tokens and requests carry it.

mod collector;
mod plain;
mod read;
mod same;
mod write;

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;

use self::collector::Collector;
use self::plain::{FEW, is_plain};
pub(crate) use self::read::ReadScopes;
pub(crate) use self::same::SameScopes;
use self::write::ScopeArray;
use crate::part::Part;
use crate::{ClaimsError, Scope};

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

#[cfg(test)]
mod tests;
