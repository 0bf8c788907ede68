//! What a catalog file would change, for a caller who sends the file.

use scopegate_claims::Issuer;

use super::apply::{self, ApplyError, Mode, Planned, StoredClients, Terms};
use super::edit_catalog::CatalogDoor;
use super::plan::Ownership;
use super::reach::{AccessChange, access, stored_users};
use crate::audit::Actor;
use crate::authority::Authority;
use crate::catalog::{ClientId, ClientSecret, UserId};
use crate::catalog_file::{CatalogContext, CatalogErrors, CatalogFile, CatalogSource};
use crate::client_auth::secret_mac;
use crate::people::passwords::seal_hash;
use crate::store::StoreError;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "whoever answers must decide about a new variant")]
pub enum NoPlan {
    /// The file is wrong.
    #[error(transparent)]
    File(#[from] CatalogErrors),
    /// The file would be refused.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

impl Authority {
    /// The changes that a catalog file would make, and the access that clients would gain and lose. Nothing is
    /// written.
    ///
    /// The file may not read the environment of this process: `{ env = … }` is refused as if the variable were
    /// not set.
    ///
    /// # Errors
    ///
    /// [`NoPlan`] if the file is wrong or would be refused, or if the storage fails.
    pub async fn plan_catalog(
        &self,
        source: &CatalogSource<'_>,
        ownership: Ownership,
        actor: &Actor,
    ) -> Result<(Planned, Vec<AccessChange>), NoPlan> {
        let catalog = self.catalog();
        let base = &catalog.org().issuer;
        let clients = StoredClients::read(&*self.store, ownership.owner).await?;
        let file = CatalogFile::parse(source, &Context { authority: self, base, clients })?;
        let door = CatalogDoor { store: &*self.store, base, actor, now: self.clock.now() };
        let terms = Terms { ownership, ..Terms::of(Mode::DryRun) };
        let planned = apply::plan_as(&door, &file, terms).await?;
        let users = stored_users(&*self.store).await?.users;
        let before = &planned.catalog;
        let after = before.edited(before.version() + 1, planned.plan.edits().to_vec());
        let access = access(before, &after, &users);
        Ok((planned, access))
    }
}

struct Context<'a> {
    authority: &'a Authority,
    base: &'a Issuer,
    clients: StoredClients,
}

impl CatalogContext for Context<'_> {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        secret_mac(&self.authority.master_key, sha256)
    }

    fn seal_password(&self, user: &UserId, phc: &str) -> Vec<u8> {
        seal_hash(&self.authority.master_key, user, phc)
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        Some(self.base)
    }

    fn has_client(&self, id: &ClientId) -> bool {
        self.clients.has_client_of_others(id)
    }

    fn kept_secret(&self, client: &ClientId, id: &str) -> Option<ClientSecret> {
        self.clients.kept_secret(client, id)
    }
}
