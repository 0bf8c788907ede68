-- The format of each row, so that an older program does not misread or overwrite it. Older rows have format 1.
ALTER TABLE catalog_entity ADD COLUMN format BIGINT NOT NULL DEFAULT 1;
ALTER TABLE directory_user ADD COLUMN format BIGINT NOT NULL DEFAULT 1;
ALTER TABLE signing_key ADD COLUMN format BIGINT NOT NULL DEFAULT 1;

-- Changes of signing keys have versions, as those of the catalog have. A key of version 0 was written by an
-- older program without versions. It is read with every change of a key.
ALTER TABLE catalog_state ADD COLUMN key_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE signing_key ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
UPDATE signing_key SET version = 1;
UPDATE catalog_state SET key_version = (SELECT coalesce(max(version), 0) FROM signing_key);
CREATE INDEX signing_key_by_version ON signing_key (version);
