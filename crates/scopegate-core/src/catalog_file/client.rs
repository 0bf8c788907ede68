//! `[[client]]`: a client and its credentials.

use std::collections::BTreeSet;

use scopegate_claims::Audience;

use super::reader::{Table, Text};
use super::seen::Seen;
use super::server::{MAX_NAME, read_status};
use super::shape::Shape;
use super::{CatalogContext, attribute, client_flow, jwks, secret, supported};
use crate::catalog::audience_names::is_issuer;
use crate::catalog::{ClientAuth, ClientId, ClientSpec, Entity, EntityKey, Owner, Spec};
use crate::spelling::{Instead, Quoted};

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

/// The clients that policies may name.
pub(super) struct ClientNames<'f> {
    in_file: Seen<'f>,
    context: &'f dyn CatalogContext,
}

impl<'f> ClientNames<'f> {
    /// Collects the ids of the file's clients.
    pub(super) fn of(clients: &[Table<'f>], context: &'f dyn CatalogContext) -> Self {
        let mut in_file = Seen::default();
        for id in clients.iter().filter_map(|client| client.required_text("id")) {
            in_file.once("client", id);
        }
        Self { in_file, context }
    }

    /// Tells whether there is such a client, in the file or elsewhere.
    pub(super) fn contains(&self, id: &str) -> bool {
        self.in_file.contains(id)
            || ClientId::parse(id).is_ok_and(|id| self.context.has_client(&id))
    }

    /// A client that is named, if there is such a one.
    pub(super) fn known(&self, id: Text<'_>) -> Option<ClientId> {
        if !self.contains(id.text) {
            let instead = Instead { of: id.text, known: self.names() };
            id.refuse(format_args!("unknown client {}: {instead}", Quoted(id.text)));
        }
        ClientId::parse(id.text).ok()
    }

    /// The ids of the file's clients.
    pub(super) fn names(&self) -> impl Iterator<Item = &'f str> + Clone + '_ {
        self.in_file.names()
    }

    /// What the file is read against.
    pub(super) fn context(&self) -> &'f dyn CatalogContext {
        self.context
    }
}

/// Reads one client. That it has an id was seen to when the ids were collected.
pub(super) fn read(
    client: Table<'_>,
    names: &ClientNames<'_>,
    audiences: &BTreeSet<Audience>,
) -> Option<Entity> {
    let context = names.context();
    let id = client.text_again("id").and_then(|id| read_id(id, context));
    let name = client.required_text("name").and_then(|name| name.label(MAX_NAME));
    let auth = client.required_text("auth").and_then(supported::read_auth);
    let client_type = client_flow::read_type(client);
    let grant_types = client_flow::read_grants(client, client_type);
    let secrets = client.optional("secrets").map(|node| secret::read_all(node, context));
    let jwks = client.optional("jwks").map(|node| jwks::read(node, "a client"));
    let jwks_uri = client.optional("jwks_uri").map(|node| jwks::read_uri(node, context));
    if let Some(auth) = auth {
        check_credentials(client, auth);
    }
    check_basic(client, id.as_ref(), auth);
    let spec = ClientSpec {
        name: name?.to_owned(),
        client_type: client_type?,
        auth: auth?,
        secrets: secrets.unwrap_or_else(|| Some(Vec::new()))?,
        jwks: jwks.unwrap_or_else(|| Some(Vec::new()))?,
        jwks_uri: jwks_uri.map_or(Some(None), |url| url.map(Some))?,
        grant_types: grant_types?,
        attributes: client.optional("attributes").and_then(attribute::read).unwrap_or_default(),
        may_act: client.optional_text("may_act").and_then(|id| names.known(id)),
        status: read_status(client),
        ..ClientSpec::default()
    };
    let spec = client_flow::read(client, audiences, spec);
    let key = EntityKey::client(&id?);
    Some(Entity { key, owner: Owner::File, spec: Spec::Client(Box::new(spec)) })
}

/// The rule of `audience_names`, told with the place in the file.
fn read_id(id: Text<'_>, context: &dyn CatalogContext) -> Option<ClientId> {
    if context.issuer_base().is_some_and(|base| is_issuer(id.text, base)) {
        id.refuse(format_args!("the client id {} is an issuer: write another id", Quoted(id.text)));
        return None;
    }
    id.parse(ClientId::parse)
}

/// HTTP Basic ends an id at its first colon (RFC 7617 §2).
fn check_basic(client: Table<'_>, id: Option<&ClientId>, auth: Option<ClientAuth>) {
    if auth == Some(ClientAuth::ClientSecretBasic) && id.is_some_and(|id| !id.fits_basic()) {
        let Some(node) = client.optional("auth") else { return };
        node.refuse(format_args!(
            "client_secret_basic cannot carry a client id with a colon: write \
             \"client_secret_post\", \"private_key_jwt\" or \"none\""
        ));
    }
}

/// A client has the credentials of its method, and no others: nobody would know what they are for.
fn check_credentials(client: Table<'_>, auth: ClientAuth) {
    let method = auth.as_str();
    let useless: &[&str] = match auth {
        ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost => {
            match client.optional("secrets") {
                None => client.refuse_missing("secrets", method),
                Some(node) if node.is_empty_list() => {
                    node.refuse(format_args!("\"secrets\" is empty: {method} needs one or two"));
                }
                Some(_) => {}
            }
            &["jwks", "jwks_uri"]
        }
        ClientAuth::PrivateKeyJwt => {
            jwks::check_one_place(client, method);
            &["secrets"]
        }
        ClientAuth::None => &["jwks", "jwks_uri", "secrets"],
    };
    for key in useless {
        if let Some(node) = client.optional(key).filter(|node| !node.is_empty_list()) {
            node.refuse(format_args!("{key:?} does not go with {method}: leave it out"));
        }
    }
}
