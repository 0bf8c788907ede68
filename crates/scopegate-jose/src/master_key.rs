//! The key that encrypts all other secrets at rest.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::{JoseError, base64url, random_bytes};

const LEN: usize = 32;

const TAG_LEN: usize = 16;

/// The first byte of a sealed secret. Another format would use another byte.
const VERSION: u8 = 1;

/// The key that protects all other secrets at rest.
///
/// It is never used directly. Each purpose has its own key, derived with HKDF-SHA-256 (RFC 5869),
/// so that a value made for one purpose cannot be used for another.
///
/// ```
/// use scopegate_jose::MasterKey;
///
/// let key = MasterKey::generate();
/// let sealed = key.seal("signing-key/k1", b"private")?;
/// assert_eq!(*key.open("signing-key/k1", &sealed)?, b"private");
///
/// assert!(key.open("signing-key/k2", &sealed).is_err());
/// assert!(MasterKey::generate().open("signing-key/k1", &sealed).is_err());
/// # Ok::<(), scopegate_jose::JoseError>(())
/// ```
///
/// # Another master key
///
/// While secrets are sealed again under another key, a process has
/// [several](Self::with_previous). All of them open secrets, and one seals them.
///
/// HMACs cannot be made again under another key, because what they were made of is not stored. So
/// the key of the HMACs is itself a secret that is [sealed](Self::seal_mac_key) under the master
/// key. At first it is derived from the master key, and later it stays the same.
pub struct MasterKey {
    /// The keys that open secrets. The first one is the key that was given, the others are earlier
    /// or later ones.
    keys: Vec<Zeroizing<[u8; LEN]>>,
    /// The place of the key that seals secrets.
    sealing: AtomicUsize,
    mac: hmac::Key,
}

/// The context in which the key of the HMACs is sealed.
const MAC_KEY: &str = "data key mac";

impl MasterKey {
    /// Generates a new key.
    ///
    /// # Panics
    ///
    /// Like [`random_bytes`].
    pub fn generate() -> Self {
        Self::new(Zeroizing::new(random_bytes()))
    }

    /// Reads the key from 43 characters of base64url. White space around them is ignored, because a
    /// file with the key usually ends in a newline.
    pub fn parse(text: &str) -> Result<Self, JoseError> {
        let decoded = base64url::decode(text.trim()).map_err(|_| JoseError::InvalidMasterKey)?;
        let decoded = Zeroizing::new(decoded);
        let mut bytes = Zeroizing::new([0; LEN]);
        if decoded.len() != LEN {
            return Err(JoseError::InvalidMasterKey);
        }
        bytes.copy_from_slice(&decoded);
        Ok(Self::new(bytes))
    }

    fn new(bytes: Zeroizing<[u8; LEN]>) -> Self {
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &*derive(&bytes, "mac", ""));
        Self { keys: vec![bytes], sealing: AtomicUsize::new(0), mac }
    }

    /// The same key, which also opens what another key has sealed.
    #[must_use]
    pub fn with_previous(mut self, previous: &Self) -> Self {
        for key in &previous.keys {
            if !self.keys.contains(key) {
                self.keys.push(key.clone());
            }
        }
        self
    }

    /// Seals with the key of a [fingerprint](Self::fingerprint) from now on. Returns whether that
    /// key is among these. If not, nothing changes.
    pub fn seal_under(&self, fingerprint: &str) -> bool {
        let place = self.keys.iter().position(|key| fingerprint_of(key) == fingerprint);
        if let Some(place) = place {
            self.sealing.store(place, Ordering::SeqCst);
        }
        place.is_some()
    }

    /// Seals the key of the HMACs that is derived from the sealing key, for
    /// [`with_mac_key`](Self::with_mac_key).
    pub fn seal_mac_key(&self) -> Result<Vec<u8>, JoseError> {
        self.seal(MAC_KEY, &*derive(self.sealing_bytes(), "mac", ""))
    }

    /// Seals a sealed key of the HMACs again, under another master key.
    pub fn reseal_mac_key(&self, sealed: &[u8], other: &Self) -> Result<Vec<u8>, JoseError> {
        other.seal(MAC_KEY, &self.open(MAC_KEY, sealed)?)
    }

    /// The same keys with a sealed key of the HMACs.
    pub fn with_mac_key(&self, sealed: &[u8]) -> Result<Self, JoseError> {
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &self.open(MAC_KEY, sealed)?);
        let sealing = AtomicUsize::new(self.sealing.load(Ordering::SeqCst));
        Ok(Self { keys: self.keys.clone(), sealing, mac })
    }

    fn sealing_bytes(&self) -> &[u8; LEN] {
        &self.keys[self.sealing.load(Ordering::SeqCst)]
    }

    /// Writes the key as base64url, in memory that is zeroized on drop.
    pub fn to_base64url(&self) -> Zeroizing<String> {
        Zeroizing::new(base64url::encode(&*self.keys[0]))
    }

    /// The HMAC-SHA-256 of data in a context, for example to store a client secret.
    pub fn mac(&self, context: &str, data: &[u8]) -> [u8; 32] {
        let mut mac = hmac::Context::with_key(&self.mac);
        // The length of the context prevents that bytes move between context and data unnoticed.
        mac.update(&(context.len() as u64).to_be_bytes());
        mac.update(context.as_bytes());
        mac.update(data);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(mac.sign().as_ref());
        bytes
    }

    /// Encrypts a secret with AES-256-GCM. Only the same key with the same context can decrypt it.
    ///
    /// The result is a version byte, a random nonce, the ciphertext and its tag.
    pub fn seal(&self, context: &str, plaintext: &[u8]) -> Result<Vec<u8>, JoseError> {
        seal(self.sealing_bytes(), context, plaintext)
    }

    /// Decrypts a secret that [`seal`](Self::seal) encrypted, into memory that is zeroized on drop.
    ///
    /// A secret that one of the [previous](Self::with_previous) keys encrypted is decrypted, too.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let mut opened = self.keys.iter().map(|key| open(key, context, sealed));
        opened.find(Result::is_ok).unwrap_or(Err(JoseError::CannotOpen))
    }

    /// Encrypts a secret as [`seal`](Self::seal) does, but under a key that follows from the key of the HMACs.
    ///
    /// That key stays the same if the master key is changed, so that the result need not be sealed again.
    pub fn seal_data(&self, context: &str, plaintext: &[u8]) -> Result<Vec<u8>, JoseError> {
        seal(&self.data_key(), context, plaintext)
    }

    /// Decrypts what [`seal_data`](Self::seal_data) encrypted, into memory that is zeroized on drop.
    pub fn open_data(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        open(&self.data_key(), context, sealed)
    }

    fn data_key(&self) -> Zeroizing<[u8; LEN]> {
        Zeroizing::new(self.mac("data key seal", b""))
    }

    /// A string by which a store recognizes its master key. It reveals nothing about the key.
    pub fn fingerprint(&self) -> String {
        fingerprint_of(&self.keys[0])
    }
}

fn fingerprint_of(bytes: &[u8; LEN]) -> String {
    base64url::encode(&derive(bytes, "fingerprint", "")[..16])
}

fn sealing_key(bytes: &[u8; LEN], context: &str) -> Result<LessSafeKey, JoseError> {
    UnboundKey::new(&AES_256_GCM, &*derive(bytes, "seal", context))
        .map(LessSafeKey::new)
        .map_err(|_| JoseError::Crypto)
}

fn seal(key: &[u8; LEN], context: &str, plaintext: &[u8]) -> Result<Vec<u8>, JoseError> {
    let nonce = random_bytes::<NONCE_LEN>();
    let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plaintext.len() + TAG_LEN);
    sealed.push(VERSION);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plaintext);
    let tag = sealing_key(key, context)?
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context.as_bytes()),
            &mut sealed[1 + NONCE_LEN..],
        )
        .map_err(|_| JoseError::Crypto)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

fn open(key: &[u8; LEN], context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, JoseError> {
    let (version, rest) = sealed.split_first().ok_or(JoseError::CannotOpen)?;
    let (nonce, ciphertext) = rest.split_first_chunk().ok_or(JoseError::CannotOpen)?;
    if *version != VERSION {
        return Err(JoseError::CannotOpen);
    }
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let len = sealing_key(key, context)?
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(context.as_bytes()),
            &mut buffer,
        )
        .map_err(|_| JoseError::CannotOpen)?
        .len();
    buffer.truncate(len);
    Ok(buffer)
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").finish_non_exhaustive()
    }
}

/// The key of one purpose in one context.
fn derive(bytes: &[u8; LEN], purpose: &'static str, context: &str) -> Zeroizing<[u8; LEN]> {
    // No purpose contains a zero byte, so the boundary between purpose and context is unambiguous.
    let info = [b"scopegate/1/", purpose.as_bytes(), b"\0", context.as_bytes()];
    let mut key = Zeroizing::new([0; LEN]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"scopegate master key")
        .extract(bytes)
        .expand(&info, hkdf::HKDF_SHA256)
        .and_then(|key_material| key_material.fill(&mut *key))
        .expect("HKDF-SHA-256 can produce 32 bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn key() -> MasterKey {
        MasterKey::parse(TEXT).unwrap()
    }

    #[test]
    fn sealed_data_opens_under_another_master_key_with_the_same_key_of_the_hmacs() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let sealed = old.seal_data("hook", b"secret").unwrap();
        assert_eq!(*old.open_data("hook", &sealed).unwrap(), b"secret");
        assert!(old.open_data("other", &sealed).is_err());
        assert!(old.open("hook", &sealed).is_err(), "it is another key");
        assert!(new.open_data("hook", &sealed).is_err());
        let mac_key = old.reseal_mac_key(&old.seal_mac_key().unwrap(), &new).unwrap();
        let changed = new.with_mac_key(&mac_key).unwrap();
        assert_eq!(*changed.open_data("hook", &sealed).unwrap(), b"secret");
    }

    #[test]
    fn a_key_is_43_characters_of_base64url() {
        assert_eq!(*key().to_base64url(), TEXT);
        assert_eq!(*MasterKey::parse(&format!("{TEXT}\r\n")).unwrap().to_base64url(), TEXT);
        for text in
            ["", "AAEC", &TEXT[..42], &format!("{TEXT}="), &format!("{TEXT}A"), &"A".repeat(44)]
        {
            assert_eq!(MasterKey::parse(text).unwrap_err(), JoseError::InvalidMasterKey, "{text}");
        }
    }

    #[test]
    fn a_sealed_secret_opens_only_in_its_context() {
        for plaintext in [&b""[..], b"x", &[7; 5000]] {
            let sealed = key().seal("a", plaintext).unwrap();
            assert_eq!(**key().open("a", &sealed).unwrap(), *plaintext);
            for context in ["", "b", "a ", "aa"] {
                assert_eq!(key().open(context, &sealed).unwrap_err(), JoseError::CannotOpen);
            }
            let other = MasterKey::generate();
            assert_eq!(other.open("a", &sealed).unwrap_err(), JoseError::CannotOpen);
        }
    }

    #[test]
    fn an_altered_secret_does_not_open() {
        let sealed = key().seal("a", b"secret").unwrap();
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            assert_eq!(key().open("a", &altered).unwrap_err(), JoseError::CannotOpen, "{index}");
            assert!(key().open("a", &sealed[..index]).is_err(), "{index}");
        }
    }

    #[test]
    fn sealing_the_same_secret_twice_gives_different_bytes() {
        assert_ne!(key().seal("a", b"secret").unwrap(), key().seal("a", b"secret").unwrap());
    }

    #[test]
    fn a_mac_depends_on_key_context_and_data() {
        let mac = key().mac("client-secret", b"data");
        assert_eq!(mac, key().mac("client-secret", b"data"));
        assert_ne!(mac, key().mac("client-secretd", b"ata"));
        assert_ne!(mac, key().mac("client-secret", b"Data"));
        assert_ne!(mac, MasterKey::generate().mac("client-secret", b"data"));
    }

    /// Existing databases hold values that were derived this way. A change would make them
    /// unreadable.
    #[test]
    fn derivations_never_change() {
        assert_eq!(key().fingerprint(), "7oIe1ypGbzzGdNScQ039Mw");
        assert_eq!(
            base64url::encode(&key().mac("context", b"data")),
            "n_UpbDQnXn0fVpDl7U_0w54tHjOsyRUT5S5cCEAPb-M"
        );
        let sealed = "AQABAgMEBQYHCAkKC1NidikPPVJ-A6eMFZEOEpZZ3r6zAOc";
        let opened = key().open("context", &base64url::decode(sealed).unwrap()).unwrap();
        assert_eq!(*opened, b"secret");
    }

    #[test]
    fn several_keys_open_and_the_chosen_one_seals() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let (by_old, by_new) = (old.seal("a", b"old").unwrap(), new.seal("a", b"new").unwrap());
        let both = MasterKey::parse(&new.to_base64url()).unwrap().with_previous(&old);
        assert_eq!(both.fingerprint(), new.fingerprint());
        assert_eq!(**both.open("a", &by_old).unwrap(), *b"old");
        assert_eq!(**both.open("a", &by_new).unwrap(), *b"new");
        assert!(both.open("b", &by_old).is_err());
        for (chosen, other) in [(&new, &old), (&old, &new), (&new, &old)] {
            assert!(both.seal_under(&chosen.fingerprint()));
            assert!(!both.seal_under(&MasterKey::generate().fingerprint()));
            let sealed = both.seal("a", b"x").unwrap();
            assert!(chosen.open("a", &sealed).is_ok() && other.open("a", &sealed).is_err());
        }
    }

    #[test]
    fn the_key_of_the_hmacs_stays_the_same_under_another_master_key() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let sealed = old.seal_mac_key().unwrap();
        let mac = old.mac("a", b"data");
        assert_eq!(old.with_mac_key(&sealed).unwrap().mac("a", b"data"), mac);
        assert!(new.with_mac_key(&sealed).is_err());
        let resealed = old.reseal_mac_key(&sealed, &new).unwrap();
        assert_eq!(new.with_mac_key(&resealed).unwrap().mac("a", b"data"), mac);
        assert!(old.with_mac_key(&resealed).is_err());
        assert!(new.reseal_mac_key(&sealed, &old).is_err());
        // It is derived from the key that seals, even if another one was given first.
        let both = MasterKey::parse(&new.to_base64url()).unwrap().with_previous(&old);
        assert!(both.seal_under(&old.fingerprint()));
        let sealed = both.seal_mac_key().unwrap();
        let kept = both.with_mac_key(&sealed).unwrap();
        assert_eq!(kept.mac("a", b"data"), mac);
        assert!(old.open("b", &kept.seal("b", b"x").unwrap()).is_ok(), "the same key seals");
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", key()), "MasterKey { .. }");
    }
}
