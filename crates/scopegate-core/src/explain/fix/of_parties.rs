//! Another client, server or user, or a change of one of them.

use scopegate_claims::ScopeSet;

use super::{Changes, Fix};
use crate::catalog::{
    AuthorizationServer, Client, ClientSpec, Clients, EntityKey, EntityKind, ServerId, Spec, Status,
};
use crate::explain::inquiry::Inquiry;
use crate::explain::refusal::Cause;
use crate::grants;
use crate::spelling::nearest;

/// The changes that may help against a refusal that is not by rules and not about scopes.
pub(super) fn of(inquiry: &Inquiry, cause: &Cause) -> Vec<Fix> {
    let fixes = match cause {
        Cause::UnknownServer => vec![other_server(inquiry)],
        Cause::UnknownClient => vec![other_client(inquiry)],
        Cause::ServerStatus => vec![active_server(inquiry)],
        Cause::ClientStatus => vec![active_client(inquiry)],
        Cause::ClientAuth => vec![registered_method(inquiry)],
        Cause::ClientGrant => vec![grant_of_client(inquiry, &inquiry.grant_type)],
        Cause::ClientFirstGrant(grant_type) => vec![grant_of_client(inquiry, grant_type)],
        Cause::Grant => vec![other_grant(inquiry)],
        Cause::UserStatus => vec![active_user(inquiry)],
        Cause::NotAssigned => assigned(inquiry),
        Cause::Consent(missing) => vec![Some(consented(inquiry, missing))],
        Cause::TrustedServer => vec![trusted(inquiry)],
        Cause::TrustedIssuer => presenting(inquiry),
        Cause::Target => other_target(inquiry),
        Cause::Claims
        | Cause::ClientSecret
        | Cause::ClientType
        | Cause::OutOfService
        | Cause::Policies(_)
        | Cause::Scope(_)
        | Cause::SignInScopes => Vec::new(),
    };
    fixes.into_iter().flatten().collect()
}

fn fix(says: String, changes: Changes, inquiry: Inquiry) -> Fix {
    Fix { says, changes, rule: None, inquiry }
}

fn server(inquiry: &Inquiry) -> Option<&AuthorizationServer> {
    let found = inquiry.catalog.server(&inquiry.server_id()?).ok()?;
    found.map(AsRef::as_ref)
}

fn client(inquiry: &Inquiry) -> Option<&Client> {
    inquiry.catalog.client(&inquiry.client).ok()?.map(AsRef::as_ref)
}

fn with_client(inquiry: &Inquiry, change: impl FnOnce(&mut ClientSpec)) -> Option<Inquiry> {
    let client = client(inquiry)?;
    let mut spec = client.spec.clone();
    change(&mut spec);
    Some(inquiry.with_entity(&EntityKey::client(&client.id), spec.into()))
}

fn other_server(inquiry: &Inquiry) -> Option<Fix> {
    let known = inquiry.catalog.servers().map(|server| server.id.as_str());
    let right = nearest(&inquiry.server, known)?.to_owned();
    let says = format!("ask the server `{right}`: there is no `{}`", inquiry.server);
    Some(fix(says, Changes::Request, Inquiry { server: right, ..inquiry.clone() }))
}

fn other_client(inquiry: &Inquiry) -> Option<Fix> {
    let known = inquiry.catalog.clients().map(|client| client.id.as_str());
    let right = nearest(&inquiry.client, known)?.to_owned();
    let says = format!("use the client `{right}`: there is no `{}`", inquiry.client);
    Some(fix(says, Changes::Request, Inquiry { client: right, ..inquiry.clone() }))
}

fn active_server(inquiry: &Inquiry) -> Option<Fix> {
    let server = server(inquiry)?;
    let spec = crate::catalog::ServerSpec { status: Status::Active, ..server.spec.clone() };
    let changed = inquiry.with_entity(&EntityKey::server(&server.id), Spec::Server(spec));
    Some(fix(format!("activate the server `{}`", inquiry.server), Changes::Catalog, changed))
}

fn active_client(inquiry: &Inquiry) -> Option<Fix> {
    let changed = with_client(inquiry, |spec| spec.status = Status::Active)?;
    let says = match client(inquiry)?.spec.is_on_hold() {
        true => format!("lift the hold: `scopegate clients enable {}`", inquiry.client),
        false => format!("activate the client `{}`", inquiry.client),
    };
    Some(fix(says, Changes::Catalog, changed))
}

fn registered_method(inquiry: &Inquiry) -> Option<Fix> {
    let registered = client(inquiry)?.spec.auth.as_str();
    let says = format!("authenticate the client with `{registered}`");
    Some(fix(says, Changes::Request, Inquiry { client_auth: None, ..inquiry.clone() }))
}

fn grant_of_client(inquiry: &Inquiry, grant_type: &str) -> Option<Fix> {
    let changed = with_client(inquiry, |spec| {
        spec.grant_types.insert(grant_type.to_owned());
    })?;
    let says = format!("give the client `{}` the grant type `{grant_type}`", inquiry.client);
    Some(fix(says, Changes::Catalog, changed))
}

fn other_grant(inquiry: &Inquiry) -> Option<Fix> {
    let known = grants::of(server(inquiry)?).map(grants::Grant::grant_type);
    let right = nearest(&inquiry.grant_type, known)?.to_owned();
    let says = format!("use the grant type `{right}`: there is no `{}`", inquiry.grant_type);
    Some(fix(says, Changes::Request, Inquiry { grant_type: right, ..inquiry.clone() }))
}

fn active_user(inquiry: &Inquiry) -> Option<Fix> {
    let changed = inquiry.with_user(|user| user.status = Status::Active);
    Some(fix(format!("activate the user {}", inquiry.login()), Changes::User, changed))
}

/// The user gets a group of the client, or the client is assigned to the user.
fn assigned(inquiry: &Inquiry) -> Vec<Option<Fix>> {
    let Some(client) = client(inquiry) else { return Vec::new() };
    let (login, id) = (inquiry.login(), &inquiry.client);
    let mut fixes: Vec<_> =
        client.spec.groups.iter().map(|group| Some(group_of(inquiry, group))).collect();
    let changed = with_client(inquiry, |spec| {
        spec.users.insert(crate::directory::User::exact_login_key(login));
    });
    fixes.push(changed.map(|changed| {
        fix(format!("add {login} to the users of the client `{id}`"), Changes::Catalog, changed)
    }));
    fixes
}

/// The user joins a group.
pub(super) fn group_of(inquiry: &Inquiry, group: &str) -> Fix {
    let changed = inquiry.with_user(|user| {
        user.groups.insert(group.to_owned());
    });
    fix(format!("add {} to the group `{group}`", inquiry.login()), Changes::User, changed)
}

fn consented(inquiry: &Inquiry, missing: &ScopeSet) -> Fix {
    let consented = inquiry.consented.union(missing);
    let says = format!("let {} consent to `{missing}` for this client", inquiry.login());
    fix(says, Changes::Request, Inquiry { consented, ..inquiry.clone() })
}

fn trusted(inquiry: &Inquiry) -> Option<Fix> {
    let server = server(inquiry)?;
    let other = ServerId::parse(inquiry.subject_server.as_deref()?).ok()?;
    inquiry.catalog.server(&other).ok()??;
    let says = format!("add `{other}` to the trusted_servers of the server `{}`", inquiry.server);
    let mut spec = server.spec.clone();
    spec.trusted_servers.insert(other);
    let key = EntityKey::server(&server.id);
    Some(fix(says, Changes::Catalog, inquiry.with_entity(&key, Spec::Server(spec))))
}

/// The client may present the assertions of a trusted issuer.
fn presenting(inquiry: &Inquiry) -> Vec<Option<Fix>> {
    let Some((server, client)) = server(inquiry).zip(client(inquiry)) else { return Vec::new() };
    let fixes = server.trusted_issuers.iter().map(|(name, issuer)| {
        let mut spec = issuer.spec.clone();
        let Clients::Named(clients) = &mut spec.clients else { return None };
        clients.insert(client.id.clone());
        let key = EntityKey::of_server(EntityKind::TrustedIssuer, &server.id, name);
        let says = format!("add the client `{}` to the trusted issuer `{name}`", client.id);
        Some(fix(
            says,
            Changes::Catalog,
            inquiry.with_entity(&key, Spec::TrustedIssuer(spec.into())),
        ))
    });
    fixes.collect()
}

fn other_target(inquiry: &Inquiry) -> Vec<Option<Fix>> {
    let fixes = inquiry.resources.iter().map(|resource| {
        let rest = inquiry.resources.iter().filter(|other| *other != resource);
        let changed = Inquiry { resources: rest.cloned().collect(), ..inquiry.clone() };
        Some(fix(format!("ask without the resource {resource}"), Changes::Request, changed))
    });
    fixes.collect()
}
