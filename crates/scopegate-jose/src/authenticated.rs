//! What a layer leaves in a request for the extractors.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use scopegate_claims::{Clock, Requirement, SystemClock, UnixTime};
use serde::de::DeserializeOwned;

use crate::{ChallengeSettings, JoseError, Refusal, RefusalCause, Verified};

/// The one entry that a layer leaves among the extensions of a request.
///
/// Not generic, so that whoever only asks for scopes need not name the type of the extra claims.
#[derive(Clone, Debug)]
pub struct Authenticated {
    token: Option<Arc<Verified>>,
    settings: Arc<ChallengeSettings>,
    at: Option<UnixTime>,
}

impl Authenticated {
    /// A request with a good token.
    pub fn new(token: Arc<Verified>, settings: Arc<ChallengeSettings>) -> Self {
        Self { token: Some(token), settings, at: None }
    }

    /// A request without a token, where that is allowed.
    pub fn anonymous(settings: Arc<ChallengeSettings>) -> Self {
        Self { token: None, settings, at: None }
    }

    /// The same, decided at this time by the layer's clock.
    #[must_use]
    pub fn at(mut self, time: UnixTime) -> Self {
        self.at = Some(time);
        self
    }

    /// The time of the request, by the clock of the layer if it said so, else by the system's.
    pub fn time(&self) -> UnixTime {
        self.at.unwrap_or_else(|| SystemClock.now())
    }

    /// The token if it holds the scopes that are required, else the refusal to answer with.
    ///
    /// Every guard asks here, whatever protocol it speaks, so that all give the same answers.
    pub fn allow(&self, requirement: &Requirement) -> Result<&Arc<Verified>, Refusal> {
        let token = self.token.as_ref().ok_or_else(|| self.refuse(RefusalCause::NoToken))?;
        let held = token.claims().scopes();
        if requirement.allows(held) {
            return Ok(token);
        }
        Err(self.refuse(RefusalCause::InsufficientScope { needed: requirement.needed(held) }))
    }

    /// A refusal in the form that the layer was set to.
    pub fn refuse(&self, cause: RefusalCause) -> Refusal {
        Refusal::new(cause).with_settings(Arc::clone(&self.settings))
    }

    /// The token.
    pub fn token(&self) -> Option<&Arc<Verified>> {
        self.token.as_ref()
    }

    /// The claims that the service adds, when the layer was told to read them.
    pub fn extra(&self) -> Option<&ExtraClaims> {
        self.token.as_ref()?.extra()
    }

    /// How a refusal is to be written.
    pub fn settings(&self) -> &Arc<ChallengeSettings> {
        &self.settings
    }
}

/// Claims of a service's own type, read once and shared by the requests that bring the same token.
///
/// ```
/// # use scopegate_claims::{Audience, Claims, Dialect, Issuer, UnixTime};
/// # use scopegate_jose::*;
/// # let issuer = Issuer::parse("https://id.example.com").unwrap();
/// # let audience = Audience::parse("api://orders").unwrap();
/// # let key = SigningKey::generate(Algorithm::EdDsa)?;
/// # let claims = Claims::builder(&issuer, UnixTime::from_seconds(9)).audience(audience.clone()).build();
/// # let tenant = serde_json::json!({ "tenant": "acme" });
/// # let token = key.sign(TokenType::AccessToken, &claims.in_dialect_with(Dialect::Both, &tenant))?;
/// # let keys = KeySet::from_keys([key.verifying_key()?]);
/// # let rules = Rules::new(issuer, AudienceRule::any_of([audience]));
/// # let verified = verify_access_token(&token, &keys, &rules, UnixTime::from_seconds(1))?;
/// #[derive(serde::Deserialize)]
/// struct Tenant {
///     tenant: String,
/// }
///
/// let extra = ExtraClaims::of::<Tenant>(&verified)?;
/// assert_eq!(extra.downcast_ref::<Tenant>().unwrap().tenant, "acme");
/// assert!(extra.downcast_ref::<String>().is_none());
///
/// #[derive(serde::Deserialize)]
/// struct Region {
///     #[allow(dead_code)]
///     region: String,
/// }
///
/// assert_eq!(ExtraClaims::of::<Region>(&verified).unwrap_err().reason(), "extra_claims");
/// # Ok::<(), JoseError>(())
/// ```
#[derive(Clone)]
pub struct ExtraClaims {
    value: Arc<dyn Any + Send + Sync>,
    type_name: &'static str,
}

impl ExtraClaims {
    /// Reads the claims of this type.
    pub fn of<X: DeserializeOwned + Send + Sync + 'static>(
        token: &Verified,
    ) -> Result<Self, JoseError> {
        let value = Arc::new(token.deserialize::<X>()?);
        Ok(Self { value, type_name: type_name::<X>() })
    }

    /// The claims, if they are of this type.
    pub fn downcast_ref<X: 'static>(&self) -> Option<&X> {
        self.value.downcast_ref()
    }

    /// The claims to keep, if they are of this type.
    pub fn downcast<X: Send + Sync + 'static>(&self) -> Option<Arc<X>> {
        Arc::clone(&self.value).downcast().ok()
    }

    /// The name of their type, for the log entry about a wrong one.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }
}

impl fmt::Debug for ExtraClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExtraClaims").field(&self.type_name).finish()
    }
}
