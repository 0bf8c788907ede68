-- Each row says in which format it is, so that an older program leaves alone what it would understand
-- wrongly. Rows of before are of format 1.
ALTER TABLE catalog_entity ADD COLUMN format BIGINT NOT NULL DEFAULT 1;
ALTER TABLE directory_user ADD COLUMN format BIGINT NOT NULL DEFAULT 1;
ALTER TABLE signing_key ADD COLUMN format BIGINT NOT NULL DEFAULT 1;

-- The changes of signing keys are counted as those of the catalog are. A key of version 0 was written by a
-- program of before, which does not count: it is read with every change of a key.
ALTER TABLE catalog_state ADD COLUMN key_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE signing_key ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
UPDATE signing_key SET version = 1;
UPDATE catalog_state SET key_version = (SELECT coalesce(max(version), 0) FROM signing_key);
CREATE INDEX signing_key_by_version ON signing_key (version);
