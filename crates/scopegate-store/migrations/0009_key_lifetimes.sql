-- The longest lifetime of a token that a key may sign, and how long a cache may keep `/keys` while it is the newest
-- key; in seconds. A key of an earlier version says neither: its tokens live for at most 24 hours, and caches keep
-- the keys for 10 minutes.
ALTER TABLE signing_key ADD COLUMN longest BIGINT;
ALTER TABLE signing_key ADD COLUMN cached BIGINT;

-- The node that generates a key, so that other nodes do not generate it, too. The row is deleted with the insertion
-- of the key.
CREATE TABLE key_claim (
    server TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    claim TEXT NOT NULL,
    PRIMARY KEY (server, algorithm)
);
