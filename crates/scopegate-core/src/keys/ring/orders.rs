//! What an administrator orders: a list of the keys, a rotation, an emergency revocation.

use std::collections::BTreeMap;
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::Algorithm;

use super::KeyRing;
use crate::audit::Actor;
use crate::catalog::{AuthorizationServer, ServerId, Snapshot};
use crate::error::CallError;
use crate::keys::schedule::{Rotation, Wanted, drops_at, signs_at};
use crate::store::{KeyMove, KeyPhase, StoreError, StoredKey};

/// Maximum attempts when other nodes change the keys at the same time.
const ATTEMPTS: usize = 5;

/// A key of a server, with the times of its phases. A time in the future is the earliest one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ListedKey {
    /// The server.
    pub server: ServerId,
    /// The id of the key.
    pub kid: String,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The phase.
    pub phase: KeyPhase,
    /// The name of the private key in the service that holds it. `None` if it is in the store.
    pub held_in: Option<String>,
    /// When it was generated and published.
    pub created: UnixTime,
    /// When it starts to sign, or started.
    pub signs_from: Option<UnixTime>,
    /// When it stops signing, or stopped. `None` if an administrator decides that.
    pub retires_at: Option<UnixTime>,
    /// When it is no longer published. `None` if that is not known yet.
    pub drops_at: Option<UnixTime>,
}

/// A rotation that was ordered.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Rotated {
    /// The id of the next key.
    pub kid: String,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// When it starts to sign, at the earliest.
    pub signs_from: UnixTime,
    /// Whether it was announced already, so that nothing was changed.
    pub was_announced: bool,
}

/// A key that was revoked.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Revoked {
    /// The server.
    pub server: ServerId,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The phase that it was in.
    pub phase: KeyPhase,
    /// The id of the key that signs instead, if the revoked one signed. `None` if the service that
    /// holds the private keys cannot make one at the moment.
    pub successor: Option<String>,
    /// The longest lifetime of a token that it may have signed.
    pub longest: Duration,
    /// How long a cache that keeps `/keys` as it says may still hold it.
    pub cached: Duration,
    /// Why the private key may still exist in the vault; `None` if it is destroyed.
    pub undestroyed: Option<String>,
}

/// Why an order about keys is not carried out.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "whoever answers must decide about a new variant")]
pub enum KeyOrderError {
    /// The server does not sign with the algorithm.
    #[error("the server does not sign with {0}: its algorithms are in the catalog")]
    NotAnAlgorithm(Algorithm),
    /// No server has such a key.
    #[error("there is no such key, or it is dropped already")]
    UnknownKey,
    /// Another node changed the keys during each attempt.
    #[error("other nodes changed the keys at the same time: try again")]
    Contested,
    /// A key could not be generated or stored.
    #[error(transparent)]
    Failed(#[from] CallError),
}

impl From<StoreError> for KeyOrderError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl KeyRing {
    /// All keys that are not dropped, of each server in the order of their age.
    pub fn list(&self, catalog: &Snapshot) -> Vec<ListedKey> {
        let held = self.held.load();
        let mut servers: BTreeMap<&ServerId, Vec<&StoredKey>> = BTreeMap::new();
        for key in held.all() {
            servers.entry(&key.server).or_default().push(key);
        }
        let rotation = |id: &ServerId| {
            let server = catalog.servers().find(|server| server.id == *id);
            server.map_or_else(|| Rotation::of(&<_>::default()), |it| Rotation::of_server(it))
        };
        let of_server = |(id, keys): (&&ServerId, &Vec<&StoredKey>)| {
            let rotation = rotation(id);
            let listed = keys.iter().map(|key| {
                let secret = key.unseal(&self.master_key).ok();
                let held_in = secret.and_then(|secret| self.vault.place(&secret));
                ListedKey { held_in, ..listed(key, keys, &rotation) }
            });
            listed.collect::<Vec<_>>()
        };
        servers.iter().flat_map(of_server).collect()
    }

    /// All keys of a server that are not dropped, in the order of their age.
    pub fn list_of(&self, server: &AuthorizationServer) -> Vec<ListedKey> {
        let held = self.held.load();
        let keys: Vec<_> = held.stored(&server.id).iter().collect();
        let rotation = Rotation::of(&server.spec.keys);
        keys.iter().map(|key| listed(key, &keys, &rotation)).collect()
    }

    /// Announces the next key of a server now: of one algorithm, or of each. It signs after the time
    /// of its announcement, on the nodes that serve.
    ///
    /// # Errors
    ///
    /// [`KeyOrderError`] if the server does not sign with the algorithm, or the keys cannot be made
    /// or stored.
    pub async fn rotate(
        &self,
        server: &AuthorizationServer,
        algorithm: Option<Algorithm>,
        actor: &Actor,
    ) -> Result<Vec<Rotated>, KeyOrderError> {
        let algorithms = &server.spec.algorithms;
        if let Some(unknown) = algorithm.filter(|algorithm| !algorithms.contains(algorithm)) {
            return Err(KeyOrderError::NotAnAlgorithm(unknown));
        }
        let meant = algorithms.iter().filter(|one| algorithm.is_none_or(|only| only == **one));
        let mut rotated = Vec::new();
        for algorithm in meant {
            rotated.push(self.announce(server, *algorithm, actor).await?);
        }
        Ok(rotated)
    }

    async fn announce(
        &self,
        server: &AuthorizationServer,
        algorithm: Algorithm,
        actor: &Actor,
    ) -> Result<Rotated, KeyOrderError> {
        let mut was_announced = true;
        for _ in 0..ATTEMPTS {
            self.reload().await?;
            self.check(&server.id)?;
            if let Some((kid, signs_from)) = self.announced(server, algorithm) {
                return Ok(Rotated { kid, algorithm, signs_from, was_announced });
            }
            let (now, wanted) = (self.clock.now(), Wanted::of(server, Duration::ZERO));
            let phase = KeyPhase::Announced;
            let insert = self.insert(&server.id, algorithm, phase, &wanted, now).await?;
            match self.store_moves(&[insert], now, Some(actor)).await {
                Ok(_) => was_announced = false,
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(KeyOrderError::Contested)
    }

    /// The announced key of an algorithm, and when it starts to sign.
    fn announced(
        &self,
        server: &AuthorizationServer,
        algorithm: Algorithm,
    ) -> Option<(String, UnixTime)> {
        let held = self.held.load();
        let keys: Vec<_> = held.stored(&server.id).iter().collect();
        let is_meant =
            |key: &&&StoredKey| key.algorithm == algorithm && key.phase == KeyPhase::Announced;
        let next = *keys.iter().find(is_meant)?;
        let signs_from = signs_at(next, &keys, &Rotation::of(&server.spec.keys));
        Some((next.kid.clone(), signs_from))
    }

    /// The server that has a key; `None` if no server has it.
    pub fn owner(&self, kid: &str) -> Option<ServerId> {
        self.held.load().all().find(|key| key.kid == kid).map(|key| key.server.clone())
    }

    /// Drops a key of a server at once. If it signed, the announced key signs instead, or a new one.
    ///
    /// # Errors
    ///
    /// [`KeyOrderError`] if there is no such key, or the change cannot be stored.
    pub async fn revoke(
        &self,
        server: &AuthorizationServer,
        kid: &str,
        actor: &Actor,
    ) -> Result<Revoked, KeyOrderError> {
        for _ in 0..ATTEMPTS {
            self.reload().await?;
            self.check(&server.id)?;
            let stored = self.held.load().stored(&server.id).to_vec();
            let key = stored.iter().find(|key| key.kid == kid);
            let key = key.ok_or(KeyOrderError::UnknownKey)?;
            let now = self.clock.now();
            let mut moves = vec![advance(key, KeyPhase::Dropped, now)];
            if key.phase == KeyPhase::Signing {
                match self.successor(server, key, &stored, now).await {
                    Ok(successor) => moves.push(successor),
                    // The key may have leaked, so it is dropped all the same. The schedule makes
                    // another one as soon as the service can be used.
                    Err(CallError::SignerUnavailable(why)) => {
                        tracing::error!(server = %server.id, why, "no key signs instead yet");
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            match self.store_moves(&moves, now, Some(actor)).await {
                Ok(left) => {
                    let left = left.into_iter().find(|left| left.kid == kid).map(|left| left.why);
                    return Ok(Revoked { undestroyed: left, ..revoked(key, &stored, &moves) });
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(KeyOrderError::Contested)
    }

    /// The move that makes another key sign instead of a revoked one.
    async fn successor(
        &self,
        server: &AuthorizationServer,
        revoked: &StoredKey,
        stored: &[StoredKey],
        now: UnixTime,
    ) -> Result<KeyMove, CallError> {
        let is_next = |key: &&StoredKey| {
            key.algorithm == revoked.algorithm && key.phase == KeyPhase::Announced
        };
        match stored.iter().find(is_next) {
            Some(next) => Ok(advance(next, KeyPhase::Signing, now)),
            None => {
                let (wanted, phase) = (Wanted::of(server, Duration::ZERO), KeyPhase::Signing);
                self.insert(&server.id, revoked.algorithm, phase, &wanted, now).await
            }
        }
    }

    fn check(&self, server: &ServerId) -> Result<(), StoreError> {
        self.held.load().check(server)
    }
}

fn advance(key: &StoredKey, to: KeyPhase, at: UnixTime) -> KeyMove {
    let StoredKey { server, kid, phase: from, .. } = key;
    KeyMove::Advance { server: server.clone(), kid: kid.clone(), from: *from, to, at }
}

fn revoked(key: &StoredKey, stored: &[StoredKey], moves: &[KeyMove]) -> Revoked {
    let successor = moves.iter().find(|one| one.phase() == KeyPhase::Signing);
    Revoked {
        server: key.server.clone(),
        algorithm: key.algorithm,
        phase: key.phase,
        successor: successor.map(|one| one.kid().to_owned()),
        longest: key.longest_token(),
        cached: stored.iter().map(StoredKey::cached_for).max().unwrap_or_default(),
        undestroyed: None,
    }
}

fn listed(key: &StoredKey, keys: &[&StoredKey], rotation: &Rotation) -> ListedKey {
    let signs_from = match key.phase {
        KeyPhase::Announced => Some(signs_at(key, keys, rotation)),
        KeyPhase::Signing | KeyPhase::Retiring | KeyPhase::Dropped => key.signs_from,
    };
    let retires_at = key.retired_at.or_else(|| {
        let is_next = |other: &&&StoredKey| {
            other.algorithm == key.algorithm && other.phase == KeyPhase::Announced
        };
        let next = keys.iter().find(is_next).filter(|_| key.phase == KeyPhase::Signing);
        let by_next = next.map(|next| signs_at(next, keys, rotation));
        by_next.or_else(|| Some(signs_from?.plus(rotation.every?)))
    });
    let gone = StoredKey { retired_at: retires_at, ..key.clone() };
    ListedKey {
        server: key.server.clone(),
        kid: key.kid.clone(),
        algorithm: key.algorithm,
        phase: key.phase,
        held_in: None,
        created: key.created,
        signs_from,
        retires_at,
        drops_at: drops_at(&gone),
    }
}
