//! A request that waits while a user signs in or consents. The browser carries it, sealed.
//!
//! The server stores nothing for a caller who is not authenticated. The sealed request opens only
//! in the browser that started it, and for 30 minutes.

use std::fmt;
use std::time::Duration;

use scopegate_claims::{ScopeSet, UnixTime};
use scopegate_jose::{MasterKey, base64url, random_token, sha256};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::catalog::{ServerId, UserId};
use crate::people::session::is_secret;

/// The maximum length of a sealed request, in characters: twice the maximum length of a request,
/// because base64url of JSON is longer.
const MAX_LENGTH: usize = 24 * 1024;

/// A request that waits for a user. The parameters are those of the original request. They are
/// checked again when it continues.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Interaction {
    /// The authorization server of the request.
    pub server: ServerId,
    /// The parameters of the request.
    pub parameters: Vec<(String, String)>,
    /// Where the user goes after signing in.
    #[serde(default)]
    pub goal: Goal,
    /// When the request arrived.
    pub at: UnixTime,
    /// The browser that sent the request: the SHA-256 of its flow cookie.
    #[serde(skip)]
    pub browser: [u8; 32],
    /// When the user signed in for this request.
    #[serde(default)]
    pub signed_in: Option<UnixTime>,
    /// The user who was asked for consent, and the scopes.
    #[serde(default)]
    pub asked: Option<(UserId, ScopeSet)>,
}

/// Where a user goes after signing in.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "each goal needs its own redirect")]
pub enum Goal {
    /// To the page that shows the signed-in user.
    Account,
    /// To the page on which the user approves a device.
    Activate,
    /// Back to the client that sent the request.
    #[default]
    Authorize,
}

/// Why a sealed request does not open.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InteractionError {
    /// The request is older than [`Interaction::LIFETIME`].
    #[error("the request waited too long")]
    Expired,
    /// The request was not sealed by this installation, was altered, or started in another browser.
    #[error("the request does not open in this browser")]
    NotOurs,
}

impl Interaction {
    /// How long a request waits for the user: 30 minutes.
    pub const LIFETIME: Duration = Duration::from_secs(30 * 60);

    /// A new request that waits for the user.
    pub fn new(
        server: ServerId,
        parameters: Vec<(String, String)>,
        browser: [u8; 32],
        now: UnixTime,
    ) -> Self {
        let goal = Goal::default();
        Self { server, parameters, goal, at: now, browser, signed_in: None, asked: None }
    }

    /// A page of the server that waits for the user, with the parameters of its request.
    pub fn for_page(
        goal: Goal,
        parameters: Vec<(String, String)>,
        browser: [u8; 32],
        now: UnixTime,
    ) -> Self {
        Self { goal, ..Self::new(ServerId::org(), parameters, browser, now) }
    }

    /// The same request with this `login_hint` instead of the one in the parameters, if any.
    #[must_use]
    pub fn expecting(mut self, login_hint: Option<&str>) -> Self {
        self.parameters.retain(|(name, _)| name != "login_hint");
        let hint = login_hint.map(|login| ("login_hint".to_owned(), login.to_owned()));
        self.parameters.extend(hint);
        self
    }

    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The request, sealed for its browser, in characters that a URL may contain.
    pub fn seal(&self, master_key: &MasterKey) -> String {
        let json = serde_json::to_vec(self).expect("a request has text keys only");
        let sealed = master_key.seal(&context(&self.browser), &json);
        base64url::encode(&sealed.expect("a text of this length can be sealed"))
    }

    /// Opens a sealed request that a browser sends back.
    ///
    /// # Errors
    ///
    /// [`InteractionError`]: the user must start again at the client.
    pub fn open(
        text: &str,
        master_key: &MasterKey,
        browser: [u8; 32],
        now: UnixTime,
    ) -> Result<Self, InteractionError> {
        if text.len() > MAX_LENGTH {
            return Err(InteractionError::NotOurs);
        }
        let sealed = base64url::decode(text).map_err(|_| InteractionError::NotOurs)?;
        let json = master_key.open(&context(&browser), &sealed);
        let json = json.map_err(|_| InteractionError::NotOurs)?;
        let request =
            serde_json::from_slice::<Self>(&json).map_err(|_| InteractionError::NotOurs)?;
        match now.since(request.at) < Self::LIFETIME {
            true => Ok(Self { browser, ..request }),
            false => Err(InteractionError::Expired),
        }
    }
}

/// Binds the seal to one browser. In another browser the request does not open.
fn context(browser: &[u8; 32]) -> String {
    format!("interaction {}", base64url::encode(browser))
}

impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, goal, at, .. } = self;
        f.debug_struct("Interaction")
            .field("server", server)
            .field("goal", goal)
            .field("at", at)
            .finish_non_exhaustive()
    }
}

/// The value of the flow cookie, which tells one browser from another. `Debug` hides it.
#[derive(Clone)]
pub struct FlowSecret(Zeroizing<String>);

impl FlowSecret {
    /// A new secret.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random_token(32)))
    }

    /// Parses the value of a cookie; `None` if it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        is_secret(text).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The value of the cookie.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The browser that has this cookie: the SHA-256 of the secret.
    pub fn browser(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }
}

impl fmt::Debug for FlowSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    #[test]
    fn a_request_opens_in_its_own_browser_for_30_minutes() {
        let (master_key, flow) = (MasterKey::generate(), FlowSecret::generate());
        let pairs = vec![("scope".to_owned(), "openid".to_owned())];
        let sealed =
            Interaction::new(ServerId::org(), pairs.clone(), flow.browser(), NOW).seal(&master_key);
        let open = |text: &str, browser, now| Interaction::open(text, &master_key, browser, now);

        let read = open(&sealed, flow.browser(), NOW).unwrap();
        assert_eq!((read.parameters, read.server), (pairs, ServerId::org()));
        assert_eq!(read.browser, flow.browser());

        let later = NOW.plus(Interaction::LIFETIME);
        let not_ours = Some(InteractionError::NotOurs);
        assert_eq!(open(&sealed, flow.browser(), later).err(), Some(InteractionError::Expired));
        let other_browser = FlowSecret::generate().browser();
        assert_eq!(open(&sealed, other_browser, NOW).err(), not_ours);
        assert_eq!(open(&sealed[1..], flow.browser(), NOW).err(), not_ours);
        assert_eq!(open("é", flow.browser(), NOW).err(), not_ours);
        let other_key = MasterKey::generate();
        assert!(Interaction::open(&sealed, &other_key, flow.browser(), NOW).is_err());
    }

    #[test]
    fn debug_shows_neither_the_parameters_nor_the_cookie() {
        let flow = FlowSecret::generate();
        let pairs = vec![("state".to_owned(), "hush".to_owned())];
        let interaction = Interaction::new(ServerId::org(), pairs, flow.browser(), NOW);
        assert!(!format!("{interaction:?}").contains("hush"));
        assert_eq!(format!("{flow:?}"), "FlowSecret(…)");
        assert!(FlowSecret::parse(flow.as_str()).is_some());
        assert!(FlowSecret::parse("short").is_none());
    }
}
