//! A set of scopes, as found in tokens and requests.

mod collector;
mod json;
mod same_set;

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;

use self::collector::{Collector, FEW};
use self::json::ScopeArray;
pub(crate) use self::same_set::SameSet;
use crate::{ClaimsError, Scope};

/// A set of scopes that remembers the order of their first appearance.
///
/// The set is stored as one string with single spaces between the scopes, so it costs one
/// allocation. Two sets are equal if they hold the same scopes in any order.
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
    text: Box<str>,
}

impl ScopeSet {
    /// The empty set.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Parses the space-separated form of RFC 6749 §3.3. Repeated spaces and repeated scopes are
    /// ignored.
    ///
    /// # Errors
    ///
    /// [`ClaimsError::InvalidScope`] with the first scope that breaks the grammar.
    pub fn parse(text: &str) -> Result<Self, ClaimsError> {
        let mut collected = Collector::with_capacity(text.len());
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            collected.push(token)?;
        }
        Ok(collected.finish())
    }

    /// Collects scopes. A repeated scope counts once.
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
            collected.push(token.as_ref())?;
        }
        Ok(collected.finish())
    }

    /// Tells whether the set holds exactly this scope.
    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|held| held == scope)
    }

    /// Tells whether every scope of this set is in the other set.
    pub fn is_subset(&self, other: &Self) -> bool {
        if self.len() <= FEW {
            return self.iter().all(|scope| other.contains(scope));
        }
        let other: HashSet<&str> = other.iter().collect();
        self.iter().all(|scope| other.contains(scope))
    }

    /// The scopes of both sets, those of this set first.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::collect(self.iter().chain(other.iter()))
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self::collect(self.iter().filter(|scope| other.contains(scope)))
    }

    /// The scopes of this set that are not in the other set.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self::collect(self.iter().filter(|scope| !other.contains(scope)))
    }

    /// The scopes, in the order of their first appearance.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        // For short texts this is much faster than `split(' ')`.
        self.text.split_ascii_whitespace()
    }

    /// The number of scopes in the set.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Tells whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The scopes as one string, separated by single spaces.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The set as a JSON array of scopes, as in Okta's `scp`.
    pub fn as_array(&self) -> impl Serialize + '_ {
        ScopeArray(self)
    }

    /// Collects scopes that were already checked against the grammar.
    fn collect<'a>(tokens: impl Iterator<Item = &'a str>) -> Self {
        let mut collected = Collector::default();
        tokens.for_each(|token| collected.push_checked(token));
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
