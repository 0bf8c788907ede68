-- The key of a login: trimmed, composed (NFC) and in lower case. `login_key` is only in lower case; nodes of the
-- version before use it. Their rows have no `login_norm` until a node of this version fills it in.
ALTER TABLE directory_user ADD COLUMN login_norm TEXT;
-- 1: another login has the same key, so the user is found only by `login_key`.
ALTER TABLE directory_user ADD COLUMN login_collides BIGINT NOT NULL DEFAULT 0;

CREATE INDEX directory_user_by_login_norm ON directory_user (login_norm);
CREATE INDEX directory_user_to_fill ON directory_user (id) WHERE login_norm IS NULL;
