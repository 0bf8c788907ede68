//! Runs tests, and tells in what the result differs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::expectation::{Expectation, Granted, Refused};
use super::file::PolicyTest;
use crate::catalog::Snapshot;
use crate::explain::{Explanation, FailedCheck, ShownRule};
use crate::spelling::show_duration;
use scopegate_claims::{ScopeSet, UnixTime};

/// Maximum number of rules that are listed with a difference.
const MAX_RULES: usize = 20;

/// The result of a test.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestResult {
    /// The name of the test.
    pub name: String,
    /// The line at which it begins.
    pub line: usize,
    /// In what the result differs. None, if the test passed.
    pub differences: Vec<Difference>,
    /// The decision.
    pub explanation: Explanation,
}

/// A part of the result that differs.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// The part.
    pub what: String,
    /// What the test expects.
    pub expected: String,
    /// The result.
    pub got: String,
}

impl PolicyTest {
    /// Runs the test. `now` is the time of a request without `at`.
    pub async fn run(&self, catalog: &Arc<Snapshot>, now: UnixTime) -> TestResult {
        let explanation =
            Explanation::of_described(Arc::clone(catalog), self.user.clone(), &self.request, now);
        let explanation = explanation.await;
        let differences = match &self.expectation {
            Expectation::Granted(expected) => granted(expected, &explanation),
            Expectation::Refused(expected) => refused(expected, &explanation),
        };
        TestResult { name: self.name.clone(), line: self.line, differences, explanation }
    }
}

fn difference(what: &str, expected: impl Into<String>, got: impl Into<String>) -> Difference {
    Difference { what: what.to_owned(), expected: expected.into(), got: got.into() }
}

fn granted(expected: &Granted, explanation: &Explanation) -> Vec<Difference> {
    let Some(got) = &explanation.granted else {
        let error = explanation.error.as_deref().unwrap_or("a refusal");
        return vec![difference("result", "a token", error)];
    };
    let mut differences = Vec::new();
    if let Some(scopes) = &expected.scopes
        && *scopes != got.scopes.iter().collect::<Scopes>().0
    {
        differences.push(difference("scopes", listed(scopes.iter()), listed(got.scopes.iter())));
    }
    if let Some(rule) = &expected.rule
        && *rule != got.rule
    {
        differences.push(difference("rule", rule, &got.rule));
    }
    if let Some(lifetime) = expected.access_token_lifetime
        && Some(lifetime.as_secs()) != got.access_token_lifetime
    {
        let found = got.access_token_lifetime.map(Duration::from_secs).map(show_duration);
        let found = found.unwrap_or_default();
        differences.push(difference("access_token_lifetime", show_duration(lifetime), found));
    }
    let payload = explanation.access_token.as_ref();
    let claim = |name: &str| payload.and_then(|payload| payload.get(name));
    for (name, value) in &expected.claims {
        let found = claim(name);
        if found != Some(value) {
            let found = found.map_or_else(|| "no such claim".to_owned(), Value::to_string);
            differences.push(difference(&format!("claim {name}"), value.to_string(), found));
        }
    }
    for name in &expected.without_claims {
        if let Some(found) = claim(name) {
            let what = format!("claim {name}");
            differences.push(difference(&what, "no such claim", found.to_string()));
        }
    }
    differences
}

fn refused(expected: &Refused, explanation: &Explanation) -> Vec<Difference> {
    let Some(error) = &explanation.error else {
        let granted = explanation.granted.as_ref();
        let got = granted.map_or_else(String::new, |granted| {
            format!("a token with {}, by {}", listed(granted.scopes.iter()), granted.rule)
        });
        return vec![difference("result", &expected.error, got)];
    };
    let mut differences = Vec::new();
    if *error != expected.error {
        differences.push(difference("error", &expected.error, error));
    }
    let failed = || failed_checks(explanation).map(|(_, check)| check.condition.as_str());
    if let Some(condition) = &expected.condition
        && !failed().any(|failed| failed == condition)
    {
        differences.push(difference("condition", condition, listed(failed())));
    }
    let denying = explanation.rules.iter().find(|rule| rule.matched).map(name);
    if let Some(rule) = &expected.rule
        && denying.as_ref() != Some(rule)
    {
        let denying = denying.unwrap_or_else(|| "no rule denies".to_owned());
        differences.push(difference("rule", rule, denying));
    }
    differences
}

/// The check that refused, and the conditions that failed, each with its rule.
fn failed_checks(
    explanation: &Explanation,
) -> impl Iterator<Item = (Option<&ShownRule>, &FailedCheck)> {
    let of_rules = explanation.rules.iter();
    let of_rules = of_rules.filter_map(|rule| Some((Some(rule), rule.failed.as_ref()?)));
    explanation.refused_by.iter().map(|check| (None, check)).chain(of_rules)
}

fn name(rule: &ShownRule) -> String {
    format!("{}/{}", rule.policy, rule.rule)
}

fn listed<T: AsRef<str>>(names: impl Iterator<Item = T>) -> String {
    let mut listed = String::new();
    let mut seen = std::collections::HashSet::new();
    for name in names.filter(|name| seen.insert(name.as_ref().to_owned())) {
        if !listed.is_empty() {
            listed.push_str(", ");
        }
        listed.push_str(name.as_ref());
    }
    if listed.is_empty() { "none".to_owned() } else { listed }
}

/// A set of scopes, collected from names.
struct Scopes(ScopeSet);

impl<'a> FromIterator<&'a String> for Scopes {
    fn from_iter<I: IntoIterator<Item = &'a String>>(names: I) -> Self {
        Self(ScopeSet::from_tokens(names).unwrap_or_default())
    }
}

impl TestResult {
    /// Whether the result is as expected.
    pub fn is_passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Writes each difference, and why the request was decided so.
impl fmt::Display for TestResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, difference) in self.differences.iter().enumerate() {
            let Difference { what, expected, got } = difference;
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{what}\n  expected  {expected}\n  got       {got}")?;
        }
        if let Some(reason) = &self.explanation.reason {
            write!(f, "\nbecause {reason}")?;
        }
        // Rules for other clients and grants say nothing about the request.
        let of_others = ["clients", "grant_types"];
        let failed = failed_checks(&self.explanation)
            .filter_map(|(rule, check)| Some((rule?, check)))
            .filter(|(_, check)| !of_others.contains(&check.condition.as_str()));
        for (rule, check) in failed.take(MAX_RULES) {
            let FailedCheck { condition, wanted, found, .. } = check;
            write!(f, "\n  {}: {condition} wants {wanted}, found {found}", name(rule))?;
        }
        Ok(())
    }
}
