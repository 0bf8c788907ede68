//! `[[server.claim]]`: a custom claim and the source of its value.

use std::collections::HashSet;

use super::draft::Draft;
use super::ids::BadScopes;
use super::{expression, json, status};
use crate::catalog::{
    ClaimExpression, ClaimSource, ClaimSpec, EntityKey, EntityKind, GroupFilter, GroupMatch,
    OnError, Spec, TokenKind,
};
use crate::expression::Wanted;
use crate::toml_reader::{Node, Shape, Table};

pub(super) const CLAIM: Shape = Shape {
    what: "a claim",
    keys: &["name", "token", "value", "scopes", "on_error", "status"],
    ..Shape::NONE
};

pub(super) const VALUE: Shape = Shape {
    what: "a claim's value",
    keys: &["attribute", "constant", "expression", "groups"],
    ..Shape::NONE
};

pub(super) const GROUPS: Shape = Shape {
    what: "a filter of groups",
    keys: &["starts_with", "equals", "contains", "regex"],
    ..Shape::NONE
};

pub(super) const ON_ERROR: [(&str, OnError); 2] =
    [("omit", OnError::Omit), ("refuse", OnError::Refuse)];

pub(super) const TOKENS: [(&str, TokenKind); 2] =
    [("access", TokenKind::Access), ("id", TokenKind::Id)];

/// Reads the claims of a server.
pub(super) fn read_all<'f>(
    server: Table<'f>,
    id: &str,
    scopes: &BadScopes<'f>,
    draft: &mut Draft<'f>,
) {
    let claims = server.tables("claim", "[[server.claim]]", &CLAIM);
    let is_of_id_tokens =
        |claim: &Table<'f>| claim.text_if_written("token").is_some_and(|token| token.text == "id");
    let of_access = claims.iter().filter(|claim| !is_of_id_tokens(claim));
    let of_access: HashSet<&str> =
        of_access.filter_map(|claim| Some(claim.text_if_written("name")?.text)).collect();
    for claim in claims {
        let name = draft.name(claim, "name");
        let is_beside = is_of_id_tokens(&claim) && of_access.contains(name.as_str());
        let parent = if is_beside { format!("{id}/id") } else { id.to_owned() };
        let key = EntityKey { kind: EntityKind::Claim, parent, name };
        draft.read(claim, key, || read(claim, scopes).map(Spec::Claim));
    }
}

fn read(claim: Table<'_>, bad: &BadScopes<'_>) -> Option<ClaimSpec> {
    let token = match claim.optional("token") {
        None => Some(TokenKind::Access),
        Some(token) => token.text().and_then(|token| token.one_of("token", &TOKENS)),
    };
    let value = claim.required("value").and_then(read_value);
    let value = read_on_error(claim, value);
    let scopes = claim.optional("scopes").and_then(Node::texts).unwrap_or_default();
    let scopes: Vec<_> = scopes.into_iter().map(|scope| bad.scope(scope)).collect();
    let scopes = scopes.into_iter().collect::<Option<_>>();
    let status = status::read(claim);
    Some(ClaimSpec { token: token?, value: value?, scopes: scopes?, status })
}

fn read_value(node: Node<'_>) -> Option<ClaimSource> {
    let value = node.table(&VALUE)?;
    let sources = ["attribute", "constant", "expression", "groups"].map(|key| value.optional(key));
    if sources.iter().flatten().count() != 1 {
        if value.has_unknown_key() {
            return None;
        }
        node.refuse(format_args!(
            "a claim has one value: write {{ attribute = \"user.NAME\" }}, {{ groups = {{ … }} }}, {{ constant = … }} or {{ expression = \"…\" }}"
        ));
        return None;
    }
    let [attribute, constant, expression, groups] = sources;
    match (attribute, expression, groups) {
        (Some(attribute), ..) => attribute.text()?.parse(ClaimSource::of_attribute),
        (_, Some(expression), _) => {
            let text = expression::read(expression.text()?, Wanted::Value)?;
            let on_error = OnError::default();
            Some(ClaimSource::Expression(ClaimExpression { text, on_error }))
        }
        (_, _, Some(groups)) => read_groups(groups),
        (None, None, None) => json::convert(constant?).map(ClaimSource::Constant),
    }
}

/// Reads what happens if an expression fails. Other values cannot fail.
fn read_on_error(claim: Table<'_>, value: Option<ClaimSource>) -> Option<ClaimSource> {
    let Some(node) = claim.optional("on_error") else { return value };
    let on_error = node.text()?.one_of("value of \"on_error\"", &ON_ERROR)?;
    match value? {
        ClaimSource::Expression(expression) => {
            Some(ClaimSource::Expression(ClaimExpression { on_error, ..expression }))
        }
        _ => {
            node.refuse(format_args!("\"on_error\" is for expressions: leave it out"));
            None
        }
    }
}

/// Reads which of a user's groups are in a claim.
fn read_groups(node: Node<'_>) -> Option<ClaimSource> {
    let table = node.table(&GROUPS)?;
    let mut filters = GROUPS.keys.iter().filter_map(|key| Some((*key, table.optional(key)?)));
    let (Some((key, value)), None) = (filters.next(), filters.next()) else {
        if table.has_unknown_key() {
            return None;
        }
        node.refuse(format_args!("groups are chosen in one way: write {{ starts_with = \"…\" }}"));
        return None;
    };
    let value = value.text()?;
    match GroupMatch::ALL.into_iter().find(|kind| kind.as_str() == key) {
        Some(kind) => Some(ClaimSource::Groups(GroupFilter { kind, value: value.text.to_owned() })),
        None => expression::read_pattern(value).map(ClaimSource::MatchingGroups),
    }
}
