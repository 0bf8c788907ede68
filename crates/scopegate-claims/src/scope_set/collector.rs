//! Making a set of scopes that come one by one.

use std::collections::HashSet;

use super::ScopeSet;
use super::plain::FEW;
use crate::part::Part;

/// The text of most sets is no longer.
const USUAL: usize = 128;

/// Collects well-formed scopes, each once, in linear time however many there are.
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
            self.set.text.reserve(USUAL);
        }
        self.set.text.push_str(token);
        self.set.len += 1;
    }

    pub(super) fn finish(self) -> ScopeSet {
        ScopeSet { text: Part::from(&*self.set.text) }
    }
}
