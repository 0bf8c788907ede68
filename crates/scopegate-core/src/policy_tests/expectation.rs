//! What a test expects.

use std::collections::BTreeMap;
use std::time::Duration;

use scopegate_claims::ScopeSet;
use serde_json::Value;

use crate::catalog_file::json;
use crate::spelling::{Quoted, parse_duration};
use crate::toml_reader::{Node, Shape, Table, Text};

/// What a test expects. Members that are not written are not compared.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a request is granted or refused")]
pub enum Expectation {
    /// The request is granted.
    Granted(Granted),
    /// The request is refused.
    Refused(Refused),
}

/// What is granted.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Granted {
    /// The scopes, in any order.
    pub scopes: Option<ScopeSet>,
    /// The policy and the rule, as `policy/rule`.
    pub rule: Option<String>,
    /// The lifetime of the access token.
    pub access_token_lifetime: Option<Duration>,
    /// Claims of the access token with their values.
    pub claims: BTreeMap<String, Value>,
    /// Claims that the access token does not have.
    pub without_claims: Vec<String>,
}

/// Why a request is refused.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Refused {
    /// The error code that the client gets.
    pub error: String,
    /// A condition that kept a rule from matching, or the check that refused.
    pub condition: Option<String>,
    /// The rule that denies, as `policy/rule`.
    pub rule: Option<String>,
}

pub(super) const EXPECT: Shape = Shape {
    what: "an expectation",
    keys: &[
        "scopes",
        "rule",
        "access_token_lifetime",
        "claims",
        "without_claims",
        "error",
        "condition",
    ],
    ..Shape::NONE
};

/// The keys of a request that is granted.
const OF_GRANTED: [&str; 4] = ["scopes", "access_token_lifetime", "claims", "without_claims"];

/// Reads `expect`.
pub(super) fn read(node: Node<'_>) -> Option<Expectation> {
    let expect = node.table(&EXPECT)?;
    match expect.optional("error") {
        None => granted(node, expect).map(Expectation::Granted),
        Some(error) => {
            for key in OF_GRANTED {
                if let Some(node) = expect.optional(key) {
                    node.refuse(format_args!(
                        "a refused request has no {key:?}: write it without \"error\", or leave it out"
                    ));
                }
            }
            let own = |key| expect.optional_text(key).map(|text: Text<'_>| text.text.to_owned());
            let (condition, rule) = (own("condition"), own("rule"));
            let error = error.text()?.text.to_owned();
            Some(Expectation::Refused(Refused { error, condition, rule }))
        }
    }
}

fn granted(node: Node<'_>, expect: Table<'_>) -> Option<Granted> {
    if let Some(condition) = expect.optional("condition") {
        condition.refuse(format_args!(
            "\"condition\" needs \"error\": write error = \"access_denied\" beside it"
        ));
    }
    if expect.parts().is_empty() {
        node.refuse(format_args!(
            "the test expects nothing: write {{ scopes = […] }} or {{ error = \"…\" }}"
        ));
        return None;
    }
    let scopes = expect.optional("scopes").map(read_scopes);
    let lifetime = expect.optional_text("access_token_lifetime").map(read_lifetime);
    let claims = expect.optional("claims").map(read_claims);
    let without = expect.optional("without_claims").map(Node::texts);
    Some(Granted {
        scopes: optional(scopes)?,
        rule: expect.optional_text("rule").map(|rule| rule.text.to_owned()),
        access_token_lifetime: optional(lifetime)?,
        claims: optional(claims)?.unwrap_or_default(),
        without_claims: optional(without)?
            .into_iter()
            .flatten()
            .map(|name| name.text.to_owned())
            .collect(),
    })
}

/// The value of an optional key. `None` if it is there and cannot be read.
pub(super) fn optional<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |read| read.map(Some))
}

/// A list of scopes.
pub(super) fn read_scopes(node: Node<'_>) -> Option<ScopeSet> {
    let names = node.texts()?;
    let scopes = names.iter().map(|name| {
        name.parse(|text| match text.contains(' ') {
            true => Err(format!("{} is more than one scope: write a list", Quoted(text))),
            false => ScopeSet::parse(text).map_err(|_| {
                let rule = "write printable ASCII without `\"` and `\\`";
                format!("{} is no scope: {rule}", Quoted(text))
            }),
        })
    });
    let scopes: Option<Vec<ScopeSet>> = scopes.collect();
    Some(scopes?.iter().fold(ScopeSet::empty(), |all, scope| all.union(scope)))
}

fn read_lifetime(text: Text<'_>) -> Option<Duration> {
    text.parse(|written| {
        parse_duration(written).ok_or_else(|| {
            let shown = Quoted(written);
            format!(
                "{shown} is no duration: write numbers with units, such as \"10m\" or \"1h30m\""
            )
        })
    })
}

fn read_claims(node: Node<'_>) -> Option<BTreeMap<String, Value>> {
    let claims = node
        .entries()?
        .map(|(name, value)| Some((name.text.to_owned(), json::read(value, json::MAX_BYTES)?)));
    let claims: Vec<_> = claims.collect();
    claims.into_iter().collect()
}
