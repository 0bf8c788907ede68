//! Decides an inquiry as the endpoints decide a request, without signing and without writing.

use std::sync::Arc;

use scopegate_claims::{Audience, Scope, ScopeSet};

use super::inquiry::Inquiry;
use super::refusal::{Cause, Refusal};
use crate::call::selected;
use crate::catalog::{AuthorizationServer, Client, ClientType, Consent, Resource, ServerId};
use crate::directory::Person;
use crate::endpoints::authorize::consent::{ConsentFor, needed};
use crate::error::CallError;
use crate::form::Form;
use crate::grants::without_user::{check_no_sign_in, needing_consent};
use crate::grants::{self, Grant, client_credentials, jwt_bearer, token_exchange};
use crate::people::assignment;
use crate::policy::{self, Facts, Granted, Malformed, Outcome, Wanted};
use crate::token::{self, Allowed, Extras, IdTokenWish, Requested, Subject};

/// What an inquiry would give.
pub(super) struct Allowance {
    pub(super) parties: Parties,
    pub(super) subject: Subject,
    pub(super) granted: Granted,
    pub(super) audience: Audience,
    pub(super) extras: Extras,
    /// The scopes to which the user must consent first.
    pub(super) consent_to: ScopeSet,
}

/// Who takes part in a request.
pub(super) struct Parties {
    pub(super) server: Arc<AuthorizationServer>,
    pub(super) client: Arc<Client>,
    pub(super) grant: &'static dyn Grant,
    /// The grant type that a rule must list.
    pub(super) rules_grant: String,
}

/// Decides an inquiry.
pub(super) fn decide(inquiry: &Inquiry) -> Result<Allowance, Box<Refusal>> {
    let parties = parties(inquiry)?;
    let wanted = match parties.grant.needs_user() {
        // The parameters of an authorization request are checked before the user is known.
        true => {
            let wanted = wanted(inquiry, &parties)?;
            audience(inquiry, &parties.server)?;
            check_user(inquiry, &parties)?;
            wanted
        }
        false => {
            check_user(inquiry, &parties)?;
            wanted(inquiry, &parties)?
        }
    };
    let (outcome, requested) = with_facts(inquiry, &parties, &wanted, |facts| {
        (policy::evaluate(facts).outcome, requested(facts, parties.grant))
    });
    let granted = match outcome {
        Outcome::Allow(granted) => granted,
        Outcome::Malformed(malformed) => {
            let mut refusal = malformed_scope(inquiry, &parties, malformed);
            refusal.cause = Cause::Policies(Outcome::Malformed(malformed));
            return Err(refusal);
        }
        refused => {
            let error = match &refused {
                Outcome::Deny { rule } => CallError::DeniedByRule(rule.clone()),
                _ => CallError::NoMatchingRule,
            };
            return Err(Refusal::new(Cause::Policies(refused), error, "", ""));
        }
    };
    let audience = audience(inquiry, &parties.server)?;
    let allowance = allowance(inquiry, parties, requested, granted, audience);
    match token::draft(allowance.allowed(inquiry)) {
        Ok(_) => Ok(allowance),
        Err(error) => {
            let text = error.to_string();
            Err(Refusal::new(Cause::Claims, error, "claims that can be written", text))
        }
    }
}

impl Allowance {
    /// The input of the draft of the tokens.
    pub(super) fn allowed(&self, inquiry: &Inquiry) -> Allowed<'_> {
        Allowed {
            server: &self.parties.server,
            client: &self.parties.client,
            subject: &self.subject,
            audience: &self.audience,
            granted: &self.granted,
            extras: &self.extras,
            now: inquiry.now,
        }
    }

    /// Tells whether a refresh token is issued, too.
    pub(super) fn has_refresh_token(&self) -> bool {
        let grant = self.parties.grant;
        let begins = grant.starts_family()
            && self.parties.client.spec.may_refresh()
            && self.granted.scopes.contains("offline_access");
        begins || grant.continues_family()
    }
}

/// What expressions of claims read about the request.
fn requested(facts: &Facts<'_>, grant: &dyn Grant) -> Requested {
    // The scopes that were requested before a user consented are not stored with a code.
    let scopes = if grant.needs_user() { None } else { facts.requested_scopes() };
    Requested {
        grant_type: facts.grant_type.to_owned().into(),
        scopes,
        resource: facts.resources.first().map(|resource| resource.as_written().to_owned()),
        address: facts.address,
    }
}

fn allowance(
    inquiry: &Inquiry,
    parties: Parties,
    requested: Requested,
    granted: Granted,
    audience: Audience,
) -> Allowance {
    let subject = match &inquiry.user {
        None => Subject::Client,
        Some(user) => {
            let auth = inquiry.authentication.clone();
            Subject::Person(Box::new(Person { user: user.as_ref().clone(), auth }))
        }
    };
    let (server, client, grant) = (&parties.server, &parties.client, parties.grant);
    let has_id_token = grant.needs_user() || grant.continues_family();
    let consent_to = match grant.needs_user() {
        true => needed(server, client, &granted.scopes, ConsentFor::RequiredScopes)
            .difference(&inquiry.consented),
        false => ScopeSet::empty(),
    };
    let id_token = has_id_token.then(IdTokenWish::default);
    let extras = Extras { id_token, requested, ..Extras::default() };
    Allowance { parties, subject, granted, audience, extras, consent_to }
}

/// Finds who takes part, and checks that they may.
pub(super) fn parties(inquiry: &Inquiry) -> Result<Parties, Box<Refusal>> {
    let server = Arc::clone(server(inquiry)?);
    let client = Arc::clone(client(inquiry)?);
    let grant = grant(inquiry, &server, &client)?;
    let rules_grant = rules_grant(inquiry, grant, &client)?;
    if grant.grant_type() == client_credentials::GRANT_TYPE {
        client_credentials::check_type(&client).map_err(|error| {
            let found = match client.spec.client_type {
                ClientType::Browser => "browser",
                ClientType::Native => "native",
                ClientType::Service => "service",
                ClientType::Web => "web",
            };
            Refusal::new(
                Cause::ClientType,
                error,
                "a client that keeps a secret: service, web",
                found,
            )
        })?;
    }
    Ok(Parties { server, client, grant, rules_grant })
}

fn server(inquiry: &Inquiry) -> Result<&Arc<AuthorizationServer>, Box<Refusal>> {
    let id = &inquiry.server;
    let found = match inquiry.server_id() {
        Some(id) => inquiry.catalog.server(&id).map_err(|row| {
            Refusal::new(Cause::OutOfService, row.clone().into(), "a readable row", row.to_string())
        })?,
        None => None,
    };
    let unknown = || CallError::UnknownServer;
    let server = found.ok_or_else(|| {
        Refusal::new(Cause::UnknownServer, unknown(), "a server of the catalog", id)
    })?;
    match server.spec.status.is_active() {
        true => Ok(server),
        false => Err(Refusal::new(Cause::ServerStatus, unknown(), "ACTIVE", "INACTIVE")),
    }
}

fn client(inquiry: &Inquiry) -> Result<&Arc<Client>, Box<Refusal>> {
    let found = inquiry.catalog.client(&inquiry.client).map_err(|row| {
        Refusal::new(Cause::OutOfService, row.clone().into(), "a readable row", row.to_string())
    })?;
    let client = found.ok_or_else(|| {
        let error = CallError::InvalidClient("unknown client");
        Refusal::new(Cause::UnknownClient, error, "a client of the catalog", &inquiry.client)
    })?;
    let registered = client.spec.auth.as_str();
    if let Some(used) = inquiry.client_auth.as_deref().filter(|used| *used != registered) {
        let error =
            CallError::InvalidClient("the client is registered for another authentication method");
        return Err(Refusal::new(Cause::ClientAuth, error, registered, used));
    }
    if !client.spec.status.is_active() {
        let error = CallError::InvalidClient("the client is inactive");
        let found = if client.spec.is_on_hold() { "INACTIVE, on hold" } else { "INACTIVE" };
        return Err(Refusal::new(Cause::ClientStatus, error, "ACTIVE", found));
    }
    Ok(client)
}

fn grant(
    inquiry: &Inquiry,
    server: &AuthorizationServer,
    client: &Client,
) -> Result<&'static dyn Grant, Box<Refusal>> {
    let name = inquiry.grant_type.as_str();
    grants::usable(Some(name), server, client).map_err(|error| match error {
        CallError::UnauthorizedClient if client.spec.grant_types.contains(name) => {
            let wanted = "a client that authenticates";
            Refusal::new(Cause::ClientSecret, error, wanted, client.spec.auth.as_str())
        }
        CallError::UnauthorizedClient => {
            let own = list(client.spec.grant_types.iter().map(String::as_str));
            Refusal::new(Cause::ClientGrant, error, name, own)
        }
        error => {
            let served = list(grants::of(server).map(Grant::grant_type));
            Refusal::new(Cause::Grant, error, served, name)
        }
    })
}

/// The grant type that a rule must list. For a refresh it is the one that began the family, which the client
/// must still be allowed to use.
fn rules_grant(
    inquiry: &Inquiry,
    grant: &'static dyn Grant,
    client: &Client,
) -> Result<String, Box<Refusal>> {
    if !grant.continues_family() {
        return Ok(grant.grant_type().to_owned());
    }
    let begins: Vec<_> = grants::GRANTS.iter().filter(|grant| grant.starts_family()).collect();
    let own = &client.spec.grant_types;
    let first = match &inquiry.rules_grant {
        Some(first) => Some(first.as_str()),
        None => begins.iter().map(|grant| grant.grant_type()).find(|name| own.contains(*name)),
    };
    if let Some(first) = first.filter(|first| own.contains(*first)) {
        return Ok(first.to_owned());
    }
    let missing = first.or_else(|| begins.first().map(|grant| grant.grant_type()));
    let (cause, error) = (missing.unwrap_or_default(), CallError::UnauthorizedClient);
    let wanted = list(begins.iter().map(|grant| grant.grant_type()));
    let own = list(own.iter().map(String::as_str));
    Err(Refusal::new(Cause::ClientFirstGrant(cause.to_owned()), error, wanted, own))
}

/// Checks the user, and the issuer that vouches for them.
fn check_user(inquiry: &Inquiry, parties: &Parties) -> Result<(), Box<Refusal>> {
    let Parties { server, client, grant, .. } = parties;
    if grant.grant_type() == token_exchange::GRANT_TYPE
        && let Some(other) =
            inquiry.subject_server.as_ref().filter(|other| **other != inquiry.server)
        && !ServerId::try_from(other.clone()).is_ok_and(|id| token_exchange::trusts(server, &id))
    {
        let trusted = list(server.spec.trusted_servers.iter().map(ServerId::as_str));
        let error = CallError::UntrustedServer;
        return Err(Refusal::new(Cause::TrustedServer, error, trusted, other));
    }
    if grant.grant_type() == jwt_bearer::GRANT_TYPE
        && !server.trusted_issuers.values().any(|issuer| jwt_bearer::may_present(client, issuer))
    {
        let error = CallError::InvalidGrant("the assertion's issuer is not trusted");
        let wanted = "an issuer whose assertions the client may present";
        return Err(Refusal::new(Cause::TrustedIssuer, error, wanted, "none"));
    }
    let Some(user) = &inquiry.user else { return Ok(()) };
    if !user.status.is_active() {
        let error = CallError::InvalidGrant("the user is not active");
        return Err(Refusal::new(Cause::UserStatus, error, "ACTIVE", "INACTIVE"));
    }
    assignment::check(client, user).map_err(|error| {
        let logins = client.spec.users.iter().map(|login| format!("user {login}"));
        let groups = client.spec.groups.iter().map(|group| format!("group {group}"));
        let wanted = list(groups.chain(logins));
        let found = format!("{}, groups: {}", user.login, list(user.groups.iter()));
        Refusal::new(Cause::NotAssigned, error, wanted, found)
    })
}

/// The requested scopes, as the grant reads them.
pub(super) fn wanted(inquiry: &Inquiry, parties: &Parties) -> Result<Wanted, Box<Refusal>> {
    let Parties { server, client, grant, .. } = parties;
    let scope = inquiry.scope.as_deref();
    let malformed = |malformed| malformed_scope(inquiry, parties, malformed);
    if grant.needs_user() {
        return Wanted::of_user(server, scope).map_err(malformed);
    }
    let named = Wanted::parse(scope).map_err(malformed)?;
    let mut at_most = inquiry.at_most.clone();
    if grant.is_about_user() && !grant.continues_family() {
        check_no_sign_in(&named).map_err(|error| {
            let wanted = "scopes that need no sign-in";
            Refusal::new(Cause::SignInScopes, error, wanted, "openid or offline_access")
        })?;
        if inquiry.user.is_some() {
            let needed = needing_consent(server, client, &named, at_most.as_ref());
            let missing = needed.difference(&inquiry.consented);
            at_most = match (&named, at_most) {
                (_, at_most) if missing.is_empty() => at_most,
                (Wanted::AtMost(_) | Wanted::Default, Some(most)) => {
                    Some(most.difference(&missing))
                }
                (_, _) => {
                    let wanted = format!("consent of {} to {missing}", inquiry.login());
                    let found = match inquiry.consented.is_empty() {
                        true => "no consent".to_owned(),
                        false => format!("consent to {}", inquiry.consented),
                    };
                    let error = CallError::ConsentRequired;
                    return Err(Refusal::new(Cause::Consent(missing), error, wanted, found));
                }
            };
        }
    }
    named.within(at_most.as_ref()).map_err(malformed)
}

fn malformed_scope(inquiry: &Inquiry, parties: &Parties, malformed: Malformed) -> Box<Refusal> {
    let own = list(parties.server.scopes.keys().map(Scope::as_str));
    let (wanted, found) = match malformed {
        Malformed::ConsentRequired => {
            let named = inquiry.named_scopes();
            let asked = if named.is_empty() { &parties.server.default_scopes } else { &named };
            let needs = asked.iter().filter(|name| needs_consent(&parties.server, name));
            ("scopes that need no consent".to_owned(), list(needs))
        }
        Malformed::OfflineAccessAlone => {
            ("openid, or a scope of an API".to_owned(), "offline_access".to_owned())
        }
        Malformed::Scope(_) => {
            (own, inquiry.scope.clone().unwrap_or_else(|| "no scope, and no defaults".to_owned()))
        }
    };
    Refusal::new(Cause::Scope(malformed), malformed.into(), wanted, found)
}

fn needs_consent(server: &AuthorizationServer, name: &str) -> bool {
    let spec = Scope::parse(name).ok().and_then(|scope| server.scopes.get(&scope));
    spec.is_some_and(|spec| spec.consent == Consent::Required)
}

fn audience(inquiry: &Inquiry, server: &AuthorizationServer) -> Result<Audience, Box<Refusal>> {
    let resources = inquiry.resources.iter().map(|resource| ("resource", resource.as_str()));
    let selected = match Form::collect(resources) {
        Ok(form) => selected(server, &form, None).cloned(),
        Err(problem) => Err(problem.into()),
    };
    selected.map_err(|error| {
        let own = server.spec.audiences.iter().flat_map(|audience| {
            let resources = audience.resources.iter().map(ToString::to_string);
            resources.chain([audience.name.to_string()])
        });
        Refusal::new(Cause::Target, error, list(own), list(inquiry.resources.iter()))
    })
}

/// Calls a function with the facts of an inquiry.
pub(super) fn with_facts<T>(
    inquiry: &Inquiry,
    parties: &Parties,
    wanted: &Wanted,
    then: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    let resources: Vec<_> = inquiry.resources.iter().map(|text| Resource::new(text)).collect();
    then(&Facts {
        server: &parties.server,
        client: &parties.client,
        client_auth: parties.client.spec.auth,
        grant_type: &parties.rules_grant,
        user: inquiry.user.as_deref(),
        authentication: inquiry.authentication.as_ref(),
        resources: &resources,
        address: inquiry.address,
        now: inquiry.now,
        wanted,
    })
}

/// Names, separated by commas. `none` if there are none.
pub(super) fn list<T: AsRef<str>>(names: impl Iterator<Item = T>) -> String {
    const MAX_LISTED: usize = 12;
    let names: Vec<_> = names.collect();
    let listed: Vec<&str> = names.iter().take(MAX_LISTED).map(AsRef::as_ref).collect();
    match names.len() {
        0 => "none".to_owned(),
        length if length <= MAX_LISTED => listed.join(", "),
        length => format!("{}, … ({} more)", listed.join(", "), length - MAX_LISTED),
    }
}
