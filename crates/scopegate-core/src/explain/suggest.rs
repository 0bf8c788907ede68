//! The smallest changes that would allow a refused request.
//!
//! A breadth-first search: each change is applied to the inquiry, which is then decided again. So the fewest
//! changes are found first, and nothing is suggested that would not help.

use super::decide::decide;
use super::fix::{self, Fix};
use super::inquiry::Inquiry;

/// Maximum number of suggestions.
const MAX_SUGGESTIONS: usize = 5;

/// Maximum number of changes in one suggestion.
const MAX_CHANGES: usize = 3;

/// Maximum number of changed inquiries that are decided.
const MAX_DECIDED: usize = 100;

/// An inquiry after some changes.
struct Changed {
    inquiry: Inquiry,
    /// The sentences of the changes.
    says: Vec<String>,
    /// The rule that was changed. Only this rule is changed further.
    rule: Option<(String, String)>,
}

/// At most five suggestions. All have the same number of changes: the smallest that is enough.
pub(super) fn changes(inquiry: &Inquiry) -> Vec<String> {
    let start = Changed { inquiry: inquiry.clone(), says: Vec::new(), rule: None };
    let (mut level, mut decided) = (vec![start], 0);
    for _ in 0..MAX_CHANGES {
        let (mut found, mut next) = (Vec::new(), Vec::new());
        'level: for changed in &level {
            let Err(refusal) = decide(&changed.inquiry) else { continue };
            for fix in fix::all(&changed.inquiry, &refusal, changed.rule.as_ref()) {
                if decided == MAX_DECIDED || found.len() == MAX_SUGGESTIONS {
                    break 'level;
                }
                decided += 1;
                let changed = changed.with(fix);
                match decide(&changed.inquiry) {
                    Ok(_) => keep(&mut found, changed.says.join(", and ")),
                    Err(_) => next.push(changed),
                }
            }
        }
        if !found.is_empty() {
            return found;
        }
        level = next;
    }
    Vec::new()
}

fn keep(found: &mut Vec<String>, suggestion: String) {
    if !found.contains(&suggestion) {
        found.push(suggestion);
    }
}

impl Changed {
    fn with(&self, fix: Fix) -> Self {
        let mut says = self.says.clone();
        says.push(fix.says);
        Self { inquiry: fix.inquiry, says, rule: fix.rule.or_else(|| self.rule.clone()) }
    }
}
