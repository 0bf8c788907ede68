//! The refresh tokens of a client, as an administrator sees and ends them.

use crate::audit::{Actor, AuditEvent, DecisionId, What};
use crate::authority::Authority;
use crate::catalog::{ClientId, ServerId};
use crate::store::{Change, Ended, Family, FamilyId, StoreError};

/// The number of families that one commit ends.
const BATCH: u32 = 200;

impl Authority {
    /// A family of refresh tokens of a client at a server that gives tokens. `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails.
    pub async fn client_family(
        &self,
        server: &ServerId,
        client: &ClientId,
        id: &FamilyId,
    ) -> Result<Option<Family>, StoreError> {
        let now = self.clock.now();
        let is_meant = |family: &Family| {
            family.server == *server
                && family.client == *client
                && !family.revoked
                && now < family.idle_ends_at
                && now < family.ends_at
        };
        Ok(self.store.family(id).await?.filter(is_meant))
    }

    /// Ends one family of refresh tokens.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails, and then nothing has ended.
    pub async fn end_client_family(
        &self,
        actor: &Actor,
        family: &Family,
    ) -> Result<(), StoreError> {
        let named = Some(family.id.to_string());
        self.end_families(actor, std::slice::from_ref(family), named).await
    }

    /// Ends all families of refresh tokens of a client at a server. Returns their number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the storage fails. Some families may have ended then.
    pub async fn end_client_families(
        &self,
        actor: &Actor,
        server: &ServerId,
        client: &ClientId,
    ) -> Result<u64, StoreError> {
        let (mut after, mut ended) = (None, 0);
        loop {
            let now = self.clock.now();
            let page = self.store.families_of_client(server, client, after.as_ref(), now, BATCH);
            let page = page.await?;
            let Some(last) = page.last() else { return Ok(ended) };
            self.end_families(actor, &page, None).await?;
            ended += page.len() as u64;
            after = Some(last.id.clone());
        }
    }

    async fn end_families(
        &self,
        actor: &Actor,
        families: &[Family],
        named: Option<String>,
    ) -> Result<(), StoreError> {
        let Some(first) = families.first() else { return Ok(()) };
        let at = self.clock.now();
        let what = What::FamiliesEnded {
            actor: actor.clone(),
            server: first.server.to_string(),
            client: first.client.to_string(),
            family: named,
            count: families.len() as u64,
        };
        let event = AuditEvent { id: DecisionId::at(at), at, address: None, what };
        let end =
            |family: &Family| Change::EndFamilies { of: Ended::Family(family.id.clone()), at };
        let changes: Vec<_> = families.iter().map(end).chain([Change::Audit(event)]).collect();
        self.store.commit(&changes).await
    }
}
