//! A method of a path with its guards.

use std::fmt;

use http::Method;
use scopegate_claims::Requirement;

use crate::Guard;

/// The name that stands for all methods.
const ANY: &str = "ANY";

/// The path of a fallback.
pub(super) const FALLBACK: &str = "/{*fallback}";

pub(super) fn any_method() -> Method {
    Method::from_bytes(ANY.as_bytes()).expect("it is a token")
}

/// A method of a path, with what its handler and its layers require of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Operation {
    method: Method,
    path: String,
    guards: Vec<Guard>,
}

impl Operation {
    pub(super) fn new(method: Method, path: String, guards: Vec<Guard>) -> Self {
        Self { method, path, guards }
    }

    /// The method. `ANY` stands for all methods.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path as it was added: `/orders/{id}`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is required, in the order of checking; all guards must be met.
    pub fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// Whether it handles all methods.
    pub fn is_for_any_method(&self) -> bool {
        self.method.as_str() == ANY
    }

    /// Whether it answers requests that no route answers.
    pub fn is_fallback(&self) -> bool {
        self.path.ends_with(FALLBACK)
    }

    /// Whether it requires nothing and was not declared public.
    pub fn is_unguarded(&self) -> bool {
        self.guards.is_empty()
    }

    /// Whether it is public on purpose.
    pub fn is_public(&self) -> bool {
        !self.is_unguarded() && self.guards.iter().all(|guard| matches!(guard, Guard::Public))
    }

    /// Whether it accepts requests without a token on purpose.
    pub fn is_for_anyone(&self) -> bool {
        let open = |guard: &Guard| matches!(guard, Guard::Public | Guard::OptionalToken);
        !self.is_unguarded() && self.guards.iter().all(open)
    }

    /// The alternative sets of scopes, each of which is enough; one empty set if any token is
    /// enough.
    pub fn alternatives(&self) -> Vec<Vec<&'static str>> {
        Requirement::alternatives_of_all(&self.requirements().collect::<Vec<_>>())
    }

    /// Every scope that a guard mentions.
    pub(super) fn scopes(&self) -> impl Iterator<Item = &'static str> {
        self.requirements().flat_map(|requirement| requirement.scopes())
    }

    /// What is required besides scopes, as text.
    pub(super) fn conditions(&self) -> Vec<String> {
        let beside = self.guards.iter().filter(|guard| guard.is_beyond_scopes());
        beside.map(ToString::to_string).collect()
    }

    fn requirements(&self) -> impl Iterator<Item = Requirement> {
        self.guards.iter().filter_map(|guard| match guard {
            Guard::Scopes(requirement) => Some(*requirement),
            _ => None,
        })
    }
}

/// What an operation requires, as text.
pub(super) struct Requirements<'a>(pub(super) &'a Operation);

impl fmt::Display for Requirements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_unguarded() {
            return f.write_str("UNGUARDED");
        }
        for (at, guard) in self.0.guards.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{guard}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}
