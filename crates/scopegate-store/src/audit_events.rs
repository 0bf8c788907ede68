//! Audit events: one row per event.

use std::borrow::Cow;

use scopegate_claims::UnixTime;
use scopegate_core::audit::{AuditEvent, DecisionId};
use scopegate_core::store::StoreError;

use crate::database::{Database, Insert, Transaction, Value};

/// A batch may be written again after its answer was lost. Its events are kept once.
static INSERT: Insert = Insert::new(
    "\
    INSERT INTO audit_event \
    (id, happened_at, server, client, body, frequent, kind, refused, user_id) VALUES {rows} \
    ON CONFLICT DO NOTHING",
    WIDTH,
);
const WIDTH: usize = 9;

/// The stored name of the outcome of what was not refused.
const ALLOW: &str = "ALLOW";

const FIND: &str = "SELECT body FROM audit_event WHERE id = $1";

/// Ids are ordered by time, so the primary key finds the oldest events.
pub(crate) const PRUNE: &str = "\
    DELETE FROM audit_event WHERE id IN \
    (SELECT id FROM audit_event WHERE id < $1 ORDER BY id LIMIT $2 {free})";

/// An event by its id.
pub(crate) async fn find(
    database: &Database,
    id: DecisionId,
) -> Result<Option<AuditEvent>, StoreError> {
    let id = id.to_string();
    let found = database.read(FIND, &[id.as_str().into()], |row| row.text("body")).await?;
    let event = found.first().map(|body| AuditEvent::from_json(body)).transpose();
    event.map_err(|error| StoreError::Corrupt(format!("the audit event {id}: {error}")))
}

pub(crate) async fn record(
    transaction: &mut Transaction<'_>,
    events: &[&AuditEvent],
) -> Result<(), StoreError> {
    let rows = events.iter().map(|event| AuditRow::of(event)).collect::<Vec<_>>();
    let values: Vec<_> = rows.iter().flat_map(AuditRow::values).collect();
    transaction.insert(&INSERT, &values).await.map(drop)
}

struct AuditRow<'a> {
    id: String,
    happened_at: UnixTime,
    server: Cow<'a, str>,
    client: Cow<'a, str>,
    body: String,
    frequent: bool,
    /// The kind, if the event is not frequent: no index has the others.
    kind: Option<&'a str>,
    refused: bool,
    user: Option<Cow<'a, str>>,
}

impl<'a> AuditRow<'a> {
    fn of(event: &'a AuditEvent) -> Self {
        let (server, client) = event.server_and_client();
        let ((kind, outcome), frequent) = (event.kind_and_outcome(), event.is_frequent());
        Self {
            id: event.id.to_string(),
            happened_at: event.at,
            server: without_nul(server),
            client: without_nul(client),
            body: event.to_json(),
            frequent,
            kind: (!frequent).then_some(kind),
            refused: outcome != ALLOW,
            user: event.user().map(without_nul),
        }
    }

    fn values(&self) -> [Value<'_>; WIDTH] {
        let Self { id, happened_at, server, client, body, .. } = self;
        [
            id.as_str().into(),
            (*happened_at).into(),
            server.as_ref().into(),
            client.as_ref().into(),
            body.as_str().into(),
            u64::from(self.frequent).into(),
            self.kind.into(),
            u64::from(self.refused).into(),
            self.user.as_deref().into(),
        ]
    }
}

/// Texts in PostgreSQL cannot contain NUL, but a client may send it.
fn without_nul(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text.into(),
    }
}
