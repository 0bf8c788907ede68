//! The ledger: what running leaves behind.

use std::borrow::Cow;

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use scopegate_core::audit::AuditEvent;
use scopegate_core::store::{Change, Ledger, StoreError};
use scopegate_jose::sha256;

use crate::SqlStore;
use crate::database::{Transaction, Value};
use crate::error::unavailable;

/// A batch that is sent again because its answer got lost is kept once.
const AUDIT: &str = "\
    INSERT INTO audit_event (id, happened_at, server, client, body) VALUES {rows} \
    ON CONFLICT DO NOTHING";
const AUDIT_WIDTH: usize = 5;

const USE: &str = "\
    INSERT INTO used_assertion (client, jti_sha256, expires_at) VALUES {rows} \
    ON CONFLICT DO NOTHING";
const USE_WIDTH: usize = 3;

/// Deletes a part only, so that nobody waits long.
const FORGET: &str = "\
    DELETE FROM used_assertion WHERE (client, jti_sha256) IN \
    (SELECT client, jti_sha256 FROM used_assertion WHERE expires_at <= $1 LIMIT 1000)";
const FORGET_LIMIT: u64 = 1000;

#[async_trait]
impl Ledger for SqlStore {
    async fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let rows = Rows::of(changes)?;
        let mut transaction = self.database.begin().await?;
        match rows.write(&mut transaction).await {
            Ok(()) => transaction.commit().await,
            Err(StoreError::Conflict) => {
                transaction.rollback().await?;
                Err(StoreError::Conflict)
            }
            Err(other) => Err(other),
        }
    }

    async fn forget_expired(&self, now: UnixTime) -> Result<(), StoreError> {
        loop {
            let mut transaction = self.database.begin().await?;
            let forgotten = transaction.execute(FORGET, &[seconds(now).into()]).await?;
            transaction.commit().await?;
            if forgotten < FORGET_LIMIT {
                return Ok(());
            }
        }
    }
}

/// Changes as the rows that they become, those of a table together.
#[derive(Default)]
struct Rows<'a> {
    audit: Vec<AuditRow<'a>>,
    used: Vec<UsedRow<'a>>,
}

struct AuditRow<'a> {
    id: String,
    happened_at: i64,
    server: Cow<'a, str>,
    client: Cow<'a, str>,
    body: String,
}

#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct UsedRow<'a> {
    client: &'a str,
    jti_sha256: [u8; 32],
    expires_at: i64,
}

impl<'a> Rows<'a> {
    fn of(changes: &'a [Change]) -> Result<Self, StoreError> {
        let mut rows = Self::default();
        for change in changes {
            match change {
                Change::Audit(event) => rows.audit.push(AuditRow::of(event)?),
                Change::UseAssertion { client, jti, expires_at } => rows.used.push(UsedRow {
                    client: client.as_str(),
                    jti_sha256: sha256(jti.as_bytes()),
                    expires_at: seconds(*expires_at),
                }),
            }
        }
        // Where everybody takes locks in the same order, nobody waits in a circle.
        rows.used.sort_unstable();
        Ok(rows)
    }

    /// Writes what can conflict first.
    async fn write(&self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let values: Vec<_> = self.used.iter().flat_map(UsedRow::values).collect();
        let used = transaction.insert(USE, USE_WIDTH, &values).await?;
        if used != self.used.len() as u64 {
            return Err(StoreError::Conflict);
        }
        let values: Vec<_> = self.audit.iter().flat_map(AuditRow::values).collect();
        transaction.insert(AUDIT, AUDIT_WIDTH, &values).await.map(drop)
    }
}

impl<'a> AuditRow<'a> {
    fn of(event: &'a AuditEvent) -> Result<Self, StoreError> {
        Ok(Self {
            id: event.id.to_string(),
            happened_at: seconds(event.at),
            server: without_nul(&event.server),
            client: without_nul(&event.client),
            body: serde_json::to_string(event).map_err(unavailable)?,
        })
    }

    fn values(&self) -> [Value<'_>; AUDIT_WIDTH] {
        let Self { id, happened_at, server, client, body } = self;
        [
            id.as_str().into(),
            (*happened_at).into(),
            server.as_ref().into(),
            client.as_ref().into(),
            body.as_str().into(),
        ]
    }
}

impl UsedRow<'_> {
    fn values(&self) -> [Value<'_>; USE_WIDTH] {
        let Self { client, jti_sha256, expires_at } = self;
        [(*client).into(), jti_sha256.as_slice().into(), (*expires_at).into()]
    }
}

/// No text of PostgreSQL holds a NUL, but what a stranger sent may.
fn without_nul(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text.into(),
    }
}

/// A time as a column holds it: at most the year 9999, so it fits.
const fn seconds(time: UnixTime) -> i64 {
    time.as_seconds().cast_signed()
}
