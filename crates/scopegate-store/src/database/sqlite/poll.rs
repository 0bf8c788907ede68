//! Polling: SQLite does not notify of changes that other processes make.

use std::time::Duration;

use super::file::DatabaseFile;

/// How often the version of the catalog is read.
const POLL: Duration = Duration::from_millis(500);

/// Waits for the next poll. At each poll it also looks whether the file is still in its place, so that a
/// server which only reads notices too.
pub(crate) struct Poll(DatabaseFile);

impl Poll {
    pub(super) fn of(file: DatabaseFile) -> Self {
        look(&file);
        Self(file)
    }

    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(POLL).await;
        look(&self.0);
    }
}

/// Looks for the file. If it is not there, the reads that follow fail.
fn look(file: &DatabaseFile) {
    if let Err(error) = file.look() {
        tracing::debug!(%error, "the database file is not in its place");
    }
}
