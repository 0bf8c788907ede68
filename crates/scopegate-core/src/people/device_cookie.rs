//! The device cookie: it identifies a browser in which a user has signed in before.
//!
//! Wrong passwords from such a browser are counted separately, so that an attacker who guesses
//! passwords does not lock users out of their own browsers. The cookie is not a credential: it does
//! not sign a user in.

use std::fmt;
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::{MasterKey, base64url, random_token};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::catalog::UserId;

/// Binds the seal to this purpose. A value that was sealed for another purpose does not open.
const CONTEXT: &str = "device cookie";

/// The maximum length of a sealed value, in characters. A device cookie has about 200.
const MAX_LENGTH: usize = 512;

/// The value of a device cookie. `Debug` hides it.
#[derive(Clone)]
pub struct DeviceCookie(Zeroizing<String>);

/// The content of a device cookie, which is sealed.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnownBrowser {
    /// The user who signed in.
    pub(crate) user: UserId,
    /// A random id. Each sign-in makes a new one.
    pub(crate) id: String,
    /// The generation of the password that was used. After the user changes the password, the
    /// cookie is no longer valid.
    pub(crate) password: u64,
    /// When the user signed in.
    at: UnixTime,
}

impl DeviceCookie {
    /// How long a device cookie is valid: 365 days.
    pub const LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);

    /// Parses the value that a browser sent; `None` if it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_value = (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed);
        is_value.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The value of the cookie.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A cookie for a browser in which a user has just signed in.
    pub(crate) fn new(user: &UserId, password: u64, now: UnixTime, master_key: &MasterKey) -> Self {
        let browser = KnownBrowser { user: user.clone(), id: random_token(16), password, at: now };
        let json = serde_json::to_vec(&browser).expect("its members are texts and numbers");
        let sealed = master_key.seal(CONTEXT, &json).expect("AES-256-GCM encrypts a short text");
        Self(Zeroizing::new(base64url::encode(&sealed)))
    }

    /// The browser that the cookie identifies; `None` if the cookie was not made by this
    /// installation, was altered, or is older than [`Self::LIFETIME`].
    pub(crate) fn open(&self, master_key: &MasterKey, now: UnixTime) -> Option<KnownBrowser> {
        let sealed = base64url::decode(&self.0).ok()?;
        let json = master_key.open(CONTEXT, &sealed).ok()?;
        let browser = serde_json::from_slice::<KnownBrowser>(&json).ok()?;
        (now.since(browser.at) < Self::LIFETIME).then_some(browser)
    }
}

impl fmt::Debug for DeviceCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceCookie(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    #[test]
    fn a_device_cookie_opens_under_its_key_for_a_year() {
        let (master_key, alice) = (MasterKey::generate(), UserId::generate());
        let cookie = DeviceCookie::new(&alice, 3, NOW, &master_key);
        let shown = DeviceCookie::parse(cookie.as_str()).unwrap();
        let browser = shown.open(&master_key, NOW).unwrap();
        assert_eq!((&browser.user, browser.password), (&alice, 3));

        let hour = Duration::from_secs(3600);
        assert!(shown.open(&master_key, NOW.minus(hour)).is_some(), "the clock was set back");
        let end = NOW.plus(DeviceCookie::LIFETIME);
        assert!(shown.open(&master_key, end.minus(Duration::from_secs(1))).is_some());
        assert!(shown.open(&master_key, end).is_none());
        assert!(shown.open(&MasterKey::generate(), NOW).is_none());
    }

    #[test]
    fn each_device_cookie_has_an_id_of_its_own() {
        let (master_key, alice) = (MasterKey::generate(), UserId::generate());
        let id =
            || DeviceCookie::new(&alice, 0, NOW, &master_key).open(&master_key, NOW).unwrap().id;
        assert_ne!(id(), id());
    }

    #[test]
    fn a_cookie_that_was_altered_or_sealed_for_another_purpose_does_not_open() {
        let (master_key, alice) = (MasterKey::generate(), UserId::generate());
        let cookie = DeviceCookie::new(&alice, 0, NOW, &master_key);
        let opens = |text: &str| {
            DeviceCookie::parse(text).is_some_and(|cookie| cookie.open(&master_key, NOW).is_some())
        };
        assert!(opens(cookie.as_str()));
        let other = master_key.seal("interaction", b"{}").unwrap();
        for text in ["", "x", &cookie.as_str()[4..], &base64url::encode(&other), &"A".repeat(513)] {
            assert!(!opens(text), "{text}");
        }
    }

    #[test]
    fn debug_does_not_show_a_device_cookie() {
        let cookie = DeviceCookie::new(&UserId::generate(), 0, NOW, &MasterKey::generate());
        assert_eq!(format!("{cookie:?}"), "DeviceCookie(…)");
    }
}
