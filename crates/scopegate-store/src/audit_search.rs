//! Finds audit events.
//!
//! The indexes have the events that are not frequent, and all events of users. The frequent ones are found by
//! their ids, which are ordered by time. Events of an earlier version have no columns to be found by: an
//! index has those, and their bodies are compared.

use std::cmp::Reverse;

use scopegate_core::audit::DecisionId;
use scopegate_core::store::{AuditFilter, OutcomeFilter, StoreError, StoredEvent};

use crate::database::{Database, Row, Value};

/// Rows that one statement reads at most. Some of them may not match.
const PAGE: usize = 500;

/// Rows that the first statement reads at least.
const FIRST_PAGE: usize = 50;

/// Begins each statement. The placeholders `$1` to `$5` are the first id, the end of the ids, the limit, the
/// server and the client.
macro_rules! newest {
    ($condition:literal) => {
        concat!(
            "SELECT id, body FROM audit_event WHERE id >= $1 AND id < $2 ",
            "AND (CAST($4 AS TEXT) IS NULL OR server = $4) ",
            "AND (CAST($5 AS TEXT) IS NULL OR client = $5) AND ",
            $condition,
            " ORDER BY id DESC LIMIT $3"
        )
    };
}

const ALL: &str = newest!("1 = 1");
const OF_BEFORE: &str = newest!("frequent IS NULL");
const OF_USER: &str = newest!("user_id = $6");
const OF_CLIENT: &str = newest!("frequent = 0 AND client = $6");
const OF_SERVER: &str = newest!("frequent = 0 AND server = $6");
const OF_KIND: &str = newest!("frequent = 0 AND kind = $6");
const REFUSED: &str = newest!("refused = 1");

/// The newest events that match, newest first, at most `limit`.
pub(crate) async fn find(
    database: &Database,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let (statement, value) = statement(filter);
    let mut found = search(database, statement, value, filter, limit).await?;
    if statement != ALL {
        found.extend(search(database, OF_BEFORE, None, filter, limit).await?);
        found.sort_by_key(|event| Reverse(event.id));
        found.truncate(limit);
    }
    Ok(found)
}

/// The statement whose index leaves the fewest rows, and its value.
fn statement(filter: &AuditFilter) -> (&'static str, Option<&str>) {
    let AuditFilter { server, client, user, kind, outcome, .. } = filter;
    let is_rare = filter.excludes_frequent();
    match (user, client, server, kind) {
        (Some(user), ..) => (OF_USER, Some(user)),
        (_, Some(client), ..) if is_rare => (OF_CLIENT, Some(client)),
        (_, _, Some(server), _) if is_rare => (OF_SERVER, Some(server)),
        (.., Some(kind)) if is_rare => (OF_KIND, Some(kind)),
        _ if *outcome == Some(OutcomeFilter::Refused) => (REFUSED, None),
        _ => (ALL, None),
    }
}

/// Reads pages, newest first, until enough events match.
async fn search(
    database: &Database,
    statement: &'static str,
    value: Option<&str>,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    // A text with NUL is in no column: PostgreSQL would refuse it, and it is stored with another character.
    let mut texts = [value, filter.server.as_deref(), filter.client.as_deref()].into_iter();
    if texts.any(|text| text.is_some_and(|text| text.contains('\0'))) {
        return Ok(Vec::new());
    }
    let first =
        filter.since.map_or_else(String::new, |since| DecisionId::first_at(since).to_string());
    // Greater than every id: ids are hexadecimal.
    let mut end = filter.before.map_or_else(|| "g".to_owned(), |before| before.to_string());
    // Where all rows match, the first page is enough.
    let mut size = limit.clamp(FIRST_PAGE, PAGE);
    let mut found = Vec::new();
    loop {
        let (server, client) = (filter.server.as_deref(), filter.client.as_deref());
        let mut values: Vec<Value<'_>> = vec![
            first.as_str().into(),
            end.as_str().into(),
            (size as u64).into(),
            server.into(),
            client.into(),
        ];
        values.extend(value.map(Value::from));
        let rows = database.read_long(statement, &values, read).await?;
        let is_last = rows.len() < size;
        let Some((oldest, _)) = rows.last() else { return Ok(found) };
        let next = oldest.clone();
        let events = rows.into_iter().filter_map(|(id, json)| {
            // Only an id that was written by hand cannot be read.
            let id = serde_json::from_value(serde_json::Value::from(id)).ok()?;
            Some(StoredEvent { id, json })
        });
        found.extend(events.filter(|event| filter.matches(event)));
        if found.len() >= limit || is_last {
            found.truncate(limit);
            return Ok(found);
        }
        (end, size) = (next, PAGE);
    }
}

fn read(row: &Row<'_>) -> Result<(String, String), StoreError> {
    Ok((row.text("id")?, row.text("body")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plans of SQLite for the statements: an index finds the rows in their order.
    #[test]
    fn each_statement_uses_its_index_and_sorts_nothing() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for sql in [
            include_str!("../migrations/0001_initial.sql"),
            include_str!("../migrations/0030_review.sql"),
        ] {
            connection.execute_batch(&sql.replace("{blob}", "BLOB")).unwrap();
        }
        for (statement, index) in [
            (ALL, "sqlite_autoindex_audit_event_1 (id>? AND id<?)"),
            (OF_BEFORE, "audit_event_of_before (id>? AND id<?)"),
            (OF_USER, "audit_event_of_user (user_id=? AND id>? AND id<?)"),
            (OF_CLIENT, "audit_event_of_client (client=? AND id>? AND id<?)"),
            (OF_SERVER, "audit_event_of_server (server=? AND id>? AND id<?)"),
            (OF_KIND, "audit_event_of_kind (kind=? AND id>? AND id<?)"),
            (REFUSED, "audit_event_refused (id>? AND id<?)"),
        ] {
            let mut explained =
                connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
            let number = explained.parameter_count();
            let none = std::iter::repeat_n(rusqlite::types::Null, number);
            let none = rusqlite::params_from_iter(none);
            let rows = explained.query_map(none, |row| row.get::<_, String>(3)).unwrap();
            let plan: Vec<_> = rows.map(Result::unwrap).collect();
            assert_eq!(plan, [format!("SEARCH audit_event USING INDEX {index}")], "{statement}");
        }
    }

    #[test]
    fn the_statement_with_the_fewest_rows_is_chosen() {
        let some = || Some("x".to_owned());
        let refused = Some(OutcomeFilter::Refused);
        let filter = AuditFilter::default;
        for (filter, chosen) in [
            (filter(), ALL),
            (AuditFilter { client: some(), ..filter() }, ALL),
            (AuditFilter { outcome: Some(OutcomeFilter::Allow), ..filter() }, ALL),
            (AuditFilter { user: some(), client: some(), ..filter() }, OF_USER),
            (AuditFilter { client: some(), outcome: refused, ..filter() }, OF_CLIENT),
            (AuditFilter { client: some(), server: some(), kind: some(), ..filter() }, OF_CLIENT),
            (AuditFilter { server: some(), outcome: refused, ..filter() }, OF_SERVER),
            (AuditFilter { kind: some(), ..filter() }, OF_KIND),
            (AuditFilter { kind: some(), outcome: refused, ..filter() }, OF_KIND),
            (AuditFilter { outcome: refused, ..filter() }, REFUSED),
        ] {
            assert_eq!(statement(&filter).0, chosen, "{filter:?}");
        }
    }
}
