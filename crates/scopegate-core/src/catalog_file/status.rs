//! Whether an entity is in use.

use crate::catalog::Status;
use crate::toml_reader::Table;

pub(super) const STATUS: [(&str, Status); 2] =
    [("ACTIVE", Status::Active), ("INACTIVE", Status::Inactive)];

/// Reads `status`. The default is active.
pub(super) fn read(table: Table<'_>) -> Status {
    let status = table.optional_text("status");
    status.and_then(|name| name.one_of("status", &STATUS)).unwrap_or_default()
}
