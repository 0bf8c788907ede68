//! Writing the catalog of a test into a store.

use std::fmt::Display;

use scopegate_claims::{Issuer, UnixTime};
use scopegate_core::administration::apply::{Applied, ApplyError, Mode, apply};
use scopegate_core::administration::edit_catalog::CatalogDoor;
use scopegate_core::audit::Actor;
use scopegate_core::catalog::UserId;
use scopegate_core::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use scopegate_core::client_auth::secret_mac;
use scopegate_core::people::passwords::seal_hash;
use scopegate_core::store::CatalogStore;
use scopegate_jose::MasterKey;

use crate::authorization_server::base;

/// The secret of a client whose catalog says `secrets = [{ env = "…" }]` with its own id.
pub fn secret_of(client: &str) -> String {
    format!("{client}-secret-that-is-long-enough-to-be-one")
}

/// Writes a catalog into a store. An invalid catalog fails the test.
pub async fn write_catalog(
    store: &dyn CatalogStore,
    catalog: impl Display,
    master_key: &MasterKey,
    now: UnixTime,
) {
    try_write_catalog(store, catalog, master_key, now).await.expect("the catalog is applied");
}

/// Like [`write_catalog`], for a catalog that the store may refuse.
pub(crate) async fn try_write_catalog(
    store: &dyn CatalogStore,
    catalog: impl Display,
    master_key: &MasterKey,
    now: UnixTime,
) -> Result<Applied, ApplyError> {
    let content = catalog.to_string();
    let source = CatalogSource { name: "catalog.toml", content: content.as_bytes() };
    let file = CatalogFile::parse(&source, &Context { base: &base(), master_key });
    let file = file.unwrap_or_else(|errors| wrong(&errors.to_string()));
    let (base, actor) = (base(), Actor::file("catalog.toml"));
    let door = CatalogDoor { store, base: &base, actor: &actor, now };
    apply(&door, &file, Mode::Write).await
}

struct Context<'a> {
    base: &'a Issuer,
    master_key: &'a MasterKey,
}

impl CatalogContext for Context<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        Some(secret_of(name))
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        secret_mac(self.master_key, sha256)
    }

    fn seal_password(&self, user: &UserId, phc: &str) -> Vec<u8> {
        seal_hash(self.master_key, user, phc)
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        Some(self.base)
    }
}

#[expect(clippy::panic, reason = "it is how a test fails")]
fn wrong(errors: &str) -> ! {
    panic!("{errors}")
}
