//! A request that waits while a person signs in or agrees: it travels sealed with the browser.
//!
//! Nothing is written for a stranger. The seal opens in the browser that began only, and not for long.

use std::fmt;
use std::time::Duration;

use scopegate_claims::{ScopeSet, UnixTime};
use scopegate_jose::{MasterKey, base64url, random_token, sha256};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::catalog::{ServerId, UserId};
use crate::people::session::is_secret;

/// The longest sealed request: twice what may be asked, as base64url of JSON is longer.
const MAX_LENGTH: usize = 24 * 1024;

/// A request that waits for a person. Its parameters are only what was asked: they are checked again.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Interaction {
    /// The server that was asked.
    pub server: ServerId,
    /// What was asked for.
    pub parameters: Vec<(String, String)>,
    /// Where the person wants to go.
    #[serde(default)]
    pub goal: Goal,
    /// When it began.
    pub at: UnixTime,
    /// The browser in which it began: the SHA-256 of its flow cookie.
    #[serde(skip)]
    pub browser: [u8; 32],
    /// When the person signed in for it.
    #[serde(default)]
    pub signed_in: Option<UnixTime>,
    /// Who was asked to agree, and to what.
    #[serde(default)]
    pub asked: Option<(UserId, ScopeSet)>,
}

/// Where a person goes after signing in.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "whoever answers must know where to go")]
pub enum Goal {
    /// To the page that shows who is signed in.
    Account,
    /// To the page that lets a device in.
    Activate,
    /// Back to the client that asked.
    #[default]
    Authorize,
}

/// Why a sealed request does not open.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InteractionError {
    /// It waited too long.
    #[error("the request waited too long")]
    Expired,
    /// It is not ours, was altered, or began in another browser.
    #[error("the request does not open in this browser")]
    NotOurs,
}

impl Interaction {
    /// So long it waits for a person.
    pub const LIFETIME: Duration = Duration::from_secs(30 * 60);

    /// A request that begins to wait.
    pub fn new(
        server: ServerId,
        parameters: Vec<(String, String)>,
        browser: [u8; 32],
        now: UnixTime,
    ) -> Self {
        let goal = Goal::default();
        Self { server, parameters, goal, at: now, browser, signed_in: None, asked: None }
    }

    /// A page for people that waits, with what it was asked.
    pub fn for_page(
        goal: Goal,
        parameters: Vec<(String, String)>,
        browser: [u8; 32],
        now: UnixTime,
    ) -> Self {
        Self { goal, ..Self::new(ServerId::org(), parameters, browser, now) }
    }

    /// The same, with the name of the person whom the client expects, wherever it said so.
    #[must_use]
    pub fn expecting(mut self, login_hint: Option<&str>) -> Self {
        self.parameters.retain(|(name, _)| name != "login_hint");
        let hint = login_hint.map(|login| ("login_hint".to_owned(), login.to_owned()));
        self.parameters.extend(hint);
        self
    }

    /// One of the parameters.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The request, sealed for its browser: fit for a URL.
    pub fn seal(&self, master_key: &MasterKey) -> String {
        let json = serde_json::to_vec(self).expect("a request has text keys only");
        let sealed = master_key.seal(&context(&self.browser), &json);
        base64url::encode(&sealed.expect("a text of this length can be sealed"))
    }

    /// Opens a request that this browser brings back.
    ///
    /// # Errors
    ///
    /// [`InteractionError`]; the person begins again with the client.
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
        let read = serde_json::from_slice::<Self>(&json).map_err(|_| InteractionError::NotOurs)?;
        match now.since(read.at) < Self::LIFETIME {
            true => Ok(Self { browser, ..read }),
            false => Err(InteractionError::Expired),
        }
    }
}

/// What is sealed for one browser opens in no other.
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

/// The value of the cookie that tells one browser from another. `Debug` hides it.
#[derive(Clone)]
pub struct FlowSecret(Zeroizing<String>);

impl FlowSecret {
    /// A new secret.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random_token(32)))
    }

    /// The secret that a cookie holds; none if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        is_secret(text).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The secret as the cookie holds it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The browser that has it.
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
    fn a_request_opens_in_its_own_browser_for_half_an_hour() {
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
        let stranger = FlowSecret::generate().browser();
        assert_eq!(open(&sealed, stranger, NOW).err(), not_ours);
        assert_eq!(open(&sealed[1..], flow.browser(), NOW).err(), not_ours);
        assert_eq!(open("é", flow.browser(), NOW).err(), not_ours);
        let other_key = MasterKey::generate();
        assert!(Interaction::open(&sealed, &other_key, flow.browser(), NOW).is_err());
    }

    #[test]
    fn debug_shows_neither_what_was_asked_nor_the_cookie() {
        let flow = FlowSecret::generate();
        let pairs = vec![("state".to_owned(), "hush".to_owned())];
        let interaction = Interaction::new(ServerId::org(), pairs, flow.browser(), NOW);
        assert!(!format!("{interaction:?}").contains("hush"));
        assert_eq!(format!("{flow:?}"), "FlowSecret(…)");
        assert!(FlowSecret::parse(flow.as_str()).is_some());
        assert!(FlowSecret::parse("short").is_none());
    }
}
