-- Each version of the catalog with who made it, as JSON.
CREATE TABLE catalog_version (
    version BIGINT NOT NULL PRIMARY KEY,
    happened_at BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE INDEX catalog_version_by_time ON catalog_version (happened_at);

-- The rows that a version changed, as they were before it and without secrets. A row without a body did not
-- exist. The catalog at an earlier version is the current one with these changes undone, so nothing is copied
-- here. Versions of before this migration are not kept.
CREATE TABLE catalog_before (
    version BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    parent TEXT NOT NULL,
    name TEXT NOT NULL,
    format BIGINT NOT NULL,
    owner TEXT,
    body TEXT,
    PRIMARY KEY (version, ordinal)
);

-- The catalog file of each owner that was applied last. Programs of before know the version of the owner
-- `file` only, in catalog_state, which stays up to date.
CREATE TABLE catalog_file (
    owner TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    sha256 {blob},
    rolled_back BIGINT NOT NULL
);
