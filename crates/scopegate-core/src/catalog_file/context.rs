//! The environment in which a catalog file is read.

use scopegate_claims::Issuer;

use crate::catalog::{ClientId, ClientSecret, EntityKey, HookSecret, UserId};

/// The environment in which a catalog file is read.
///
/// ```
/// use scopegate_claims::Issuer;
/// use scopegate_core::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
/// use scopegate_core::catalog::UserId;
///
/// struct Nothing;
///
/// impl CatalogContext for Nothing {
///     fn variable(&self, _: &str) -> Option<String> {
///         None
///     }
///     fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
///         *sha256 // an HMAC with the master key, if the file is applied
///     }
///     fn seal_password(&self, _: &UserId, phc: &str) -> Vec<u8> {
///         phc.into() // sealed with the master key, if the file is applied
///     }
///     fn issuer_base(&self) -> Option<&Issuer> {
///         None
///     }
/// }
///
/// let parse = |content: &str| {
///     let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
///     CatalogFile::parse(&source, &Nothing)
/// };
/// assert_eq!(parse("version = 3").unwrap().version, 3);
/// assert_eq!(
///     parse("version = 3\ndmeo = true").unwrap_err().to_string(),
///     "catalog.toml:2:1: unknown key \"dmeo\": write \"demo\"",
/// );
/// ```
pub trait CatalogContext {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;

    /// The stored form of a client's secret, given its SHA-256.
    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32];

    /// The stored form of a user's password, given its hash (a PHC string).
    fn seal_password(&self, user: &UserId, phc: &str) -> Vec<u8>;

    /// The secret of a client that the store has under an id, for `{ kept = "ID" }`. `None` if there is no
    /// such secret.
    fn kept_secret(&self, client: &ClientId, id: &str) -> Option<ClientSecret> {
        let _ = (client, id);
        None
    }

    /// The stored form of a hook's secret, as [`HookSecret::seal`] makes it.
    ///
    /// Without a store there is nothing to seal it under. It then opens nowhere.
    fn seal_hook_secret(&self, hook: &str, secret: &str) -> Vec<u8> {
        let _ = (hook, secret);
        Vec::new()
    }

    /// The secret of a hook that the store has under an id, for `{ kept = "ID" }`. `None` if there is no such
    /// secret.
    fn kept_hook_secret(&self, hook: &str, id: &str) -> Option<HookSecret> {
        let _ = (hook, id);
        None
    }

    /// The issuer of the org server, if it is known. No audience may equal an issuer.
    fn issuer_base(&self) -> Option<&Issuer>;

    /// Tells whether the stored entity with this key names this client, which does not exist any more. It is
    /// warned of then. Otherwise a client that does not exist is refused.
    fn dangles(&self, of: &EntityKey, client: &ClientId) -> bool {
        let _ = (of, client);
        false
    }

    /// Tells whether the API owns a client with this id, so that the file may refer to it.
    ///
    /// Clients that a file owns do not count: if this file leaves one out, it will be deleted.
    fn has_client(&self, id: &ClientId) -> bool {
        let _ = id;
        false
    }
}
