//! An entity as a rollback writes it: as it was then, but with the protections of now.

use std::collections::BTreeSet;

use scopegate_jose::{Algorithm, Jwk, SigningKey, random_bytes};

use super::{Note, RollbackError, client_id, reactivation_name};
use crate::catalog::{
    ClientAuth, ClientId, ClientSecret, ClientSpec, ClientType, Effect, Entity, EntityKey,
    HookSpec, Spec, Status, TrustedIssuerSpec,
};

/// How entities are restored, and what is noted of them.
pub(super) struct Restoring<'a> {
    /// The names of what is put in use again.
    pub(super) reactivate: &'a BTreeSet<String>,
    pub(super) notes: &'a mut Vec<Note>,
}

impl Restoring<'_> {
    /// The entity to write.
    pub(super) fn entity(
        &mut self,
        then: Entity,
        now: Option<&Entity>,
    ) -> Result<Entity, RollbackError> {
        let Entity { key, owner, spec } = then;
        let now = now.map(|entity| &entity.spec);
        let spec = match (spec, client_id(&key)) {
            (Spec::Client(then), Some(id)) => {
                let now = now.and_then(|spec| match spec {
                    Spec::Client(now) => Some(&**now),
                    _ => None,
                });
                self.client(&id, *then, now)?.into()
            }
            (Spec::TrustedIssuer(then), _) => {
                let now = now.and_then(|spec| match spec {
                    Spec::TrustedIssuer(now) => Some(&**now),
                    _ => None,
                });
                Spec::TrustedIssuer(Box::new(self.issuer(&key, *then, now)?))
            }
            (Spec::Hook(then), _) => {
                let present = now.and_then(|spec| match spec {
                    Spec::Hook(now) => Some(&**now),
                    _ => None,
                });
                let mut hook = Spec::Hook(Box::new(self.hook(&key, *then, present)));
                if let Some(now) = now {
                    self.keep_status(&key, &mut hook, now);
                }
                hook
            }
            (mut other, _) => {
                if let Some(now) = now {
                    self.keep_status(&key, &mut other, now);
                }
                other
            }
        };
        Ok(Entity { key, owner, spec })
    }

    /// Keeps what is out of use out of use, unless it is named. For a deny rule it is the other way round: it
    /// protects while it is in use.
    fn keep_status(&mut self, key: &EntityKey, spec: &mut Spec, now: &Spec) {
        let denies_then = denies(spec);
        let (Some(then), Some(present)) = (status_mut(spec), status(now)) else { return };
        match (*then, present) {
            (Status::Inactive, Status::Active) if denies_then && denies(now) => {
                *then = Status::Active;
                self.notes.push(Note::DenyRuleStays(key.clone()));
            }
            (Status::Active, Status::Inactive) if !denies_then && !self.is_reactivated(key) => {
                *then = Status::Inactive;
                self.notes.push(Note::StaysInactive(key.clone()));
            }
            (_, _) => {}
        }
    }

    fn is_reactivated(&self, key: &EntityKey) -> bool {
        self.reactivate.contains(&reactivation_name(key))
    }

    /// A client with its present credentials, which is in use only if it is in use now or if that is asked for.
    fn client(
        &mut self,
        id: &ClientId,
        then: ClientSpec,
        now: Option<&ClientSpec>,
    ) -> Result<ClientSpec, RollbackError> {
        let key = EntityKey::client(id);
        let admin = then.admin && now.is_some_and(|now| now.admin);
        if then.admin && !admin {
            self.notes.push(Note::NoAdmin(id.clone()));
        }
        let was_active = then.status.is_active();
        let only_if =
            |may_be_active: bool| if may_be_active { then.status } else { Status::Inactive };
        let Some(now) = now else {
            let status = only_if(self.is_reactivated(&key));
            self.notes.push(Note::CreatedAgain(id.clone(), status));
            return without_credentials(ClientSpec { status, admin, ..then });
        };
        if now.is_on_hold() {
            if was_active {
                self.notes.push(Note::StaysOnHold(id.clone()));
            }
            let then = ClientSpec { admin, ..then.without_hold() };
            return Ok(self.with_credentials_of(id, then, now)?.put_on_hold());
        }
        let fits = goes_with(then.client_type, now.auth);
        let status = only_if(self.is_reactivated(&key) || (fits && now.status.is_active()));
        if was_active && !status.is_active() && fits {
            self.notes.push(Note::StaysInactive(key));
        }
        self.with_credentials_of(id, ClientSpec { status, admin, ..then }, now)
    }

    /// The client of then with the credentials of now. If these do not go with its type, it has none.
    fn with_credentials_of(
        &mut self,
        id: &ClientId,
        then: ClientSpec,
        now: &ClientSpec,
    ) -> Result<ClientSpec, RollbackError> {
        if !goes_with(then.client_type, now.auth) {
            self.notes.push(Note::WithoutCredentials(id.clone(), then.auth, then.status));
            return without_credentials(then);
        }
        let has_same_keys =
            then.auth == now.auth && then.jwks == now.jwks && then.jwks_uri == now.jwks_uri;
        if !has_same_keys {
            self.notes.push(Note::KeepsCredentials(id.clone()));
        }
        Ok(ClientSpec {
            auth: now.auth,
            secrets: now.secrets.clone(),
            jwks: now.jwks.clone(),
            jwks_uri: now.jwks_uri.clone(),
            ..then
        })
    }

    /// A hook with its present authentication. The history has no secrets, so that a hook that has none now
    /// gets a secret that opens nowhere: its calls fail.
    fn hook(&mut self, key: &EntityKey, then: HookSpec, now: Option<&HookSpec>) -> HookSpec {
        match (then.auth(), now.and_then(HookSpec::auth)) {
            (None, _) => then,
            (Some(_), Some(auth)) => then.with_auth(auth.clone()),
            (Some(_), None) => {
                self.notes.push(Note::HookWithoutSecret(key.clone()));
                then
            }
        }
    }

    /// An issuer with its present keys.
    fn issuer(
        &mut self,
        key: &EntityKey,
        then: TrustedIssuerSpec,
        now: Option<&TrustedIssuerSpec>,
    ) -> Result<TrustedIssuerSpec, RollbackError> {
        let Some(now) = now else {
            self.notes.push(Note::IssuerWithoutKeys(key.clone()));
            return Ok(TrustedIssuerSpec { jwks: vec![key_of_nobody()?], jwks_uri: None, ..then });
        };
        if then.jwks != now.jwks || then.jwks_uri != now.jwks_uri {
            self.notes.push(Note::IssuerKeepsKeys(key.clone()));
        }
        Ok(TrustedIssuerSpec { jwks: now.jwks.clone(), jwks_uri: now.jwks_uri.clone(), ..then })
    }
}

/// Tells whether a client of this type can use this authentication method: exactly public clients do not
/// authenticate.
fn goes_with(client_type: ClientType, auth: ClientAuth) -> bool {
    let is_public = matches!(client_type, ClientType::Browser | ClientType::Native);
    is_public == auth.is_public()
}

/// The status of a claim, a hook, a server, a policy or a rule.
pub(super) fn status(spec: &Spec) -> Option<Status> {
    match spec {
        Spec::Claim(claim) => Some(claim.status),
        Spec::Hook(hook) => Some(hook.status),
        Spec::Policy(policy) => Some(policy.status),
        Spec::Rule(rule) => Some(rule.status),
        Spec::Server(server) => Some(server.status),
        Spec::Client(_)
        | Spec::Group(_)
        | Spec::Scope(_)
        | Spec::TrustedIssuer(_)
        | Spec::Zone(_) => None,
    }
}

fn status_mut(spec: &mut Spec) -> Option<&mut Status> {
    match spec {
        Spec::Claim(claim) => Some(&mut claim.status),
        Spec::Hook(hook) => Some(&mut hook.status),
        Spec::Policy(policy) => Some(&mut policy.status),
        Spec::Rule(rule) => Some(&mut rule.status),
        Spec::Server(server) => Some(&mut server.status),
        Spec::Client(_)
        | Spec::Group(_)
        | Spec::Scope(_)
        | Spec::TrustedIssuer(_)
        | Spec::Zone(_) => None,
    }
}

fn denies(spec: &Spec) -> bool {
    matches!(spec, Spec::Rule(rule) if rule.effect == Effect::Deny)
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

/// A public key whose private key is dropped at once.
fn key_of_nobody() -> Result<Jwk, RollbackError> {
    let key = SigningKey::generate(Algorithm::Es256).map_err(|_| RollbackError::Key)?;
    Ok(key.public_jwk())
}
