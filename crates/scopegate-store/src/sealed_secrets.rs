//! Secrets that are sealed under the master key, and the change of that key.

use async_trait::async_trait;
use scopegate_core::catalog::{ServerId, UserId};
use scopegate_core::store::{
    MasterKeyChange, ResealedRow, Resealing, SealedKey, SealedKind, SealedRow, StoreError,
};

use crate::audit_events;
use crate::catalog::NOTIFY;
use crate::database::{Job, Row, Transaction};
use crate::signing_keys;
use crate::sql_store::SqlStore;

const SIGNING_KEYS: &str = "\
    SELECT server, kid, sealed FROM signing_key WHERE phase <> 'dropped' \
    AND (server > $1 OR (server = $1 AND kid > $2)) ORDER BY server, kid LIMIT $3";

const PASSWORDS: &str = "\
    SELECT id, password FROM directory_user WHERE password IS NOT NULL AND id > $1 \
    ORDER BY id LIMIT $2";

/// A key that was moved or sealed meanwhile is left alone.
const RESEAL_KEY: &str = "\
    UPDATE signing_key SET sealed = $4, version = $5 WHERE server = $1 AND kid = $2 AND sealed = $3";

/// The version of the user and the generation of the password stay: the password is the same.
const RESEAL_PASSWORD: &str =
    "UPDATE directory_user SET password = $3 WHERE id = $1 AND password = $2";

const REPLACE: &str = "UPDATE vault SET content = $3 WHERE name = $1 AND content = $2";

#[async_trait]
impl Resealing for SqlStore {
    async fn sealed_after(
        &self,
        kind: SealedKind,
        after: Option<&SealedKey>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        let limit = u64::from(limit).into();
        match kind {
            SealedKind::SigningKeys => {
                let (server, kid) = match after {
                    Some(SealedKey::SigningKey { server, kid }) => (server.as_str(), kid.as_str()),
                    Some(SealedKey::Password(_)) | None => ("", ""),
                };
                let values = [server.into(), kid.into(), limit];
                self.database.read_long(SIGNING_KEYS, &values, read_signing_key).await
            }
            SealedKind::Passwords => {
                let user = match after {
                    Some(SealedKey::Password(user)) => user.as_str(),
                    Some(SealedKey::SigningKey { .. }) | None => "",
                };
                self.database.read_long(PASSWORDS, &[user.into(), limit], read_password).await
            }
        }
    }

    async fn reseal(&self, rows: &[ResealedRow]) -> Result<u64, StoreError> {
        self.database.write(Reseal(rows.to_vec())).await
    }

    async fn change_master_key(&self, change: &MasterKeyChange) -> Result<(), StoreError> {
        self.database.write(ChangeMasterKey(change.clone())).await
    }
}

fn read_signing_key(row: &Row<'_>) -> Result<SealedRow, StoreError> {
    let unknown = |_| StoreError::Corrupt("the server of a signing key has no known form".into());
    let server = ServerId::try_from(row.text("server")?).map_err(unknown)?;
    let key = SealedKey::SigningKey { server, kid: row.text("kid")? };
    Ok(SealedRow { key, sealed: row.bytes("sealed")? })
}

fn read_password(row: &Row<'_>) -> Result<SealedRow, StoreError> {
    let unknown = |_| StoreError::Corrupt("the id of a user has no known form".into());
    let user = UserId::parse(&row.text("id")?).map_err(unknown)?;
    Ok(SealedRow { key: SealedKey::Password(user), sealed: row.bytes("password")? })
}

/// Replaces sealed bytes; the answer is how many rows were written.
struct Reseal(Vec<ResealedRow>);

impl Job for Reseal {
    type Answer = u64;

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
        let is_of_key = |row: &ResealedRow| matches!(row.before.key, SealedKey::SigningKey { .. });
        // Other nodes read the keys again: one that did not open them may do so now.
        let version = match self.0.iter().any(is_of_key) {
            true => signing_keys::next_version(transaction).await?,
            false => 0,
        };
        let mut written = 0;
        for ResealedRow { before, sealed } in &self.0 {
            let (old, new) = (before.sealed.as_slice().into(), sealed.as_slice().into());
            written += match &before.key {
                SealedKey::SigningKey { server, kid } => {
                    let (server, kid) = (server.as_str().into(), kid.as_str().into());
                    transaction
                        .execute(RESEAL_KEY, &[server, kid, old, new, version.into()])
                        .await?
                }
                SealedKey::Password(user) => {
                    transaction.execute(RESEAL_PASSWORD, &[user.as_str().into(), old, new]).await?
                }
            };
        }
        transaction.on_postgres(NOTIFY).await?;
        Ok(written)
    }
}

/// Replaces the texts about the master key. Other nodes are told as of changed signing keys.
struct ChangeMasterKey(MasterKeyChange);

impl Job for ChangeMasterKey {
    type Answer = ();

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let MasterKeyChange { texts, event } = &self.0;
        signing_keys::next_version(transaction).await?;
        for (name, before, after) in texts {
            let values = [name.as_str().into(), before.as_str().into(), after.as_str().into()];
            if transaction.execute(REPLACE, &values).await? != 1 {
                return Err(StoreError::Conflict);
            }
        }
        audit_events::record(transaction, &[event]).await?;
        transaction.on_postgres(NOTIFY).await
    }
}
