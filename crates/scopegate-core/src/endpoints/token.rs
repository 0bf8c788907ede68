//! The token endpoint (RFC 6749 §3.2).
//!
//! 1. The client is authenticated (`call`).
//! 2. The grant decides on the subject of the token, and how its scopes are decided (`grants`).
//! 3. The policies decide on the scopes and the lifetime (`policy`).
//! 4. The tokens are drafted, amended and signed (`token`).
//! 5. All changes and the audit event are committed in one transaction. Only then are the tokens sent.

mod administrator;
mod response;

use std::time::Duration;

use scopegate_claims::{Audience, ScopeSet};

use crate::audit::{AuditEvent, Basis, ClientDecision, DecisionKind, HookRun, RefusedFacts};
use crate::authority::Authority;
use crate::call::{
    CallKind, ClientCall, ClientEndpoint, ClientRequest, Considered, Denied, Refused, selected,
};
use crate::catalog::Resource;
use crate::error::CallError;
use crate::expression::Root;
use crate::grants::{self, Decision, Grant, GrantRequest, Right, Signed, WithToken};
use crate::policy::{self, Evaluation, Facts, Granted, Wanted};
use crate::store::Change;
use crate::token::{self, Allowed, Amendments, Asking, Requested, Subject};

pub use administrator::VouchedRequest;
pub use response::TokenResponse;

/// The token endpoint.
struct TokenEndpoint {
    kind: CallKind,
    amendments: Amendments,
}

impl ClientEndpoint for TokenEndpoint {
    type Answer = TokenResponse;
    type Error = CallError;

    fn kind(&self) -> CallKind {
        self.kind
    }

    async fn answer(
        &mut self,
        authority: &Authority,
        call: &ClientCall<'_>,
    ) -> Result<TokenResponse, Denied> {
        authority.issue(call, &mut self.amendments, None).await
    }
}

impl Authority {
    /// Answers a token request.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the id of the decision if the client was authenticated.
    pub async fn token(&self, request: ClientRequest<'_>) -> Result<TokenResponse, Refused> {
        let endpoint =
            TokenEndpoint { kind: kind_of(&request)?, amendments: Amendments::default() };
        self.answer(request, endpoint).await
    }

    /// Decides a token request, signs the tokens and commits. `max_lifetime` limits the access token.
    async fn issue(
        &self,
        call: &ClientCall<'_>,
        amendments: &mut Amendments,
        max_lifetime: Option<Duration>,
    ) -> Result<TokenResponse, Denied> {
        let grant = grants::usable(call.kind.grant_type, &call.server, &call.client)?;
        let decision = grant.decide(&GrantRequest::new(self, call)).await?;
        let user = decision.subject.person().map(|person| person.user.id.clone());
        let issued = self.issue_to(call, decision, amendments, max_lifetime).await;
        issued.map_err(|denied| denied.about(user.as_ref()))
    }

    /// The rest, once the subject of the token is known.
    async fn issue_to(
        &self,
        call: &ClientCall<'_>,
        decision: Decision<'_>,
        amendments: &mut Amendments,
        max_lifetime: Option<Duration>,
    ) -> Result<TokenResponse, Denied> {
        let Decision { subject, right, mut extras, mut changes, once_signed } = decision;
        let (mut granted, audience, requested) = by_right(call, right, &subject)?;
        let resource = requested.resource.or(extras.requested.resource);
        extras.requested = Requested { resource, ..requested };
        granted.lifetime = max_lifetime.map_or(granted.lifetime, |max| granted.lifetime.min(max));

        let allowed = Allowed {
            server: &call.server,
            client: &call.client,
            subject: &subject,
            audience,
            granted: &granted,
            extras: &extras,
            now: call.now,
        };
        let asking = Asking {
            catalog: &call.catalog,
            grant_type: call.kind.grant_type.unwrap_or_default(),
            redirect_uri: call.form().value("redirect_uri"),
            decision: call.id,
            deadline: call.request.deadline,
            max_lifetime,
        };
        let amended = amendments.amend(token::draft(allowed)?, &self.hooks, &asking).await;
        let draft = amended.map_err(|error| {
            let hooks = amendments.runs().to_vec();
            let considered = Considered { facts: by_hooks(call, &subject), hooks };
            Denied { considered: Some(Box::new(considered)), ..error.into() }
        })?;
        narrow_families(&mut changes, &draft.scopes);
        let waits_for_storage =
            !(changes.is_empty() && once_signed.is_none() && call.proved.is_empty());
        let key = self.keys.signer_for(&call.server, draft.longest_lifetime()).await?;
        // The reserved place in the audit queue is held until it is used, so only signing may take time here.
        let place = if waits_for_storage { None } else { Some(self.audit.reserve()?) };
        let tokens = draft.sign(&*key).await?;

        let signed = Signed { id: &tokens.id, ends_at: tokens.ends_at, granted: &granted };
        let WithToken { changes: more, refresh_token } =
            once_signed.map_or_else(WithToken::default, |step| step.take(&signed));
        let event = granted_event(call, &granted, &subject, &tokens, amendments.runs());
        match place {
            Some(place) => place.take(event),
            None => {
                changes.extend(more);
                changes.extend_from_slice(&call.proved);
                changes.push(Change::Audit(event));
                self.write_any(&changes).await?;
            }
        }
        Ok(TokenResponse::new(tokens, refresh_token, extras.issued_token_type))
    }
}

/// The kind of the call. The request must name a grant type.
fn kind_of(request: &ClientRequest<'_>) -> Result<CallKind, CallError> {
    let missing = CallError::InvalidRequest("The parameter grant_type is missing.");
    let grant_type = request.presented.form.value("grant_type").ok_or(missing)?;
    // An unknown grant type is unchecked input, so it is not recorded.
    let grant_type = grants::grant(grant_type).map(Grant::grant_type);
    Ok(CallKind { grant_type, ..CallKind::new("token", DecisionKind::TokenGrant) })
}

/// The granted scopes and lifetime, the audience, and what expressions of claims read about the request.
fn by_right<'c>(
    call: &'c ClientCall<'_>,
    right: Right,
    subject: &Subject,
) -> Result<(Granted, &'c Audience, Requested), Denied> {
    let (server, form) = (&call.server, call.form());
    let request = |grant_type, scopes, resource: Option<&Resource<'_>>| Requested {
        grant_type,
        scopes,
        resource: resource.map(|resource| resource.as_written().to_owned()),
        address: call.request.address,
    };
    match right {
        Right::Decided { granted, audience } => {
            let resource = form.values("resource").map(Resource::new).next();
            // The scopes that were requested before the user consented are not stored.
            let grant_type = call.kind.grant_type.unwrap_or_default().into();
            let requested = request(grant_type, None, resource.as_ref());
            Ok((granted, selected(server, form, Some(&audience))?, requested))
        }
        Right::Policy { grant_type, at_most, audience, resources, until } => {
            let wanted =
                Wanted::parse(form.value("scope")).and_then(|it| it.within(at_most.as_ref()))?;
            let person = subject.person();
            let mut named = form.values("resource").map(Resource::new).collect::<Vec<_>>();
            if named.is_empty() {
                named.extend(resources.iter().map(|text| Resource::new(text)));
            }
            let facts = Facts {
                server,
                client: &call.client,
                client_auth: call.client.spec.auth,
                grant_type: &grant_type,
                user: person.map(|person| &person.user),
                authentication: person.and_then(|person| person.auth.as_ref()),
                resources: &named,
                address: call.request.address,
                now: call.now,
                wanted: &wanted,
            };
            let Evaluation { outcome, trace } = policy::evaluate(&facts);
            let mut granted = outcome.granted().map_err(|error| {
                let facts = Some(facts.recorded(Some(&trace)));
                let considered = Considered { facts, hooks: Vec::new() };
                Denied { considered: Some(Box::new(considered)), ..error.into() }
            })?;
            if let Some(until) = until {
                let most = until.since(call.now);
                granted.lifetime = granted.lifetime.min(most);
                granted.lifetime_cap = Some(granted.lifetime_cap.map_or(most, |cap| cap.min(most)));
            }
            let scopes =
                if server.claims_read(Root::Scopes) { facts.requested_scopes() } else { None };
            let requested = request(grant_type.clone(), scopes, named.first());
            Ok((granted, selected(server, form, audience.as_ref())?, requested))
        }
    }
}

/// What is recorded of a request that the policies allow and a hook refuses.
fn by_hooks(call: &ClientCall<'_>, subject: &Subject) -> Option<Box<RefusedFacts>> {
    let mut facts = call.refusing().basis.facts?;
    let person = subject.person();
    if let Some(person) = person {
        facts.groups.clone_from(&person.user.groups);
        facts.acr = person.auth.as_ref().map(|auth| auth.acr.clone());
        facts.auth_time = person.auth.as_ref().map(|auth| auth.at);
    }
    Some(Box::new(facts.cut()))
}

/// A refresh token gives no scope that a hook took away when the user signed in, even if the hook fails later and is
/// open.
fn narrow_families(changes: &mut [Change], scopes: &ScopeSet) {
    for change in changes {
        if let Change::OpenFamily(family) = change
            && !family.body.scopes.is_subset(scopes)
        {
            family.body.scopes = family.body.scopes.intersection(scopes);
        }
    }
}

fn granted_event(
    call: &ClientCall<'_>,
    granted: &Granted,
    subject: &Subject,
    tokens: &token::SignedTokens,
    hooks: &[HookRun],
) -> AuditEvent {
    let deciding = call.deciding();
    let decision = ClientDecision {
        scope: tokens.scopes.as_str().to_owned(),
        rule: Some(granted.rule.clone()),
        token_id: Some(tokens.id.as_str().to_owned()),
        user: subject.person().map(|person| person.user.id.as_str().to_owned()),
        family: token::TokenId::family_of(tokens.id.as_str()).map(String::from),
        basis: Basis {
            catalog: deciding.basis.catalog,
            lifetime: Some(tokens.lifetime),
            facts: None,
            hooks: hooks.to_vec(),
        },
        ..deciding.allowed()
    };
    deciding.event(decision)
}

#[cfg(test)]
mod tests;
