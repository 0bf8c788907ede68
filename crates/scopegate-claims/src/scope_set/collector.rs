//! Building a set from scopes that arrive one at a time.

use std::collections::HashSet;

use super::ScopeSet;
use super::plain::FEW;
use crate::part::Part;

/// The string of most sets fits in this many bytes, so one allocation is usually enough.
const USUAL_LEN: usize = 128;

/// Collects well-formed scopes and drops duplicates, in time linear in the number of scopes.
#[derive(Default)]
pub(super) struct Collector {
    set: ScopeSetText,
    seen: HashSet<Box<str>>,
}

#[derive(Default)]
struct ScopeSetText {
    text: String,
    len: usize,
}

impl Collector {
    pub(super) fn push(&mut self, token: &str) {
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
            self.set.text.reserve(USUAL_LEN);
        }
        self.set.text.push_str(token);
        self.set.len += 1;
    }

    pub(super) fn finish(self) -> ScopeSet {
        ScopeSet { text: Part::from(&*self.set.text) }
    }
}
