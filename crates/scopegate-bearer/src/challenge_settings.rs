//! Settings for the challenge and the body of refusals.

use std::sync::{Arc, LazyLock};

use crate::{BearerChallenge, ProblemJson, RefusalBody, refusal};

/// Settings of a service for its refusals: the parameters of every challenge, and the body.
///
/// ```
/// use scopegate_bearer::{ChallengeSettings, Refusal, RefusalCause};
/// use std::sync::{Arc, LazyLock};
///
/// let settings = Arc::new(ChallengeSettings::new().with_realm("orders"));
/// let refusal = Refusal::new(RefusalCause::NoToken).with_settings(settings);
/// assert_eq!(refusal.challenge().unwrap().to_string(), r#"Bearer realm="orders""#);
/// ```
#[derive(Clone, Debug)]
pub struct ChallengeSettings {
    realm: Option<Box<str>>,
    resource_metadata: Option<Box<str>>,
    body: Arc<dyn RefusalBody>,
}

impl ChallengeSettings {
    /// No realm, no metadata URL, problem documents as bodies.
    pub fn new() -> Self {
        Self { realm: None, resource_metadata: None, body: Arc::new(ProblemJson) }
    }

    /// The default settings, shared.
    pub(crate) fn plain() -> &'static Arc<Self> {
        static PLAIN: LazyLock<Arc<ChallengeSettings>> = LazyLock::new(Arc::default);
        &PLAIN
    }

    /// Sets the realm of every challenge, the name of the protection space (RFC 9110 §11.5).
    #[must_use]
    pub fn with_realm(mut self, realm: &str) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Sets the URL of the resource's metadata in every challenge (RFC 9728 §5.1).
    #[must_use]
    pub fn with_resource_metadata(mut self, url: &str) -> Self {
        self.resource_metadata = Some(url.into());
        self
    }

    /// Sets the writer of the bodies.
    #[must_use]
    pub fn with_body(mut self, body: impl RefusalBody) -> Self {
        self.body = Arc::new(body);
        self
    }

    /// The realm.
    pub fn realm(&self) -> Option<&str> {
        self.realm.as_deref()
    }

    /// The URL of the resource's metadata.
    pub fn resource_metadata(&self) -> Option<&str> {
        self.resource_metadata.as_deref()
    }

    /// The writer of the bodies.
    pub fn body(&self) -> &dyn RefusalBody {
        &*self.body
    }

    /// Whether the head of a request is read if the request is refused: by the body, or by the log at
    /// debug. Otherwise a layer need not copy it.
    pub fn reads_head(&self) -> bool {
        self.body.reads_head() || refusal::is_logged()
    }

    pub(crate) fn apply(&self, mut challenge: BearerChallenge) -> BearerChallenge {
        if let Some(realm) = &self.realm {
            challenge = challenge.with_realm(realm);
        }
        if let Some(url) = &self.resource_metadata {
            challenge = challenge.with_resource_metadata(url);
        }
        challenge
    }
}

impl Default for ChallengeSettings {
    fn default() -> Self {
        Self::new()
    }
}
