//! An entity as a rollback writes it: as it was then, but with the protections of now.

use std::collections::BTreeSet;

use scopegate_jose::{Algorithm, Jwk, SigningKey, random_bytes};

use super::{Note, RollbackError, client_id};
use crate::catalog::{
    ClientAuth, ClientId, ClientSecret, ClientSpec, Entity, EntityKey, Spec, Status,
    TrustedIssuerSpec,
};

/// The entity to write.
pub(super) fn entity(
    then: Entity,
    now: Option<&Entity>,
    reactivate: &BTreeSet<ClientId>,
    notes: &mut Vec<Note>,
) -> Result<Entity, RollbackError> {
    let Entity { key, owner, spec } = then;
    let spec = match spec {
        Spec::Client(then) => {
            let now = now.and_then(|entity| match &entity.spec {
                Spec::Client(now) => Some(&**now),
                _ => None,
            });
            let Some(id) = client_id(&key) else {
                return Ok(Entity { key, owner, spec: Spec::Client(then) });
            };
            client(&id, *then, now, reactivate.contains(&id), notes)?.into()
        }
        Spec::TrustedIssuer(then) => {
            let now = now.and_then(|entity| match &entity.spec {
                Spec::TrustedIssuer(now) => Some(&**now),
                _ => None,
            });
            Spec::TrustedIssuer(Box::new(issuer(&key, *then, now, notes)?))
        }
        other @ (Spec::Claim(_)
        | Spec::Group(_)
        | Spec::Policy(_)
        | Spec::Rule(_)
        | Spec::Scope(_)
        | Spec::Server(_)
        | Spec::Zone(_)) => other,
    };
    Ok(Entity { key, owner, spec })
}

/// A client with its present credentials, which is enabled only if it is enabled now or if that is asked for.
fn client(
    id: &ClientId,
    then: ClientSpec,
    now: Option<&ClientSpec>,
    reactivate: bool,
    notes: &mut Vec<Note>,
) -> Result<ClientSpec, RollbackError> {
    let is_active_now = now.is_some_and(|now| now.status.is_active());
    let may_be_active = is_active_now || reactivate;
    let status = if may_be_active { then.status } else { Status::Inactive };
    let admin = then.admin && now.is_some_and(|now| now.admin);
    if then.admin && !admin {
        notes.push(Note::NoAdmin(id.clone()));
    }
    let Some(now) = now else {
        notes.push(Note::CreatedAgain(id.clone(), status));
        return without_credentials(ClientSpec { status, admin, ..then });
    };
    if then.status != status {
        notes.push(Note::StaysInactive(id.clone()));
    }
    let has_same_keys =
        then.auth == now.auth && then.jwks == now.jwks && then.jwks_uri == now.jwks_uri;
    if !has_same_keys {
        notes.push(Note::KeepsCredentials(id.clone()));
    }
    Ok(ClientSpec {
        auth: now.auth,
        secrets: now.secrets.clone(),
        jwks: now.jwks.clone(),
        jwks_uri: now.jwks_uri.clone(),
        status,
        admin,
        ..then
    })
}

/// The client with a secret or a key that nobody has, because a client without one breaks a rule.
fn without_credentials(client: ClientSpec) -> Result<ClientSpec, RollbackError> {
    let (secrets, jwks) = match client.auth {
        ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost => {
            (vec![ClientSecret::from_mac(random_bytes())], Vec::new())
        }
        ClientAuth::PrivateKeyJwt => (Vec::new(), vec![key_of_nobody()?]),
        ClientAuth::None => (Vec::new(), Vec::new()),
    };
    Ok(ClientSpec { secrets, jwks, jwks_uri: None, ..client })
}

/// An issuer with its present keys.
fn issuer(
    key: &EntityKey,
    then: TrustedIssuerSpec,
    now: Option<&TrustedIssuerSpec>,
    notes: &mut Vec<Note>,
) -> Result<TrustedIssuerSpec, RollbackError> {
    let Some(now) = now else {
        notes.push(Note::IssuerWithoutKeys(key.clone()));
        return Ok(TrustedIssuerSpec { jwks: vec![key_of_nobody()?], jwks_uri: None, ..then });
    };
    if then.jwks != now.jwks || then.jwks_uri != now.jwks_uri {
        notes.push(Note::IssuerKeepsKeys(key.clone()));
    }
    Ok(TrustedIssuerSpec { jwks: now.jwks.clone(), jwks_uri: now.jwks_uri.clone(), ..then })
}

/// A public key whose private key is dropped at once.
fn key_of_nobody() -> Result<Jwk, RollbackError> {
    let key = SigningKey::generate(Algorithm::Es256).map_err(|_| RollbackError::Key)?;
    Ok(key.public_jwk())
}
