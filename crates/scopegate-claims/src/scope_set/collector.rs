//! Building a set from scopes that arrive one at a time.

use std::collections::HashSet;

use super::ScopeSet;
use crate::{ClaimsError, Scope};

/// Up to this many scopes, comparing with each of them is faster than a hash set.
pub(super) const FEW: usize = 32;

/// Collects scopes and drops duplicates, in time linear in the number of scopes.
#[derive(Default)]
pub(super) struct Collector {
    /// The scopes so far, separated by single spaces.
    text: String,
    len: usize,
    /// The scopes after the first [`FEW`].
    more: HashSet<Box<str>>,
}

impl Collector {
    /// A collector with room for a text of this length.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ..Self::default() }
    }

    /// Adds a scope after a check of its grammar.
    pub(super) fn push(&mut self, scope: &str) -> Result<(), ClaimsError> {
        if !Scope::is_token(scope) {
            return Err(ClaimsError::InvalidScope(scope.to_owned()));
        }
        self.push_checked(scope);
        Ok(())
    }

    /// Adds a scope whose grammar was checked before.
    pub(super) fn push_checked(&mut self, scope: &str) {
        if self.contains(scope) {
            return;
        }
        if self.len > 0 {
            self.text.push(' ');
        }
        self.text.push_str(scope);
        self.len += 1;
        if self.len > FEW {
            self.more.insert(scope.into());
        }
    }

    fn contains(&self, scope: &str) -> bool {
        self.text.split_ascii_whitespace().take(FEW).any(|known| known == scope)
            || self.more.contains(scope)
    }

    pub(super) fn finish(self) -> ScopeSet {
        ScopeSet { text: self.text.into() }
    }
}
