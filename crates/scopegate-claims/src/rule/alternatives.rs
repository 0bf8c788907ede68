//! A requirement as a flat list of alternatives, the only form that documents can express.

use super::{Kind, Requirement};

impl Requirement {
    /// The sets of scopes of which each is enough. No set contains another one.
    ///
    /// OpenAPI and similar documents can express "one of these lists", but no deeper nesting.
    ///
    /// ```
    /// use scopegate_claims::Requirement;
    ///
    /// const READ: Requirement = Requirement::scope("read");
    /// const ADMIN: Requirement = Requirement::scope("admin");
    /// const EITHER: Requirement = Requirement::any_of(&[READ, ADMIN]);
    ///
    /// assert_eq!(EITHER.alternatives(), [["read"], ["admin"]]);
    /// assert_eq!(Requirement::all_of(&[READ, ADMIN]).alternatives(), [["read", "admin"]]);
    /// // `admin` alone is enough for both.
    /// assert_eq!(Requirement::all_of(&[EITHER, ADMIN]).alternatives(), [["admin"]]);
    /// ```
    pub fn alternatives(&self) -> Vec<Vec<&'static str>> {
        match self.0 {
            Kind::Any(alternatives) => {
                without_supersets(alternatives.iter().flat_map(Self::alternatives).collect())
            }
            Kind::All(parts) => Self::alternatives_of_all(parts),
            Kind::Scope(name) => vec![vec![name]],
        }
    }

    /// The same for several requirements that must all be met, such as the guards of one handler.
    pub fn alternatives_of_all(parts: &[Self]) -> Vec<Vec<&'static str>> {
        without_supersets(parts.iter().fold(vec![Vec::new()], |found, part| {
            let more = part.alternatives();
            found.iter().flat_map(|left| more.iter().map(|right| union(left, right))).collect()
        }))
    }
}

fn union(left: &[&'static str], right: &[&'static str]) -> Vec<&'static str> {
    let more = right.iter().filter(|scope| !left.contains(scope));
    left.iter().chain(more).copied().collect()
}

/// Removes alternatives that contain all scopes of another one. Of equal ones the first stays.
fn without_supersets(found: Vec<Vec<&'static str>>) -> Vec<Vec<&'static str>> {
    let within = |inner: &[&str], outer: &[&str]| inner.iter().all(|scope| outer.contains(scope));
    let is_needless = |at: usize| {
        found.iter().enumerate().any(|(other, less)| {
            other != at && within(less, &found[at]) && (other < at || !within(&found[at], less))
        })
    };
    let needless: Vec<_> = (0..found.len()).map(is_needless).collect();
    found.into_iter().zip(needless).filter(|(_, needless)| !needless).map(|(one, _)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Requirement = Requirement::scope("a");
    const B: Requirement = Requirement::scope("b");
    const C: Requirement = Requirement::scope("c");
    const A_OR_B: Requirement = Requirement::any_of(&[A, B]);

    #[test]
    fn alternatives_within_parts_are_multiplied() {
        let both = Requirement::all_of(&[A_OR_B, C]);
        assert_eq!(both.alternatives(), [["a", "c"], ["b", "c"]]);
    }

    #[test]
    fn an_alternative_that_contains_another_one_is_left_out() {
        const TWICE: Requirement = Requirement::all_of(&[A_OR_B, A_OR_B]);
        assert_eq!(TWICE.alternatives(), [["a"], ["b"]]);
        assert_eq!(Requirement::any_of(&[A, A]).alternatives(), [["a"]]);
    }

    #[test]
    fn an_empty_all_of_needs_no_scope_and_an_empty_any_of_never_passes() {
        assert_eq!(Requirement::all_of(&[]).alternatives(), [[""; 0]]);
        assert!(Requirement::any_of(&[]).alternatives().is_empty());
    }
}
