-- The key of a login: trimmed, composed (NFC), in lower case. `login_key` is in lower case only; nodes of the
-- version before go by it. A row of theirs has no `login_norm` until a node of this version fills it.
ALTER TABLE directory_user ADD COLUMN login_norm TEXT;
-- 1: another login has the same key, so the person is found by `login_key` only.
ALTER TABLE directory_user ADD COLUMN login_collides BIGINT NOT NULL DEFAULT 0;

CREATE INDEX directory_user_by_login_norm ON directory_user (login_norm);
CREATE INDEX directory_user_to_fill ON directory_user (id) WHERE login_norm IS NULL;
