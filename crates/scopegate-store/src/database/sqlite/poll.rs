//! Polling: SQLite does not notify of changes that other processes make.

use std::time::Duration;

use super::file::DatabaseFile;

/// Waits for the next poll. At each poll it also looks whether the file is still in its place, so that a
/// server which only reads notices too.
pub(crate) struct Poll {
    file: DatabaseFile,
    interval: Duration,
}

impl Poll {
    pub(super) fn of(file: DatabaseFile, interval: Duration) -> Self {
        look(&file);
        Self { file, interval }
    }

    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.interval).await;
        look(&self.file);
    }
}

/// Looks for the file. If it is not there, the reads that follow fail.
fn look(file: &DatabaseFile) {
    if let Err(error) = file.look() {
        tracing::debug!(%error, "the database file is not in its place");
    }
}
