-- What audit events are found by. `frequent` is 1 for an issued token and for an answered introspection, of which
-- a busy server records one with each request: an index of them would cost each request a page of the disk. An
-- event of an earlier version has no `frequent`, and is found by its id and its body.
ALTER TABLE audit_event ADD COLUMN frequent BIGINT;
ALTER TABLE audit_event ADD COLUMN kind TEXT;
ALTER TABLE audit_event ADD COLUMN refused BIGINT;
ALTER TABLE audit_event ADD COLUMN user_id TEXT;

CREATE INDEX audit_event_of_user ON audit_event (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_event_of_client ON audit_event (client, id) WHERE frequent = 0;
CREATE INDEX audit_event_of_server ON audit_event (server, id) WHERE frequent = 0;
CREATE INDEX audit_event_of_kind ON audit_event (kind, id) WHERE frequent = 0;
CREATE INDEX audit_event_refused ON audit_event (id) WHERE refused = 1;
CREATE INDEX audit_event_of_before ON audit_event (id) WHERE frequent IS NULL;

-- When each client was last authenticated, to about an hour. What the audit log says of the time before is a
-- good start.
CREATE TABLE client_use (
    client TEXT NOT NULL PRIMARY KEY,
    used_at BIGINT NOT NULL
);

INSERT INTO client_use (client, used_at)
SELECT client, max(happened_at) FROM audit_event
WHERE client <> '' AND client NOT LIKE '% %' AND body LIKE '%"kind":"app.oauth2.as.token.%' AND body LIKE '%"outcome":"ALLOW"%'
GROUP BY client;
