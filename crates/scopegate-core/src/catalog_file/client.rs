//! `[[client]]`: a client, its credentials, and its rules for users.

use std::collections::{BTreeMap, BTreeSet};

use scopegate_claims::Audience;
use serde_json::Value;

use super::context::CatalogContext;
use super::draft::Draft;
use super::ids::{BadIds, read_set};
use super::{json, jwks, secret, status, users_and_groups};
use crate::catalog::{
    ClientAuth, ClientConsent, ClientId, ClientSpec, ClientType, EntityKey, EntityKind,
    RedirectUri, RefreshPolicy, RotationType,
};
use crate::spelling::{Instead, Quoted};
use crate::toml_reader::{Node, Shape, Table};

pub(super) const CLIENT: Shape = Shape {
    what: "a client",
    keys: &[
        "id",
        "name",
        "type",
        "auth",
        "secrets",
        "jwks",
        "jwks_uri",
        "grant_types",
        "attributes",
        "may_act",
        "status",
        "audiences",
        "consent_method",
        "groups",
        "origins",
        "pkce_required",
        "post_logout_redirect_uris",
        "redirect_uris",
        "refresh_token",
        "require_pushed_authorization_requests",
        "users",
    ],
    later: &[],
    instead: &[
        ("admin", "make admin clients with `scopegate clients create --admin`"),
        ("client_secret", secret::INSTEAD),
        ("secret", secret::INSTEAD),
    ],
};

pub(super) const TYPES: [(&str, ClientType); 4] = [
    ("service", ClientType::Service),
    ("web", ClientType::Web),
    ("native", ClientType::Native),
    ("browser", ClientType::Browser),
];

pub(super) const REFRESH: Shape =
    Shape { what: "refresh_token", keys: &["rotation_type", "leeway"], ..Shape::NONE };

pub(super) const ROTATION: [(&str, RotationType); 2] =
    [("ROTATE", RotationType::Rotate), ("STATIC", RotationType::Static)];

pub(super) const CONSENT: [(&str, ClientConsent); 2] =
    [("REQUIRED", ClientConsent::Required), ("TRUSTED", ClientConsent::Trusted)];

/// Authentication methods of the file format that are not supported yet.
const LATER_METHODS: [&str; 3] =
    ["client_secret_jwt", "self_signed_tls_client_auth", "tls_client_auth"];

/// Reads one client.
pub(super) fn read<'f>(
    client: Table<'f>,
    ids: &BadIds<'f>,
    context: &dyn CatalogContext,
    draft: &mut Draft<'f>,
) {
    let id = client.required_text("id").and_then(|id| id.parse(ClientId::parse));
    let name = id.map_or_else(|| draft.placeholder_name(), |id| id.to_string());
    let key = EntityKey { kind: EntityKind::Client, parent: String::new(), name };
    draft.read(client, key, || read_spec(client, ids, context));
}

fn read_spec(
    client: Table<'_>,
    ids: &BadIds<'_>,
    context: &dyn CatalogContext,
) -> Option<ClientSpec> {
    let name = client.required_text("name");
    let auth = client.required("auth").and_then(read_auth);
    let client_type = match client.optional("type") {
        None => Some(ClientType::Service),
        Some(node) => node.text()?.one_of("type", &TYPES),
    };
    let id = client.text_if_written("id").and_then(|id| ClientId::parse(id.text).ok());
    let secrets =
        client.optional("secrets").map(|node| secret::read_all(node, id.as_ref(), context));
    let jwks = jwks::read(client, "a client");
    let jwks_uri = jwks::read_uri(client);
    let boolean = |key| client.optional(key).and_then(Node::boolean);
    let consent = client.optional_text("consent_method");
    let may_act = client.optional_text("may_act").map(|id| ids.client(id));
    let (users, groups) = users_and_groups::read(client);
    let origins = client.optional("origins");
    let client_type = client_type?;
    Some(ClientSpec {
        name: name.map_or_else(|| "?".to_owned(), |name| name.text.to_owned()),
        client_type,
        auth: auth?,
        secrets: secrets.unwrap_or_else(|| Some(Vec::new()))?,
        jwks: jwks?,
        jwks_uri: jwks_uri?,
        grant_types: read_grant_types(client, client_type),
        redirect_uris: read_uris(client, "redirect_uris"),
        post_logout_redirect_uris: read_uris(client, "post_logout_redirect_uris"),
        origins: read_set(origins, "origin", |origin| Some(origin.text.to_owned())),
        pkce_required: boolean("pkce_required").unwrap_or(true),
        require_par: boolean("require_pushed_authorization_requests").unwrap_or(false),
        refresh_token: read_refresh(client, client_type),
        users,
        groups,
        audiences: read_audiences(client),
        may_act: may_act.map_or(Some(None), |id| id.map(Some))?,
        consent: consent
            .and_then(|name| name.one_of("consent_method", &CONSENT))
            .unwrap_or_default(),
        attributes: client.optional("attributes").and_then(read_attributes).unwrap_or_default(),
        status: status::read(client),
        ..ClientSpec::default()
    })
}

fn read_auth(node: Node<'_>) -> Option<ClientAuth> {
    let name = node.text()?;
    if LATER_METHODS.contains(&name.text) {
        let shown = Quoted(name.text);
        // Suggest all supported methods. The one with the most similar name may not be the right one.
        let known = ClientAuth::ALL.iter().map(|known| known.as_str());
        let instead = Instead { of: "", known };
        name.refuse(format_args!(
            "the authentication method {shown} is not supported yet: {instead}"
        ));
        return None;
    }
    let known: Vec<_> = ClientAuth::ALL.iter().map(|auth| (auth.as_str(), *auth)).collect();
    name.one_of("authentication method", &known)
}

/// Reads the grant types. The default of a confidential client is `client_credentials`.
fn read_grant_types(client: Table<'_>, client_type: ClientType) -> BTreeSet<String> {
    let names = client.optional("grant_types");
    let is_confidential = matches!(client_type, ClientType::Service | ClientType::Web);
    match names {
        None if is_confidential => BTreeSet::from(["client_credentials".to_owned()]),
        names => read_set(names, "grant type", |name| Some(name.text.to_owned())),
    }
}

fn read_uris(client: Table<'_>, key: &'static str) -> Vec<RedirectUri> {
    let uris = client.optional(key).and_then(Node::texts).unwrap_or_default();
    uris.into_iter().filter_map(|uri| uri.parse(RedirectUri::parse)).collect()
}

fn read_refresh(client: Table<'_>, client_type: ClientType) -> RefreshPolicy {
    let usual = RefreshPolicy::of(client_type);
    let Some(table) = client.optional("refresh_token").and_then(|node| node.table(&REFRESH)) else {
        return usual;
    };
    let rotation_type = table.optional_text("rotation_type");
    let rotation_type = rotation_type.and_then(|name| name.one_of("rotation_type", &ROTATION));
    let rotation_type = rotation_type.unwrap_or(usual.rotation_type);
    let leeway = match (table.optional("leeway"), rotation_type) {
        (None, RotationType::Rotate) => RefreshPolicy::DEFAULT_LEEWAY,
        (None, RotationType::Static) => 0,
        (Some(node), _) => {
            // A number above 255 is too large for a leeway in any case. The rules refuse `u8::MAX`.
            node.whole().map_or(0, |leeway| u8::try_from(leeway).unwrap_or(u8::MAX))
        }
    };
    RefreshPolicy { rotation_type, leeway }
}

/// Reads the audiences whose tokens a client may introspect.
fn read_audiences(client: Table<'_>) -> BTreeSet<Audience> {
    let names = client.optional("audiences").and_then(Node::texts).unwrap_or_default();
    names.into_iter().filter_map(|name| name.parse(Audience::parse)).collect()
}

fn read_attributes(node: Node<'_>) -> Option<BTreeMap<String, Value>> {
    let attributes =
        node.entries()?.map(|(name, value)| Some((name.text.to_owned(), json::convert(value)?)));
    let attributes: Vec<_> = attributes.collect();
    attributes.into_iter().collect()
}
