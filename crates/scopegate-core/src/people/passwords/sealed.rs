//! Password hashes as they are stored: sealed, so that passwords cannot be guessed from a copy of
//! the database.

use scopegate_jose::MasterKey;
use zeroize::Zeroizing;

use crate::catalog::UserId;

/// Seals the hash (a PHC string) of a user's password.
///
/// # Panics
///
/// If the cryptographic library fails on memory that it was given.
pub fn seal_hash(master_key: &MasterKey, user: &UserId, phc: &str) -> Vec<u8> {
    let sealed = master_key.seal(&context(user), phc.as_bytes());
    sealed.expect("AES-256-GCM encrypts a short text")
}

/// Opens a hash that was sealed for this user; `None` if it was not.
pub(crate) fn open_hash(
    master_key: &MasterKey,
    user: &UserId,
    sealed: &[u8],
) -> Option<Zeroizing<String>> {
    let opened = master_key.open(&context(user), sealed).ok()?;
    std::str::from_utf8(&opened).ok().map(|phc| Zeroizing::new(phc.to_owned()))
}

/// Binds a sealed hash to its user. Copied to the row of another user, it does not open.
pub(crate) fn context(user: &UserId) -> String {
    format!("password {user}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_opens_for_its_user_and_under_its_key_only() {
        let (key, alice) = (MasterKey::generate(), UserId::generate());
        let sealed = seal_hash(&key, &alice, "$argon2id$");
        assert_eq!(open_hash(&key, &alice, &sealed).unwrap().as_str(), "$argon2id$");
        assert!(open_hash(&key, &UserId::generate(), &sealed).is_none());
        assert!(open_hash(&MasterKey::generate(), &alice, &sealed).is_none());
        assert!(open_hash(&key, &alice, b"").is_none());
    }
}
