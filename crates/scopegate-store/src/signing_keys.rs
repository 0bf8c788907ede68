//! Signing keys, sealed by who stores them.

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_core::catalog::ServerId;
use scopegate_core::store::{KeyPhase, KeyStore, StoreError, StoredKey};
use scopegate_jose::Algorithm;

use crate::SqlStore;
use crate::database::Row;
use crate::error::unavailable;

const ALL: &str = "\
    SELECT server, kid, algorithm, phase, since, public_jwk, sealed FROM signing_key \
    ORDER BY server, since, kid";

const INSERT: &str = "\
    INSERT INTO signing_key (server, kid, algorithm, phase, since, public_jwk, sealed) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

#[async_trait]
impl KeyStore for SqlStore {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.database.read(ALL, &[], read_key).await
    }

    async fn insert_signing_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let StoredKey { server, kid, algorithm, phase, since, public, sealed } = key;
        let public = serde_json::to_string(public).map_err(unavailable)?;
        let values = [
            server.as_str().into(),
            kid.as_str().into(),
            algorithm.name().into(),
            phase.as_str().into(),
            since.as_seconds().cast_signed().into(),
            public.as_str().into(),
            sealed.as_slice().into(),
        ];
        let mut transaction = self.database.begin().await?;
        if transaction.execute(INSERT, &values).await? == 0 {
            transaction.rollback().await?;
            return Err(StoreError::Conflict);
        }
        transaction.commit().await
    }
}

fn read_key(row: &Row<'_>) -> Result<StoredKey, StoreError> {
    let (server, kid) = (row.text("server")?, row.text("kid")?);
    let corrupt =
        |what: &str| StoreError::Corrupt(format!("signing key {kid} of {server}: {what}"));
    let public = serde_json::from_str(&row.text("public_jwk")?);
    Ok(StoredKey {
        server: match server.as_str() {
            ServerId::ORG => ServerId::org(),
            custom => ServerId::parse(custom).map_err(|_| corrupt("its server"))?,
        },
        algorithm: Algorithm::from_name(&row.text("algorithm")?)
            .ok_or_else(|| corrupt("its algorithm"))?,
        phase: KeyPhase::from_name(&row.text("phase")?).ok_or_else(|| corrupt("its phase"))?,
        since: UnixTime::from_seconds(row.number("since")?),
        public: public.map_err(|_| corrupt("its public key"))?,
        sealed: row.bytes("sealed")?,
        kid: kid.clone(),
    })
}
