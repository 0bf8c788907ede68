//! Runs a job on PostgreSQL, in a transaction of its own.

use scopegate_core::store::StoreError;

use super::job::Job;
use super::postgres::{Postgres, is_aborted};
use super::transaction::Transaction;
use crate::error::is_lost_race;

/// Maximum attempts of a transaction that PostgreSQL ends so that another can go on.
const ATTEMPTS: usize = 5;

pub(super) async fn write<J: Job>(postgres: &Postgres, job: &J) -> Result<J::Answer, StoreError> {
    for _ in 1..ATTEMPTS {
        match try_write(postgres, job).await {
            Err(error) if is_aborted(&error) => {}
            outcome => return outcome,
        }
    }
    try_write(postgres, job).await
}

async fn try_write<J: Job>(postgres: &Postgres, job: &J) -> Result<J::Answer, StoreError> {
    let mut session = postgres.session().await?;
    session.run("BEGIN".into()).await?;
    let outcome = job.run(&mut Transaction::postgres(&mut session)).await;
    let end = match &outcome {
        Ok(_) => "COMMIT",
        Err(error) if is_lost_race(error) => "ROLLBACK",
        // The session is dropped, which closes the connection.
        Err(_) => return outcome,
    };
    session.run(end.into()).await?;
    session.finish();
    outcome
}
