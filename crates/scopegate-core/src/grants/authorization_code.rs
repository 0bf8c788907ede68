//! `authorization_code`: the client redeems the code that a user's browser brought (RFC 6749 §4.1.3).
//!
//! A code can be redeemed once. If it is presented again with the right redirect URI and code verifier, the
//! tokens of the first exchange are revoked: one of the two requests came from a thief (RFC 6749 §4.1.2). A
//! request that lacks either is refused and revokes nothing, so that a leaked code alone cannot end a family.

use async_trait::async_trait;
use scopegate_jose::sha256;

use super::agreed::{self, Agreed};
use super::code::{Binding, CodeBody, CodeState, Issued, UsedCode};
use super::{Decision, Grant, GrantRequest, code_verifier};
use crate::call::Denied;
use crate::catalog::UserId;
use crate::directory::User;
use crate::error::CallError;
use crate::form::Form;
use crate::people::session::is_secret;
use crate::store::{Artifact, ArtifactKind, ArtifactName, Change, StoreError};

/// The grant.
#[derive(Debug)]
pub(super) struct AuthorizationCode;

/// The value of `grant_type`.
pub(crate) const GRANT_TYPE: &str = "authorization_code";

#[async_trait]
impl Grant for AuthorizationCode {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn needs_user(&self) -> bool {
        true
    }

    fn starts_family(&self) -> bool {
        true
    }

    fn needs_redirect_uri(&self) -> bool {
        true
    }

    async fn decide<'a>(&self, request: &GrantRequest<'a>) -> Result<Decision<'a>, Denied> {
        let code = request.form.value("code");
        let code = code.ok_or(CallError::InvalidRequest("The parameter code is missing."))?;
        let Some(Found { artifact, body, user }) = find(request, code).await? else {
            let unknown = "there is no such code";
            let bindings = possible_bindings(request.form);
            return Err(agreed::forgotten(request, GRANT_TYPE, code, &bindings, unknown).await?);
        };
        let user_of_code = body.state.user().clone();
        let decided = match body.state {
            CodeState::Issued(_) if request.now >= artifact.expires_at => {
                Err(invalid("the code has expired").into())
            }
            CodeState::Issued(issued) => redeem(request, code, &artifact, *issued, user),
            CodeState::Used { user, used, binding } => {
                Err(used_before(request, &used, binding.as_ref(), &user))
            }
        };
        decided.map_err(|denied| denied.about(&user_of_code))
    }
}

fn invalid(reason: &'static str) -> CallError {
    CallError::InvalidGrant(reason)
}

/// Refuses a request without the redirect URI or the code verifier to which the code is bound.
fn check(binding: &Binding, form: &Form) -> Result<(), CallError> {
    let redirect_uri = form.value("redirect_uri");
    if binding.redirect_uri.as_deref().is_some_and(|sent_to| redirect_uri != Some(sent_to)) {
        return Err(invalid("the code was sent to another redirect URI"));
    }
    code_verifier::check(binding.challenge.as_deref(), form.value("code_verifier"))
}

/// The bindings that a code may have, given the parameters of this request. A code is bound to a redirect URI
/// only if its authorization request named one, which is not known here.
fn possible_bindings(form: &Form) -> Vec<Binding> {
    let challenge = form.value("code_verifier").map(code_verifier::challenge_of);
    let named = form.value("redirect_uri").map(|named| Some(named.to_owned()));
    let redirect_uris = named.into_iter().chain([None]);
    redirect_uris
        .map(|redirect_uri| Binding { redirect_uri, challenge: challenge.clone() })
        .collect()
}

/// The result of the lookup of a code.
struct Found {
    artifact: Artifact,
    body: CodeBody,
    /// The user, if they still exist.
    user: Option<User>,
}

/// The row of a code, which must belong to this client and this server. `None` if there is no row.
async fn find(request: &GrantRequest<'_>, code: &str) -> Result<Option<Found>, Denied> {
    if !is_secret(code) {
        return Err(invalid("the code is malformed").into());
    }
    let name = ArtifactName::Secret(sha256(code.as_bytes()));
    let found = request.store.artifact_and_person(ArtifactKind::Code, &name).await?;
    let Some((artifact, user)) = found else { return Ok(None) };
    let body: CodeBody = serde_json::from_str(&artifact.body)
        .map_err(|_| StoreError::Corrupt("a code".to_owned()))?;
    if body.server != request.server.id || body.client != request.client.id {
        let denied = Denied::from(invalid("the code is for another client or server"));
        return Err(denied.about(body.state.user()));
    }
    Ok(Some(Found { artifact, body, user }))
}

/// Refuses a code that was used before. With the right redirect URI and code verifier, what the first use gave is
/// revoked.
fn used_before(
    request: &GrantRequest<'_>,
    used: &UsedCode,
    binding: Option<&Binding>,
    user: &UserId,
) -> Denied {
    let checked = match binding {
        None => Err(invalid("the code was used before")),
        Some(binding) => check(binding, request.form),
    };
    match checked {
        Err(error) => error.into(),
        Ok(()) => agreed::replayed(request, GRANT_TYPE, used, user),
    }
}

/// Exchanges the code. Its row stays, so that a second use is detected.
fn redeem<'a>(
    request: &GrantRequest<'a>,
    code: &str,
    artifact: &Artifact,
    issued: Issued,
    user: Option<User>,
) -> Result<Decision<'a>, Denied> {
    check(&issued.binding, request.form)?;
    let Issued { binding, granted, audience, user: id, user_version, auth, id_token, .. } = issued;
    let resources = issued.resources;
    let agreed = Agreed {
        grant_type: GRANT_TYPE,
        code,
        binding: binding.clone(),
        user: id.clone(),
        user_version,
        auth,
        granted,
        audience,
        resources,
        id_token,
        userinfo_claims: issued.userinfo_claims,
    };
    let user = agreed.user(request, user)?;
    let GrantRequest { server, client, now, .. } = *request;
    let (kind, artifact_id, from) = (artifact.kind, artifact.id, artifact.version);
    Ok(agreed.redeemed(request, user, move |used| {
        let expires_at = used.remembered_until(now);
        let state = CodeState::Used { user: id, used, binding: Some(binding) };
        let body = CodeBody { server: server.id.clone(), client: client.id.clone(), state };
        Change::MoveArtifact { kind, id: artifact_id, from, body: body.to_json(), expires_at }
    }))
}

#[cfg(test)]
mod tests;
