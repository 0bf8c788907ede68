//! The smallest changes that would allow a refused request.
//!
//! A breadth-first search: each change is applied to the inquiry, which is then decided again. So the fewest
//! changes are found first, and nothing is suggested that would not help.

use super::decide::decide;
use super::fix::{self, Changes, Fix};
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
    /// The greatest of the changes.
    changes: Changes,
    /// The rule that was changed. Only this rule is changed further.
    rule: Option<(String, String)>,
}

/// At most five suggestions. All have the same number of changes: the smallest that is enough.
pub(super) fn changes(inquiry: &Inquiry) -> Vec<String> {
    let start = Changed {
        inquiry: inquiry.clone(),
        says: Vec::new(),
        changes: Changes::Request,
        rule: None,
    };
    let (mut level, mut decided) = (vec![start], 0);
    for _ in 0..MAX_CHANGES {
        let (mut found, mut next) = (Vec::<Changed>::new(), Vec::new());
        'level: for changed in &level {
            let Err(refusal) = decide(&changed.inquiry) else { continue };
            for fix in fix::all(&changed.inquiry, &refusal, changed.rule.as_ref()) {
                if decided == MAX_DECIDED {
                    break 'level;
                }
                decided += 1;
                let changed = changed.with(fix);
                match decide(&changed.inquiry) {
                    Ok(_) => found.push(changed),
                    Err(_) => next.push(changed),
                }
            }
        }
        if !found.is_empty() {
            return the_least(found);
        }
        level = next;
    }
    Vec::new()
}

/// The suggestions that change the least: the request before the user, and the user before the catalog.
fn the_least(mut found: Vec<Changed>) -> Vec<String> {
    found.sort_by_key(|changed| changed.changes);
    let mut suggestions = Vec::new();
    for changed in found {
        let suggestion = changed.says.join(", and ");
        if suggestions.len() < MAX_SUGGESTIONS && !suggestions.contains(&suggestion) {
            suggestions.push(suggestion);
        }
    }
    suggestions
}

impl Changed {
    fn with(&self, fix: Fix) -> Self {
        let mut says = self.says.clone();
        says.push(fix.says);
        let changes = self.changes.max(fix.changes);
        Self { inquiry: fix.inquiry, says, changes, rule: fix.rule.or_else(|| self.rule.clone()) }
    }
}
