//! The secret of a hook, as it is stored.

use std::fmt;

use scopegate_jose::{MasterKey, base64url, constant_time_eq};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The stored form of a secret that this server sends to a hook or signs with.
///
/// It is sealed, because the server needs the secret itself. The context of the seal has the name of the
/// hook, so that a secret that is copied to another hook does not open there. An HMAC of the secret tells
/// whether two are the same without opening them: sealing the same secret twice gives different bytes.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HookSecret {
    mac: String,
    sealed: String,
}

/// A secret of a hook does not open: it was sealed for another hook or another storage, or it was restored
/// from the history, which has no secrets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the secret of the hook does not open: write it again in the catalog")]
pub struct UnopenedSecret;

impl HookSecret {
    /// Makes the stored form. `mac` is the HMAC of the secret's SHA-256, `sealed` is what
    /// [`seal`](Self::seal) returned.
    pub fn new(mac: &[u8; 32], sealed: &[u8]) -> Self {
        Self { mac: base64url::encode(mac), sealed: base64url::encode(sealed) }
    }

    /// A secret that is not known any more. It opens nowhere.
    pub fn forgotten() -> Self {
        Self { mac: String::new(), sealed: String::new() }
    }

    /// Seals the secret of a hook.
    ///
    /// The key follows from the key of the HMACs, which stays the same if the master key is changed. So the
    /// secrets of hooks need not be sealed again then.
    pub fn seal(master_key: &MasterKey, hook: &str, secret: &str) -> Vec<u8> {
        let sealed = master_key.seal_data(&context(hook), secret.as_bytes());
        sealed.expect("AES-256-GCM seals a short text")
    }

    /// Opens the secret.
    ///
    /// # Errors
    ///
    /// [`UnopenedSecret`] if it was sealed for another hook or under another key.
    pub fn open(
        &self,
        master_key: &MasterKey,
        hook: &str,
    ) -> Result<Zeroizing<String>, UnopenedSecret> {
        let sealed = base64url::decode(&self.sealed).map_err(|_| UnopenedSecret)?;
        let opened = master_key.open_data(&context(hook), &sealed).map_err(|_| UnopenedSecret)?;
        let text = std::str::from_utf8(&opened).map_err(|_| UnopenedSecret)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// An id of the secret in its store, for exports. The secret does not follow from it.
    pub fn kept_id(&self) -> String {
        const LENGTH: usize = 12;
        let hash =
            scopegate_jose::sha256(&[b"kept hook secret".as_slice(), self.mac.as_bytes()].concat());
        base64url::encode(&hash[..LENGTH])
    }
}

fn context(hook: &str) -> String {
    format!("hook secret {hook}")
}

/// Two secrets are equal if their HMACs are.
impl PartialEq for HookSecret {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(self.mac.as_bytes(), other.mac.as_bytes())
    }
}

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_own_hook_and_key_only() {
        let key = MasterKey::generate();
        let sealed = HookSecret::seal(&key, "billing", "open sesame");
        let secret = HookSecret::new(&[7; 32], &sealed);
        assert_eq!(**secret.open(&key, "billing").unwrap(), *"open sesame");
        assert_eq!(secret.open(&key, "other"), Err(UnopenedSecret));
        assert_eq!(secret.open(&MasterKey::generate(), "billing"), Err(UnopenedSecret));
        assert_eq!(HookSecret::forgotten().open(&key, "billing"), Err(UnopenedSecret));
    }

    #[test]
    fn the_same_secret_sealed_twice_is_equal_and_has_one_id() {
        let key = MasterKey::generate();
        let secret = |mac| HookSecret::new(&mac, &HookSecret::seal(&key, "billing", "s"));
        let (one, again, other) = (secret([7; 32]), secret([7; 32]), secret([8; 32]));
        assert_ne!(one.sealed, again.sealed);
        assert_eq!(one, again);
        assert_eq!(one.kept_id(), again.kept_id());
        assert_ne!(one, other);
        assert_ne!(one.kept_id(), other.kept_id());
    }

    #[test]
    fn debug_output_contains_nothing_of_the_secret() {
        assert_eq!(format!("{:?}", HookSecret::new(&[7; 32], b"sealed")), "HookSecret(…)");
    }
}
