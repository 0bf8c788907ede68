-- When a key began to sign, and when it ceased to. `since` is when it was made. A key that signs and has no
-- `signs_from` was made by a program of an earlier version: it signs since it was made.
ALTER TABLE signing_key ADD COLUMN signs_from BIGINT;
ALTER TABLE signing_key ADD COLUMN retired_at BIGINT;

-- Of two nodes that announce the next key at the same time, one succeeds.
CREATE UNIQUE INDEX signing_key_that_is_announced ON signing_key (server, algorithm)
    WHERE phase = 'announced';
