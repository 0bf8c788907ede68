//! When clients were last authenticated.

use std::collections::HashMap;

use scopegate_claims::UnixTime;
use scopegate_core::catalog::ClientId;
use scopegate_core::store::StoreError;

use crate::database::{Database, Insert, Job, Row, Transaction, Value};

const ALL: &str = "SELECT client, used_at FROM client_use";

const OF_CLIENT: &str = "SELECT client, used_at FROM client_use WHERE client = $1";

/// Of two nodes that record a use of the same client, the later use stays.
static RECORD: Insert = Insert::new(
    "\
    INSERT INTO client_use (client, used_at) VALUES {rows} ON CONFLICT (client) DO UPDATE SET \
    used_at = excluded.used_at WHERE client_use.used_at < excluded.used_at",
    WIDTH,
);
const WIDTH: usize = 2;

pub(crate) async fn all(database: &Database) -> Result<HashMap<String, UnixTime>, StoreError> {
    Ok(database.read_long(ALL, &[], read).await?.into_iter().collect())
}

pub(crate) async fn of_client(
    database: &Database,
    client: &ClientId,
) -> Result<Option<UnixTime>, StoreError> {
    let found = database.read(OF_CLIENT, &[client.as_str().into()], read).await?;
    Ok(found.into_iter().next().map(|(_, used_at)| used_at))
}

fn read(row: &Row<'_>) -> Result<(String, UnixTime), StoreError> {
    Ok((row.text("client")?, row.time("used_at")?))
}

/// Records uses, in the order of the clients: nodes that do it at the same time cannot deadlock.
pub(crate) struct RecordUses(Vec<(ClientId, UnixTime)>);

impl RecordUses {
    pub(crate) fn of(uses: &[(ClientId, UnixTime)]) -> Self {
        let mut newest = std::collections::BTreeMap::new();
        for (client, at) in uses {
            let known = newest.entry(client.clone()).or_insert(*at);
            *known = (*known).max(*at);
        }
        Self(newest.into_iter().collect())
    }
}

impl Job for RecordUses {
    type Answer = ();

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let pairs = self.0.iter();
        let values = pairs.flat_map(|(client, at)| [Value::from(client.as_str()), (*at).into()]);
        let values: Vec<_> = values.collect();
        transaction.insert(&RECORD, &values).await.map(drop)
    }
}
