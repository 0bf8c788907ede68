//! Checks a catalog file without a store.

use std::path::Path;

use scopegate_claims::Issuer;
use scopegate_core::catalog::{ClientId, ClientSecret, UserId};
use scopegate_core::catalog_file::{CatalogContext, CatalogFile, CatalogSource};

use super::failure::CliError;
use super::input;

/// Reads and checks a catalog file. Clients that were made in a store are unknown to it.
pub(super) fn parse(path: &Path, base: Option<&Issuer>) -> Result<CatalogFile, CliError> {
    parse_with(path, &WithoutStore { base, is_lenient: false })
}

/// The same, but secrets that only a store knows are accepted.
pub(super) fn parse_leniently(path: &Path, base: Option<&Issuer>) -> Result<CatalogFile, CliError> {
    parse_with(path, &WithoutStore { base, is_lenient: true })
}

fn parse_with(path: &Path, context: &WithoutStore<'_>) -> Result<CatalogFile, CliError> {
    let name = path.display().to_string();
    let source = CatalogSource { name: &name, content: &input::read(path)? };
    let file = CatalogFile::parse(&source, context);
    file.map_err(|errors| CliError::BadInput(errors.to_string()))
}

/// What a catalog file may refer to where there is no store.
struct WithoutStore<'a> {
    base: Option<&'a Issuer>,
    /// Whether each secret that a store may have is accepted.
    is_lenient: bool,
}

impl CatalogContext for WithoutStore<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        // The result is not kept.
        *sha256
    }

    fn seal_password(&self, _user: &UserId, _phc: &str) -> Vec<u8> {
        // The result is not kept.
        Vec::new()
    }

    fn kept_secret(&self, _client: &ClientId, _id: &str) -> Option<ClientSecret> {
        // Only the store knows whether it has this secret. The result is not kept.
        self.is_lenient.then(|| ClientSecret::from_mac([0; 32]))
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        self.base
    }
}
