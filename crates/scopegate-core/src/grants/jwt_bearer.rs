//! `urn:ietf:params:oauth:grant-type:jwt-bearer`: an issuer that the server trusts says for whom a
//! client asks (RFC 7523 §2.1).
//!
//! Both are proved: the client by its own credentials, the person by the assertion. An assertion
//! serves once.

use async_trait::async_trait;
use scopegate_jose::{AlgorithmSet, UnverifiedJws, sha256};

use super::without_user::{as_consented, without_sign_in};
use super::{Decision, Grant, GrantRequest, Right};
use crate::call::Denied;
use crate::catalog::UserId;
use crate::catalog::{AuthorizationServer, Clients, SubjectKind, TrustedIssuer};
use crate::client_auth::assertion::Assertion;
use crate::directory::{Person, User};
use crate::error::CallError;
use crate::people::assignment;
use crate::store::{Artifact, ArtifactKind, ArtifactName, Change, UserKey};
use crate::token::{Extras, Subject};

/// The grant.
#[derive(Debug)]
pub(super) struct JwtBearer;

/// Its name.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The types that an assertion may have, if it has one: an access token is none.
const TYPES: [&str; 2] = ["JWT", "authorization-grant+jwt"];

#[async_trait]
impl Grant for JwtBearer {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn needs_secret(&self) -> bool {
        true
    }

    /// The org server trusts no other issuer.
    fn is_spoken_by(&self, server: &AuthorizationServer) -> bool {
        !server.id.is_org()
    }

    async fn decide<'a>(&self, request: &GrantRequest<'a>) -> Result<Decision<'a>, Denied> {
        let text = request.form.value("assertion");
        let text = text.ok_or(CallError::InvalidRequest("The parameter assertion is missing."))?;
        let (assertion, issuer) = verified(request, text).await?;
        let used = unused(request, &assertion).await?;
        let user = user(request, &assertion, issuer).await?;
        assignment::check(request.client, &user)?;
        let at_most = without_sign_in(request, None)?;
        let at_most = as_consented(request, &user, at_most).await?;
        Ok(Decision {
            subject: Subject::Person(Box::new(Person { user, auth: None })),
            right: Right::Policy {
                grant_type: GRANT_TYPE.into(),
                at_most,
                audience: None,
                until: None,
            },
            extras: Extras::default(),
            changes: vec![used],
            once_signed: None,
        })
    }
}

fn invalid(why: &'static str) -> CallError {
    CallError::InvalidGrant(why)
}

/// What the assertion says, if an issuer signed it whose assertions this client may bring.
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
    if let Clients::Named(clients) = &issuer.spec.clients
        && !clients.contains(&request.client.id)
    {
        return Err(invalid("the client may not bring assertions of this issuer"));
    }
    let published = match &issuer.spec.jwks_uri {
        Some(url) => Some(request.client_keys.of(url, header.kid(), now).await?),
        None => None,
    };
    let keys = published.as_deref().unwrap_or(&issuer.keys);
    let verified = jws.verify(keys, AlgorithmSet::all());
    let verified = verified.map_err(|error| invalid(error.reason()))?;
    let assertion: Assertion = verified
        .deserialize()
        .map_err(|_| invalid("the assertion lacks a claim, or has a wrong one"))?;
    let audiences = [server.issuer.to_string(), server.endpoint("token")];
    assertion.check(audiences.into_iter(), now).map_err(invalid)?;
    Ok((assertion, issuer))
}

/// That the assertion is used now, if it was not used before.
async fn unused(request: &GrantRequest<'_>, assertion: &Assertion) -> Result<Change, Denied> {
    let Assertion { iss, jti, .. } = assertion;
    // The length keeps issuer and id apart, whatever they hold.
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

/// Of whom the assertion speaks.
async fn user(
    request: &GrantRequest<'_>,
    assertion: &Assertion,
    issuer: &TrustedIssuer,
) -> Result<User, Denied> {
    let unknown = || invalid("the assertion's subject is no active person");
    let user = match issuer.spec.subject {
        SubjectKind::Login => request.store.user(UserKey::Login(&assertion.sub)).await?,
        SubjectKind::Id => {
            let id = UserId::parse(&assertion.sub).map_err(|_| unknown())?;
            request.store.user(UserKey::Id(&id)).await?
        }
    };
    Ok(user.filter(|user| user.status.is_active()).ok_or_else(unknown)?)
}

#[cfg(test)]
mod tests;
