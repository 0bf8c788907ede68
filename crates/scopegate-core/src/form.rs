//! The parameters of a request: `application/x-www-form-urlencoded`, each name once.

use std::collections::BTreeSet;
use std::fmt;

/// The parameters of a request (RFC 6749 §3.2).
///
/// An empty value counts as absent. `resource` may be repeated (RFC 8707 §2); any other name that
/// occurs twice is refused. Values may be secrets: `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Form(Vec<(Box<str>, Box<str>)>);

/// Why a form cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FormProblem {
    /// A parameter occurs twice.
    Duplicate,
    /// The form is not UTF-8.
    NotUtf8,
    /// The form has more than [`Form::MAX_PARAMETERS`] parameters.
    TooMany,
}

impl Form {
    /// The maximum number of parameters.
    pub const MAX_PARAMETERS: usize = 64;

    /// Collects decoded pairs.
    ///
    /// # Errors
    ///
    /// [`FormProblem`] if a name occurs twice or there are too many parameters.
    pub fn collect<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, FormProblem>
    where
        N: Into<Box<str>> + AsRef<str>,
        V: Into<Box<str>> + AsRef<str>,
    {
        let (form, repeated) = Self::collect_noting(pairs)?;
        if repeated.is_empty() { Ok(form) } else { Err(FormProblem::Duplicate) }
    }

    /// Collects decoded pairs, and the names that occurred twice. Their values count as absent.
    ///
    /// The authorization endpoint needs this: it must redirect to the client even if a parameter
    /// occurs twice (RFC 6749 §4.1.2.1).
    ///
    /// # Errors
    ///
    /// [`FormProblem::TooMany`].
    pub fn collect_noting<N, V>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(Self, BTreeSet<Box<str>>), FormProblem>
    where
        N: Into<Box<str>> + AsRef<str>,
        V: Into<Box<str>> + AsRef<str>,
    {
        let pairs = pairs.into_iter();
        let expected = pairs.size_hint().0.min(Self::MAX_PARAMETERS);
        let (mut form, mut repeated) = (Self(Vec::with_capacity(expected)), BTreeSet::new());
        for (name, value) in pairs {
            let may_repeat = name.as_ref() == "resource";
            if !may_repeat && form.0.iter().any(|(known, _)| **known == *name.as_ref()) {
                repeated.insert(name.into());
            } else if form.0.len() == Self::MAX_PARAMETERS {
                return Err(FormProblem::TooMany);
            } else {
                form.0.push((name.into(), value.into()));
            }
        }
        form.0.retain(|(name, value)| !value.is_empty() && !repeated.contains(name));
        Ok((form, repeated))
    }

    /// The parameters with these names, in the order of the request.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        let is_wanted = |(name, _): &&(Box<str>, Box<str>)| names.contains(&&**name);
        Self(self.0.iter().filter(is_wanted).cloned().collect())
    }

    /// All parameters, in the order of the request.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The value of a parameter; `None` if it is absent or empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, value)| &**value)
    }

    /// All values of a parameter that may be repeated.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| **known == *name).map(|(_, value)| &**value)
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_occurs_twice_is_refused_even_if_one_is_empty() {
        for pairs in [
            [("scope", "a"), ("scope", "a")],
            [("scope", ""), ("scope", "a")],
            [("audience", "a"), ("audience", "b")],
        ] {
            assert_eq!(Form::collect(pairs).unwrap_err(), FormProblem::Duplicate);
        }
        assert!(Form::collect([("resource", "a"), ("resource", "b")]).is_ok());
    }

    #[test]
    fn a_name_that_occurs_twice_is_returned_and_its_values_count_as_absent() {
        let pairs = [("state", "a"), ("scope", ""), ("state", "b"), ("resource", "c")];
        let (form, repeated) = Form::collect_noting(pairs).unwrap();
        assert_eq!(repeated, BTreeSet::from(["state".into()]));
        assert_eq!(form.pairs().collect::<Vec<_>>(), [("resource", "c")]);
    }

    #[test]
    fn an_empty_value_is_an_absent_one() {
        assert_eq!(Form::collect([("scope", "")]).unwrap().value("scope"), None);
    }

    #[test]
    fn debug_shows_no_value() {
        let form = Form::collect([("client_secret", "hush")]).unwrap();
        assert!(!format!("{form:?}").contains("hush"));
    }

    #[test]
    fn the_number_of_parameters_is_bounded() {
        let pairs = (0..=Form::MAX_PARAMETERS).map(|i| (i.to_string(), "x".to_owned()));
        assert_eq!(Form::collect(pairs).unwrap_err(), FormProblem::TooMany);
    }
}
