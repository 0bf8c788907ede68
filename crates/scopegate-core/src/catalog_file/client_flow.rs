//! What a client may do: its type, its grants, and how it gets tokens for persons.

use std::collections::BTreeSet;

use scopegate_claims::Audience;

use super::reader::{Node, Table, Text};
use super::shape::Shape;
use super::{redirect, supported};
use crate::catalog::{
    ClientAuth, ClientConsent, ClientSpec, ClientType, RefreshPolicy, RotationType,
};
use crate::spelling::{Instead, Quoted};

const TYPES: [(&str, ClientType); 4] = [
    ("service", ClientType::Service),
    ("web", ClientType::Web),
    ("native", ClientType::Native),
    ("browser", ClientType::Browser),
];

const REFRESH: Shape =
    Shape { what: "refresh_token", keys: &["rotation_type", "leeway"], ..Shape::NONE };

const ROTATION: [(&str, RotationType); 2] =
    [("ROTATE", RotationType::Rotate), ("STATIC", RotationType::Static)];

const CONSENT: [(&str, ClientConsent); 2] =
    [("REQUIRED", ClientConsent::Required), ("TRUSTED", ClientConsent::Trusted)];

/// Reads the type of a client.
pub(super) fn read_type(client: Table<'_>) -> Option<ClientType> {
    let Some(node) = client.optional("type") else { return Some(ClientType::Service) };
    node.text()?.one_of("type", &TYPES)
}

/// Reads the grant types; a service that names none asks for itself.
pub(super) fn read_grants(
    client: Table<'_>,
    client_type: Option<ClientType>,
) -> Option<BTreeSet<String>> {
    match client.optional("grant_types") {
        Some(node) => supported::read_grant_types(node),
        None if client_type.is_some_and(is_public) => {
            client.refuse_missing("grant_types", "a client for persons");
            None
        }
        None => Some(BTreeSet::from(["client_credentials".to_owned()])),
    }
}

/// Reads the rest into a spec whose name, type, method and grant types are there.
pub(super) fn read(
    client: Table<'_>,
    audiences: &BTreeSet<Audience>,
    spec: ClientSpec,
) -> ClientSpec {
    let client_type = Some(spec.client_type);
    let boolean = |key| client.optional(key).and_then(Node::boolean);
    let consent = client.optional_text("consent_method");
    let (users, groups) = super::people::read(client);
    let spec = ClientSpec {
        redirect_uris: redirect::read_uris(client, "redirect_uris", client_type),
        post_logout_redirect_uris: redirect::read_uris(
            client,
            "post_logout_redirect_uris",
            client_type,
        ),
        origins: redirect::read_origins(client),
        pkce_required: boolean("pkce_required").unwrap_or(true),
        require_par: boolean("require_pushed_authorization_requests").unwrap_or(false),
        refresh_token: read_refresh(client, spec.client_type),
        users,
        groups,
        audiences: read_audiences(client, audiences),
        consent: consent
            .and_then(|name| name.one_of("consent_method", &CONSENT))
            .unwrap_or_default(),
        ..spec
    };
    check(client, &spec);
    spec
}

fn read_refresh(client: Table<'_>, client_type: ClientType) -> RefreshPolicy {
    let usual = RefreshPolicy::of(client_type);
    let Some(table) = client.optional("refresh_token").and_then(|node| node.table(&REFRESH)) else {
        return usual;
    };
    let rotation_type = table.optional_text("rotation_type");
    let rotation_type = rotation_type.and_then(|name| read_rotation(name, client_type));
    let rotation_type = rotation_type.unwrap_or(usual.rotation_type);
    let leeway = match (table.optional("leeway"), rotation_type) {
        (None, RotationType::Rotate) => RefreshPolicy::DEFAULT_LEEWAY,
        (None, RotationType::Static) => 0,
        (Some(node), _) => read_leeway(node).unwrap_or_default(),
    };
    RefreshPolicy { rotation_type, leeway }
}

/// RFC 9700 §2.2.2: who shows a public client's token proves nothing, so each serves once.
fn read_rotation(name: Text<'_>, client_type: ClientType) -> Option<RotationType> {
    let rotation_type = name.one_of("rotation_type", &ROTATION)?;
    if is_public(client_type) && rotation_type == RotationType::Static {
        name.refuse(format_args!(
            "a client without a secret changes its refresh tokens at each use: write \"ROTATE\""
        ));
    }
    Some(rotation_type)
}

fn read_leeway(node: Node<'_>) -> Option<u8> {
    let most = RefreshPolicy::MAX_LEEWAY;
    let leeway = node.whole()?;
    let leeway = u8::try_from(leeway).ok().filter(|leeway| *leeway <= most);
    if leeway.is_none() {
        node.refuse(format_args!("a leeway is in seconds: write 0 to {most}"));
    }
    leeway
}

/// Reads the audiences whose tokens a client may look into: those of the servers of the file.
fn read_audiences(client: Table<'_>, known: &BTreeSet<Audience>) -> BTreeSet<Audience> {
    let names = client.optional("audiences").and_then(Node::texts).unwrap_or_default();
    let names = names.into_iter().filter_map(|name| {
        let found = known.iter().find(|audience| audience.as_str() == name.text);
        if found.is_none() {
            let instead = Instead { of: name.text, known: known.iter().map(Audience::as_str) };
            name.refuse(format_args!("unknown audience {}: {instead}", Quoted(name.text)));
        }
        found.cloned()
    });
    names.collect()
}

/// Refuses what does not go together.
fn check(client: Table<'_>, spec: &ClientSpec) {
    let has = |grant: &str| spec.grant_types.contains(grant);
    let refuse = |key: &'static str, message: &str| match client.optional(key) {
        Some(node) => node.refuse(format_args!("{message}")),
        None => client.refuse(format_args!("{message}")),
    };
    match (is_public(spec.client_type), spec.auth == ClientAuth::None) {
        (true, false) => refuse("auth", "this type of client cannot keep a secret: write \"none\""),
        (false, true) => refuse(
            "auth",
            "a client that proves nothing is public: write type = \"browser\" or \"native\", or another method",
        ),
        (_, _) => {}
    }
    if spec.client_type == ClientType::Service && with_person(&spec.grant_types) {
        refuse("grant_types", "a service runs without persons: write type = \"web\"");
    }
    if is_public(spec.client_type) && WITHOUT_ASKING.into_iter().any(has) {
        refuse(
            "grant_types",
            "a client without a secret has to have the person sign in: leave out what needs none",
        );
    }
    if has("authorization_code") && spec.redirect_uris.is_empty() {
        client.refuse_missing("redirect_uris", "authorization_code");
    }
    if has("refresh_token") && !["authorization_code", DEVICE].into_iter().any(has) {
        refuse(
            "grant_types",
            "nothing gives this client its first refresh token: add \"authorization_code\"",
        );
    }
    if !spec.pkce_required && spec.client_type != ClientType::Web {
        refuse("pkce_required", "only a web client can do without PKCE: leave it out");
    }
    if !spec.origins.is_empty()
        && matches!(spec.client_type, ClientType::Native | ClientType::Service)
    {
        refuse("origins", "only browser and web clients have scripts in browsers: leave it out");
    }
}

/// What proves who a person is does not prove that the client is the one it was meant for.
const WITHOUT_ASKING: [&str; 2] = [
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
];

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn with_person(grant_types: &BTreeSet<String>) -> bool {
    grant_types
        .iter()
        .any(|grant| matches!(grant.as_str(), "authorization_code" | "refresh_token" | DEVICE))
}

fn is_public(client_type: ClientType) -> bool {
    matches!(client_type, ClientType::Browser | ClientType::Native)
}
