//! `urn:ietf:params:oauth:grant-type:jwt-bearer`: a client presents an assertion of a trusted issuer and gets a
//! token for the user whom the assertion names (RFC 7523 §2.1).
//!
//! The client authenticates with its own credentials. An assertion can be used once.

use async_trait::async_trait;
use scopegate_claims::ScopeSet;
use scopegate_jose::{AlgorithmSet, UnverifiedJws, sha256};

use super::without_user::{limit_to_consent, without_sign_in};
use super::{Decision, Grant, GrantRequest, Right};
use crate::call::Denied;
use crate::catalog::{AuthorizationServer, Client, Clients, SubjectKind, TrustedIssuer, UserId};
use crate::client_auth::assertion::Assertion;
use crate::directory::{Person, User};
use crate::error::CallError;
use crate::people::assignment;
use crate::store::{Artifact, ArtifactKind, ArtifactName, Change, UserKey};
use crate::token::{Extras, Subject};

/// The grant.
#[derive(Debug)]
pub(super) struct JwtBearer;

/// The value of `grant_type`.
pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The allowed values of the header `typ`, which may be missing. They exclude access tokens.
const TYPES: [&str; 2] = ["JWT", "authorization-grant+jwt"];

#[async_trait]
impl Grant for JwtBearer {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn needs_secret(&self) -> bool {
        true
    }

    /// An assertion does not say how the user signed in.
    fn has_sign_in(&self) -> bool {
        false
    }

    /// The org server trusts no other issuer.
    fn is_spoken_by(&self, server: &AuthorizationServer) -> bool {
        !server.id.is_org()
    }

    async fn decide<'a>(&self, request: &GrantRequest<'a>) -> Result<Decision<'a>, Denied> {
        let text = request.form.value("assertion");
        let text = text.ok_or(CallError::InvalidRequest("The parameter assertion is missing."))?;
        let (assertion, issuer) = verified(request, text).await?;
        let used = mark_used(request, &assertion).await?;
        let user = user(request, &assertion, issuer).await?;
        let at_most = may_use(request, &user).await.map_err(|denied| denied.about(&user.id))?;
        Ok(Decision {
            subject: Subject::Person(Box::new(Person { user, auth: None })),
            right: Right::Policy {
                grant_type: GRANT_TYPE.into(),
                at_most,
                audience: None,
                resources: Vec::new(),
                until: None,
            },
            extras: Extras::default(),
            changes: vec![used],
            once_signed: None,
        })
    }
}

/// The most scopes of a user who is assigned to the client.
async fn may_use(request: &GrantRequest<'_>, user: &User) -> Result<Option<ScopeSet>, Denied> {
    assignment::check(request.client, user)?;
    let at_most = without_sign_in(request, None)?;
    Ok(limit_to_consent(request, user, at_most).await?)
}

fn invalid(why: &'static str) -> CallError {
    CallError::InvalidGrant(why)
}

/// Verifies an assertion. Its issuer must be trusted, and this client must be allowed to present it.
async fn verified<'a>(
    request: &GrantRequest<'a>,
    text: &str,
) -> Result<(Assertion, &'a TrustedIssuer), CallError> {
    let GrantRequest { server, now, .. } = *request;
    let jws = UnverifiedJws::parse(text).map_err(|error| invalid(error.reason()))?;
    let header = jws.header();
    if header.typ().is_some() && !TYPES.into_iter().any(|typ| header.is_type(typ)) {
        return Err(invalid("the assertion is a token of another type"));
    }
    let name = jws.unverified_issuer().map_err(|error| invalid(error.reason()))?;
    let issuer = server.trusted_issuers.get(&name);
    let issuer = issuer.ok_or(invalid("the assertion's issuer is not trusted"))?;
    if !may_present(request.client, issuer) {
        return Err(invalid("the client may not present assertions of this issuer"));
    }
    let published = match &issuer.spec.jwks_uri {
        Some(url) => Some(request.client_keys.of(url, header.kid(), now).await?),
        None => None,
    };
    let keys = published.as_deref().unwrap_or(&issuer.keys);
    let verified = jws.verify(keys, AlgorithmSet::usual());
    let verified = verified.map_err(|error| invalid(error.reason()))?;
    let assertion: Assertion = verified
        .deserialize()
        .map_err(|_| invalid("the assertion lacks a claim, or has a wrong one"))?;
    let audiences = [server.issuer.to_string(), server.endpoint("token")];
    assertion.check(audiences.into_iter(), now).map_err(invalid)?;
    Ok((assertion, issuer))
}

/// Tells whether a client may present assertions of an issuer.
pub(crate) fn may_present(client: &Client, issuer: &TrustedIssuer) -> bool {
    match &issuer.spec.clients {
        Clients::All => true,
        Clients::Named(clients) => clients.contains(&client.id),
    }
}

/// The change that records the use of the assertion. Refuses an assertion that was used before.
async fn mark_used(request: &GrantRequest<'_>, assertion: &Assertion) -> Result<Change, Denied> {
    let Assertion { iss, jti, .. } = assertion;
    // The length of the issuer separates issuer and `jti`, so that no two pairs have the same digest.
    let id = sha256(format!("{}:{iss}{jti}", iss.len()).as_bytes());
    let name = ArtifactName::Secret(id);
    if request.store.artifact(ArtifactKind::Assertion, &name).await?.is_some() {
        return Err(invalid("the assertion was used before").into());
    }
    Ok(Change::PutArtifact(Artifact {
        kind: ArtifactKind::Assertion,
        id,
        alias: None,
        user: None,
        version: 0,
        expires_at: assertion.forget_at(),
        body: "{}".to_owned(),
    }))
}

/// The user whom the assertion names.
async fn user(
    request: &GrantRequest<'_>,
    assertion: &Assertion,
    issuer: &TrustedIssuer,
) -> Result<User, Denied> {
    let unknown = || invalid("the assertion's subject is no active user");
    let user = match issuer.spec.subject {
        SubjectKind::Login => request.store.user(UserKey::Login(&assertion.sub)).await?,
        SubjectKind::Id => {
            let id = UserId::parse(&assertion.sub).map_err(|_| unknown())?;
            request.store.user(UserKey::Id(&id)).await?
        }
    };
    let user = user.ok_or_else(unknown)?;
    match user.status.is_active() {
        true => Ok(user),
        false => Err(Denied::from(unknown()).about(&user.id)),
    }
}

#[cfg(test)]
mod tests;
