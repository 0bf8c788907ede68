//! A user allows or denies the request of a device (RFC 8628 §3.3).

use std::net::IpAddr;
use std::sync::Arc;

use scopegate_claims::{ScopeSet, UnixTime};

use crate::audit::{ClientDecision, DecisionId, DecisionKind};
use crate::authority::Authority;
use crate::call::decision::Deciding;
use crate::catalog::{AuthorizationServer, Client, Resource, Snapshot};
use crate::directory::User;
use crate::endpoints::authorize::consent::{ConsentFor, described, is_nothing, needed, optional};
use crate::error::{CallError, OAuthError};
use crate::grants::device::{Approval, DeviceBody, State, UserCode};
use crate::grants::device_code::GRANT_TYPE;
use crate::limits::RetryAfter;
use crate::people::assignment;
use crate::policy::{self, Facts, Granted, Wanted};
use crate::store::{Artifact, ArtifactKind, Change, ConsentKey, Session, StoreError};

/// Maximum attempts when a concurrent commit wins.
const ROUNDS: usize = 5;

/// A signed-in user, and the code that they typed.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the activation page must fill in every member")]
pub struct Activation<'a> {
    /// The user code.
    pub user_code: &'a UserCode,
    /// The session of the user.
    pub session: &'a Session,
    /// The user.
    pub user: &'a User,
    /// The IP address of the browser.
    pub address: Option<IpAddr>,
}

/// A question for a user: is this their device, and do they allow its request?
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeviceQuestion {
    /// The display name of the client.
    pub client: String,
    /// The scopes.
    pub scopes: ScopeSet,
    /// Each scope with its description. The description may be empty.
    pub described: Vec<(String, String)>,
    /// The scopes that the user may leave out.
    pub optional: ScopeSet,
    /// The IP address of the device.
    pub asked_from: Option<IpAddr>,
}

/// The answer of a user.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a user allows or denies")]
pub enum DeviceAnswer<'a> {
    /// The user allows these of the scopes that the page showed. Optional scopes that are not among them are
    /// not granted.
    Allow(&'a ScopeSet),
    /// The user denies the request.
    Deny,
}

/// What became of an answer.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "each variant has its own page")]
pub enum DeviceOutcome {
    /// The device gets a token.
    Allowed,
    /// The device gets no token: the user has denied the request, or has left out all of it.
    Denied,
    /// More scopes would be granted than the page showed. Nothing is stored, and the user is asked again.
    AskAgain(DeviceQuestion),
}

/// Why a user cannot decide on a device.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each variant has its own page")]
pub enum ActivationError {
    /// There is no pending request with this user code.
    #[error("there is no pending request with this user code")]
    Unknown,
    /// Too many user codes were wrong.
    #[error("too many user codes were wrong")]
    TooMany(RetryAfter),
    /// The user may not allow the request, or the decision failed.
    #[error(transparent)]
    Token(#[from] CallError),
}

impl From<StoreError> for ActivationError {
    fn from(error: StoreError) -> Self {
        Self::Token(error.into())
    }
}

impl Authority {
    /// The question for a user who typed a user code. Nothing is stored yet.
    ///
    /// # Errors
    ///
    /// [`ActivationError`]. An unknown code counts as a wrong guess.
    pub async fn device_question(
        &self,
        activation: &Activation<'_>,
    ) -> Result<DeviceQuestion, ActivationError> {
        let (now, catalog) = (self.clock.now(), self.catalog());
        let Activation { user_code, session, address, .. } = *activation;
        let guess = self.user_code_guesses.admit(&session.id, address, now);
        let guess = guess.map_err(ActivationError::TooMany)?;
        // If the caller disconnects meanwhile, the guess stays counted.
        let found = self.pending_device(&catalog, user_code, now).await;
        if !matches!(found, Ok(None)) {
            guess.take_back();
        }
        let device = found?.ok_or(ActivationError::Unknown)?;
        let granted = self.decided(&catalog, &device, activation, now).await?;
        Ok(device.question(&granted))
    }

    /// Stores the answer of a user.
    ///
    /// # Errors
    ///
    /// [`ActivationError`]. For example, the request may have been decided meanwhile.
    pub async fn answer_device(
        &self,
        activation: &Activation<'_>,
        answer: DeviceAnswer<'_>,
    ) -> Result<DeviceOutcome, ActivationError> {
        let mut round = 1;
        loop {
            let answered = self.try_answer_device(activation, answer).await;
            match &answered {
                Err(ActivationError::Token(CallError::Storage(StoreError::Changed(lost))))
                    if round < ROUNDS =>
                {
                    self.catch_up(*lost).await?;
                }
                _ => return answered,
            }
            round += 1;
        }
    }

    async fn try_answer_device(
        &self,
        activation: &Activation<'_>,
        answer: DeviceAnswer<'_>,
    ) -> Result<DeviceOutcome, ActivationError> {
        let (now, catalog) = (self.clock.now(), self.catalog());
        let device = self.pending_device(&catalog, activation.user_code, now).await?;
        let device = device.ok_or(ActivationError::Unknown)?;
        let approved = match answer {
            DeviceAnswer::Deny => None,
            DeviceAnswer::Allow(agreed) => {
                let mut granted = self.decided(&catalog, &device, activation, now).await?;
                let left_out = device.optional(&granted.scopes).difference(agreed);
                let kept = granted.scopes.difference(&left_out);
                if !kept.is_subset(agreed) {
                    return Ok(DeviceOutcome::AskAgain(device.question(&granted)));
                }
                granted.scopes = kept;
                let is_denial = !left_out.is_empty() && is_nothing(&granted.scopes);
                (!is_denial).then_some((granted, left_out))
            }
        };
        let outcome = match approved {
            Some(_) => DeviceOutcome::Allowed,
            None => DeviceOutcome::Denied,
        };
        let (state, others) = match approved {
            None => {
                let deciding = device.deciding(DecisionKind::DeviceDenial, activation, now);
                let refused = deciding.refused(&OAuthError::from(&CallError::DeviceDenied));
                let event = deciding.event(refused);
                (State::Denied, vec![Change::Audit(event)])
            }
            Some((granted, left_out)) => {
                let mut deciding = device.deciding(DecisionKind::DeviceApproval, activation, now);
                deciding.scope = granted.scopes.to_string();
                let rule = Some(granted.rule.clone());
                let event = deciding.event(ClientDecision { rule, ..deciding.allowed() });
                let state = catalog.state_of(device.client, device.server);
                let mut changes = vec![Change::ExpectCatalog(state), Change::Audit(event)];
                let given = self.consent_to(&device, activation, &granted, &left_out, now).await?;
                if let Some(given) = given {
                    let kind = DecisionKind::Consent;
                    let consent = Deciding { kind, id: DecisionId::at(now), ..deciding };
                    let event = consent.event(consent.allowed());
                    changes.extend([given, Change::Audit(event)]);
                }
                let approval = Approval {
                    user: activation.user.id.clone(),
                    user_version: activation.user.version,
                    auth: activation.session.auth.clone(),
                    granted,
                };
                (State::Approved(approval), changes)
            }
        };
        let Device { artifact, body, .. } = device;
        let moved = DeviceBody { state, ..body }.moved(&artifact, artifact.expires_at);
        self.store.commit(&[vec![moved], others].concat()).await?;
        Ok(outcome)
    }

    /// The device with a pending request under this user code.
    async fn pending_device<'c>(
        &self,
        catalog: &'c Snapshot,
        user_code: &UserCode,
        now: UnixTime,
    ) -> Result<Option<Device<'c>>, StoreError> {
        let name = user_code.name(&self.master_key);
        let artifact = self.store.artifact(ArtifactKind::Device, &name).await?;
        let Some(artifact) = artifact else { return Ok(None) };
        let body = DeviceBody::read(&artifact)?;
        let server = catalog.server(&body.server)?.map(Arc::as_ref);
        let server = server.filter(|server| server.spec.status.is_active());
        let client = catalog.client(body.client.as_str())?.map(Arc::as_ref);
        let client = client.filter(|client| client.spec.status.is_active());
        let is_pending = matches!(body.state, State::Pending) && now < body.ends_at;
        let pending = server.zip(client).filter(|_| is_pending);
        Ok(pending.map(|(server, client)| Device { artifact, body, server, client }))
    }

    /// What the device gets if this user allows the request. A refusal is recorded in the audit log.
    async fn decided(
        &self,
        catalog: &Snapshot,
        device: &Device<'_>,
        activation: &Activation<'_>,
        now: UnixTime,
    ) -> Result<Granted, CallError> {
        let wanted = device.body.wanted();
        let resources = device.body.resources.iter().map(|text| Resource::new(text));
        let resources: Vec<_> = resources.collect();
        let facts = device.facts(activation, &wanted, &resources, now);
        match device.granted(&facts, activation.user) {
            Ok(granted) => Ok(granted),
            Err(error) => {
                let mut deciding = device.deciding(DecisionKind::DeviceApproval, activation, now);
                deciding.denied_by = error.denying_rule().map(str::to_owned);
                deciding.basis = facts.basis_of_refusal(catalog, Some(&error));
                self.record_decision(&deciding, Vec::new(), &OAuthError::from(&error)).await?;
                Err(error)
            }
        }
    }

    /// The change that stores the user's consent. `None` if no scope needs consent. A scope that was left out
    /// is asked for again.
    async fn consent_to(
        &self,
        device: &Device<'_>,
        activation: &Activation<'_>,
        granted: &Granted,
        left_out: &ScopeSet,
        now: UnixTime,
    ) -> Result<Option<Change>, StoreError> {
        let needed =
            needed(device.server, device.client, &granted.scopes, ConsentFor::RequiredScopes);
        if needed.is_empty() {
            return Ok(None);
        }
        let key = ConsentKey {
            server: device.server.id.clone(),
            client: device.client.id.clone(),
            user: activation.user.id.clone(),
        };
        let before = self.store.consent(&key).await?.unwrap_or_else(ScopeSet::empty);
        let scopes = before.difference(left_out).union(&needed);
        Ok(Some(Change::PutConsent { key, scopes, at: now }))
    }
}

/// A device with a pending request.
struct Device<'a> {
    artifact: Artifact,
    body: DeviceBody,
    server: &'a AuthorizationServer,
    client: &'a Client,
}

impl Device<'_> {
    fn question(&self, granted: &Granted) -> DeviceQuestion {
        DeviceQuestion {
            client: self.client.spec.name.clone(),
            scopes: granted.scopes.clone(),
            described: described(self.server, &granted.scopes),
            optional: self.optional(&granted.scopes),
            asked_from: self.body.asked_from,
        }
    }

    /// The scopes that the user may leave out. The page shows all scopes, so this includes scopes that need no
    /// consent.
    fn optional(&self, shown: &ScopeSet) -> ScopeSet {
        optional(self.server, self.client, shown)
    }

    fn facts<'f>(
        &'f self,
        activation: &Activation<'f>,
        wanted: &'f Wanted,
        resources: &'f [Resource<'f>],
        now: UnixTime,
    ) -> Facts<'f> {
        let Self { server, client, .. } = *self;
        let Activation { user, session, address, .. } = *activation;
        Facts {
            server,
            client,
            client_auth: client.spec.auth,
            grant_type: GRANT_TYPE,
            user: Some(user),
            authentication: Some(&session.auth),
            resources,
            address,
            now,
            wanted,
        }
    }

    fn granted(&self, facts: &Facts<'_>, user: &User) -> Result<Granted, CallError> {
        if !self.client.spec.grant_types.contains(GRANT_TYPE) {
            return Err(CallError::UnauthorizedClient);
        }
        assignment::check(self.client, user)?;
        policy::evaluate(facts).granted()
    }

    fn deciding(
        &self,
        kind: DecisionKind,
        activation: &Activation<'_>,
        now: UnixTime,
    ) -> Deciding<'_> {
        Deciding {
            grant_type: Some(GRANT_TYPE),
            scope: self.body.wanted().known_to(self.server),
            user: Some(activation.user.id.clone()),
            address: activation.address,
            ..Deciding::new(kind, self.server, self.client, now)
        }
    }
}
