//! The migrations: what brings a database up to date.

use scopegate_core::store::StoreError;

use crate::database::{Database, Job, Transaction};
use crate::error::OpenError;
use crate::store_url::StoreUrl;

/// One step of the schema. A step that was released is never changed.
struct Migration {
    number: u64,
    name: &'static str,
    /// `{blob}` stands for the type of a column that holds bytes, `{bytewise}` for the collation
    /// of a text column that is ordered by its bytes.
    sql: &'static str,
}

static MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "initial", sql: include_str!("../migrations/0001_initial.sql") },
    Migration {
        number: 2,
        name: "people_and_grants",
        sql: include_str!("../migrations/0002_people_and_grants.sql"),
    },
    Migration {
        number: 3,
        name: "person_of_an_artifact",
        sql: include_str!("../migrations/0003_person_of_an_artifact.sql"),
    },
    Migration {
        number: 4,
        name: "password_generation",
        sql: include_str!("../migrations/0004_password_generation.sql"),
    },
    Migration {
        number: 5,
        name: "row_formats",
        sql: include_str!("../migrations/0005_row_formats.sql"),
    },
    Migration {
        number: 6,
        name: "logins_by_normal_form",
        sql: include_str!("../migrations/0006_logins_by_normal_form.sql"),
    },
    Migration {
        number: 7,
        name: "entity_ids",
        sql: include_str!("../migrations/0007_entity_ids.sql"),
    },
    Migration {
        number: 8,
        name: "key_phases",
        sql: include_str!("../migrations/0008_key_phases.sql"),
    },
    Migration { number: 30, name: "review", sql: include_str!("../migrations/0030_review.sql") },
];

/// Any number that no other program uses.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7089336938131513954)";
const QUIET: &str = "SET LOCAL client_min_messages = warning";
const CREATE: &str = "CREATE TABLE IF NOT EXISTS scopegate_migration \
    (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)";
const NEWEST: &str = "SELECT coalesce(max(number), 0) AS number FROM scopegate_migration";
const RECORD: &str = "INSERT INTO scopegate_migration (number, name) VALUES ($1, $2)";

/// Applies the migrations that are missing, all or none. Processes that start together wait for each
/// other.
pub(crate) async fn apply(database: &Database, url: &StoreUrl) -> Result<(), OpenError> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.number);
    match database.write(Migrate { known }).await {
        Ok(found) if found > known => {
            Err(OpenError::Newer { store: url.to_string(), found, known })
        }
        Ok(_) => Ok(()),
        Err(StoreError::Unavailable(cause)) => Err(OpenError::unreachable(url, &cause)),
        Err(other) => Err(OpenError::unreachable(url, &other)),
    }
}

/// Applies what is missing, and answers which migration was the newest before. A database with a
/// migration above `known` is left as it is.
struct Migrate {
    known: u64,
}

impl Job for Migrate {
    type Answer = u64;

    async fn run(&self, transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
        transaction.allow_long().await?;
        transaction.on_postgres(QUIET).await?;
        transaction.on_postgres(LOCK).await?;
        transaction.execute(CREATE, &[]).await?;
        let found = newest(transaction).await?;
        if found > self.known {
            return Ok(found);
        }
        for Migration { number, name, sql } in MIGRATIONS.iter().filter(|step| step.number > found)
        {
            let sql = sql.replace("{blob}", transaction.blob());
            transaction.run(sql.replace("{bytewise}", transaction.bytewise())).await?;
            transaction.execute(RECORD, &[number.cast_signed().into(), (*name).into()]).await?;
            tracing::info!(number, name, "migrated the store");
        }
        Ok(found)
    }
}

async fn newest(transaction: &mut Transaction<'_>) -> Result<u64, StoreError> {
    let rows = transaction.fetch(NEWEST, &[], |row| row.number("number")).await?;
    Ok(rows.first().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_in_the_order_of_their_numbers() {
        assert_eq!(MIGRATIONS.first().map(|first| first.number), Some(1));
        let mut pairs = MIGRATIONS.windows(2);
        assert!(pairs.all(|pair| pair[0].number < pair[1].number));
    }
}
