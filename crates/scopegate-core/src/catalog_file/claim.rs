//! `[[server.claim]]`: a custom claim and where its value comes from.

use super::reader::{Node, Table, Text};
use super::scope::named;
use super::seen::Seen;
use super::shape::Shape;
use super::{attribute, json};
use crate::catalog::{
    ClaimSource, ClaimSpec, Entity, EntityKey, EntityKind, GroupFilter, GroupMatch, Owner,
    ServerId, Spec, TokenKind, is_reserved,
};
use crate::spelling::Quoted;

const MAX_NAME: usize = 100;
const MAX_CLAIMS: usize = 100;

const CLAIM: Shape =
    Shape { what: "a claim", keys: &["name", "token", "value", "scopes"], ..Shape::NONE };

const VALUE: Shape = Shape {
    what: "a claim's value",
    keys: &["attribute", "constant", "expression", "groups"],
    ..Shape::NONE
};

const GROUPS: Shape = Shape {
    what: "a filter of groups",
    keys: &["starts_with", "equals", "contains"],
    ..Shape::NONE
};

const GROUP_MATCHES: [(&str, GroupMatch); 3] = [
    ("starts_with", GroupMatch::StartsWith),
    ("equals", GroupMatch::Equals),
    ("contains", GroupMatch::Contains),
];

/// Reads the claims of a server.
pub(super) fn read_all(server: Table<'_>, id: Option<&ServerId>, scopes: &Seen<'_>) -> Vec<Entity> {
    let claims = server.tables("claim", "[[server.claim]]", &CLAIM);
    if let Some(surplus) = claims.get(MAX_CLAIMS) {
        surplus.refuse(format_args!("too many claims: write at most {MAX_CLAIMS} for a server"));
    }
    let (mut of_access, mut of_id) = (Seen::default(), Seen::default());
    let read =
        claims.into_iter().filter_map(|claim| read(claim, scopes, &mut of_access, &mut of_id));
    let read: Vec<_> = read.collect();
    let Some(server) = id else { return Vec::new() };
    let entity = |(name, spec): (&str, ClaimSpec)| {
        let key = match spec.token {
            TokenKind::Id if of_access.contains(name) => EntityKey::id_claim_beside(server, name),
            TokenKind::Access | TokenKind::Id => {
                EntityKey::of_server(EntityKind::Claim, server, name)
            }
        };
        Entity { key, owner: Owner::File, spec: Spec::Claim(spec) }
    };
    read.into_iter().map(entity).collect()
}

/// Reads a claim. Each kind of token has a name once.
fn read<'f>(
    claim: Table<'f>,
    scopes: &Seen<'_>,
    of_access: &mut Seen<'f>,
    of_id: &mut Seen<'f>,
) -> Option<(&'f str, ClaimSpec)> {
    let token = match claim.optional("token") {
        None => Some(TokenKind::Access),
        Some(token) => token.text().and_then(read_token),
    };
    let name = claim.required_text("name").and_then(|name| {
        let names = if token == Some(TokenKind::Id) { of_id } else { of_access };
        names.once("claim", name);
        read_name(name, token?)
    });
    let value = claim.required("value").and_then(read_value);
    let mut once = Seen::default();
    let granted = claim.optional("scopes").and_then(Node::texts).unwrap_or_default();
    let granted = granted.into_iter().filter_map(|scope| named(scope, scopes, &mut once)).collect();
    Some((name?, ClaimSpec { token: token?, value: value?, scopes: granted }))
}

fn read_name(name: Text<'_>, token: TokenKind) -> Option<&str> {
    let text = name.label(MAX_NAME)?;
    if is_reserved(token, text) {
        let shown = Quoted(text);
        name.refuse(format_args!(
            "the claim {shown} is set by the server itself: write another name"
        ));
        return None;
    }
    Some(text)
}

fn read_token(token: Text<'_>) -> Option<TokenKind> {
    token.one_of("token", &[("access", TokenKind::Access), ("id", TokenKind::Id)])
}

fn read_value(node: Node<'_>) -> Option<ClaimSource> {
    let value = node.table(&VALUE)?;
    let sources = ["attribute", "constant", "expression", "groups"].map(|key| value.optional(key));
    if sources.iter().flatten().count() != 1 {
        node.refuse(format_args!(
            "a claim has one value: write {{ attribute = \"user.NAME\" }}, {{ groups = {{ … }} }} or {{ constant = … }}"
        ));
        return None;
    }
    let [attribute, constant, expression, groups] = sources;
    if let Some(expression) = expression {
        expression.refuse(format_args!(
            "\"expression\" is not supported yet: write attribute = \"user.NAME\", groups = {{ … }} or constant = …"
        ));
        return None;
    }
    match (attribute, groups, constant) {
        (Some(attribute), _, _) => read_attribute(attribute.text()?),
        (None, Some(groups), _) => read_groups(groups),
        (None, None, constant) => json::read(constant?, json::MAX_BYTES).map(ClaimSource::Constant),
    }
}

fn read_attribute(path: Text<'_>) -> Option<ClaimSource> {
    let shown = Quoted(path.text);
    if let Some(name) = path.text.strip_prefix("user.").filter(|name| attribute::is_name(name)) {
        return Some(ClaimSource::UserAttribute(name.to_owned()));
    }
    match path.text.strip_prefix("client.attributes.") {
        Some(name) if attribute::is_name(name) => {
            Some(ClaimSource::ClientAttribute(name.to_owned()))
        }
        _ => {
            path.refuse(format_args!(
                "unknown attribute {shown}: write \"user.NAME\" or \"client.attributes.NAME\""
            ));
            None
        }
    }
}

/// Reads which groups of a person a claim names.
fn read_groups(node: Node<'_>) -> Option<ClaimSource> {
    let table = node.table(&GROUPS)?;
    let mut filters = GROUP_MATCHES
        .iter()
        .filter_map(|(key, kind)| table.optional(key).map(|value| (*kind, value)));
    let (Some((kind, value)), None) = (filters.next(), filters.next()) else {
        node.refuse(format_args!("groups are chosen in one way: write {{ starts_with = \"…\" }}"));
        return None;
    };
    let value = value.text()?.label(MAX_NAME)?.to_owned();
    Some(ClaimSource::Groups(GroupFilter { kind, value }))
}
