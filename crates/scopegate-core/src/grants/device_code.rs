//! `urn:ietf:params:oauth:grant-type:device_code`: a device polls for its tokens (RFC 8628 §3.4).
//!
//! The device must wait for an interval between two polls. If it polls too soon, the interval becomes longer.
//! Polls are counted in memory and not stored.

use async_trait::async_trait;

use super::agreed::{self, Agreed};
use super::code::Binding;
use super::device::{Approval, DeviceBody, State};
use super::{Decision, Grant, GrantRequest};
use crate::call::Denied;
use crate::error::CallError;
use crate::limits::TooSoon;
use crate::people::session::is_secret;
use crate::store::{Artifact, ArtifactKind, ArtifactName, UserKey};
use crate::token::IdTokenWish;

/// The grant.
#[derive(Debug)]
pub(super) struct DeviceCode;

/// The value of `grant_type`.
pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[async_trait]
impl Grant for DeviceCode {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn needs_user(&self) -> bool {
        true
    }

    fn starts_family(&self) -> bool {
        true
    }

    async fn decide<'a>(&self, request: &GrantRequest<'a>) -> Result<Decision<'a>, Denied> {
        let code = request.form.value("device_code");
        let missing = CallError::InvalidRequest("The parameter device_code is missing.");
        let code = code.ok_or(missing)?;
        let Some((artifact, body)) = find(request, code).await? else {
            let unknown = "there is no such device code";
            let unbound = [Binding::default()];
            return Err(agreed::forgotten(request, GRANT_TYPE, code, &unbound, unknown).await?);
        };
        let user = body.state.user().cloned();
        let decided = decide_found(request, code, artifact, body).await;
        decided.map_err(|denied| denied.about(user.as_ref()))
    }
}

/// Decides the request of a device that presents its own code.
async fn decide_found<'a>(
    request: &GrantRequest<'a>,
    code: &str,
    artifact: Artifact,
    body: DeviceBody,
) -> Result<Decision<'a>, Denied> {
    let has_expired = request.now >= body.ends_at;
    match &body.state {
        State::Used { user, used } => Err(agreed::replayed(request, GRANT_TYPE, used, user)),
        State::Denied => Err(CallError::DeviceDenied.into()),
        State::Pending | State::Approved(_) if has_expired => Err(CallError::ExpiredToken.into()),
        State::Pending => Err(pending(request, &artifact, &body).into()),
        State::Approved(approval) => {
            let agreed = agreed(code, approval.clone(), &body);
            redeem(request, artifact, body, agreed).await
        }
    }
}

/// The row of a device code, which must belong to this client and this server. `None` if there is no row.
async fn find(
    request: &GrantRequest<'_>,
    code: &str,
) -> Result<Option<(Artifact, DeviceBody)>, Denied> {
    let invalid = CallError::InvalidGrant;
    if !is_secret(code) {
        return Err(invalid("the device code is malformed").into());
    }
    let name = ArtifactName::of_secret(code);
    let artifact = request.store.artifact(ArtifactKind::Device, &name).await?;
    let Some(artifact) = artifact else { return Ok(None) };
    let body = DeviceBody::read(&artifact)?;
    if body.server != request.server.id || body.client != request.client.id {
        let denied = Denied::from(invalid("the device code is for another client or server"));
        return Err(denied.about(body.state.user()));
    }
    Ok(Some((artifact, body)))
}

/// The user has not decided yet. The error is `slow_down` if the device polls too soon (RFC 8628 §3.5).
fn pending(request: &GrantRequest<'_>, artifact: &Artifact, body: &DeviceBody) -> CallError {
    match request.polls.ask(&artifact.id, body.interval, request.now) {
        Ok(()) => CallError::AuthorizationPending,
        Err(TooSoon) => CallError::SlowDown,
    }
}

/// What the user allowed. A device cannot request a nonce or claims, and its code is bound only to its client.
fn agreed<'a>(code: &'a str, approval: Approval, body: &DeviceBody) -> Agreed<'a> {
    let Approval { user, user_version, auth, granted } = approval;
    Agreed {
        grant_type: GRANT_TYPE,
        code,
        binding: Binding::default(),
        user,
        user_version,
        auth,
        granted,
        audience: body.audience.clone(),
        resources: body.resources.clone(),
        id_token: IdTokenWish::default(),
        userinfo_claims: Vec::new(),
    }
}

/// Exchanges the code.
async fn redeem<'a>(
    request: &GrantRequest<'a>,
    artifact: Artifact,
    body: DeviceBody,
    agreed: Agreed<'_>,
) -> Result<Decision<'a>, Denied> {
    let user = request.store.user(UserKey::Id(&agreed.user)).await?;
    let user = agreed.user(request, user)?;
    let (id, now) = (user.id.clone(), request.now);
    Ok(agreed.redeemed(request, user, move |used| {
        let expires_at = used.remembered_until(now);
        let body = DeviceBody { state: State::Used { user: id, used }, ..body };
        body.moved(&artifact, expires_at)
    }))
}

#[cfg(test)]
mod tests;
