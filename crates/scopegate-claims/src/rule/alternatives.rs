//! A requirement as a list of alternatives, which is all that documents can say.

use super::{Kind, Requirement};

impl Requirement {
    /// The sets of scopes each of which is enough, none of them a part of another's.
    ///
    /// OpenAPI and the like know "one of these lists" and no deeper nesting.
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
                smallest(alternatives.iter().flat_map(Self::alternatives).collect())
            }
            Kind::All(parts) => Self::alternatives_of_all(parts),
            Kind::Scope(name) => vec![vec![name]],
        }
    }

    /// The same for several requirements at once, as of a handler with several guards.
    pub fn alternatives_of_all(parts: &[Self]) -> Vec<Vec<&'static str>> {
        smallest(parts.iter().fold(vec![Vec::new()], |found, part| {
            let more = part.alternatives();
            found.iter().flat_map(|left| more.iter().map(|right| union(left, right))).collect()
        }))
    }
}

fn union(left: &[&'static str], right: &[&'static str]) -> Vec<&'static str> {
    let more = right.iter().filter(|scope| !left.contains(scope));
    left.iter().chain(more).copied().collect()
}

/// Leaves out what holds all of another alternative; of equal ones the first stays.
fn smallest(found: Vec<Vec<&'static str>>) -> Vec<Vec<&'static str>> {
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
    fn an_alternative_that_asks_for_more_than_another_is_left_out() {
        const TWICE: Requirement = Requirement::all_of(&[A_OR_B, A_OR_B]);
        assert_eq!(TWICE.alternatives(), [["a"], ["b"]]);
        assert_eq!(Requirement::any_of(&[A, A]).alternatives(), [["a"]]);
    }

    #[test]
    fn of_nothing_all_is_a_token_and_any_is_never() {
        assert_eq!(Requirement::all_of(&[]).alternatives(), [[""; 0]]);
        assert!(Requirement::any_of(&[]).alternatives().is_empty());
    }
}
