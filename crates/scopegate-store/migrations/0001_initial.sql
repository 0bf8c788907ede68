-- One row: the version of the newest change, and the version of the newest catalog file.
CREATE TABLE catalog_state (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    file_version BIGINT NOT NULL
);

INSERT INTO catalog_state (id, version, file_version) VALUES (1, 0, 0);

-- A deleted entity stays as a row without body, so that other nodes learn of the deletion.
CREATE TABLE catalog_entity (
    kind TEXT NOT NULL,
    parent TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT,
    version BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    body TEXT,
    PRIMARY KEY (kind, parent, name),
    CHECK ((owner IS NULL) = (body IS NULL))
);

CREATE INDEX catalog_entity_in_order ON catalog_entity (version, ordinal);

CREATE TABLE signing_key (
    server TEXT NOT NULL,
    kid TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    phase TEXT NOT NULL,
    since BIGINT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed {blob} NOT NULL,
    PRIMARY KEY (server, kid)
);

-- If two nodes make the first key at the same time, one of them wins.
CREATE UNIQUE INDEX signing_key_that_signs ON signing_key (server, algorithm)
    WHERE phase = 'signing';

-- The id of an event is a UUID of version 7, so ids are ordered by time.
CREATE TABLE audit_event (
    id TEXT NOT NULL PRIMARY KEY,
    happened_at BIGINT NOT NULL,
    server TEXT NOT NULL,
    client TEXT NOT NULL,
    body TEXT NOT NULL
);

-- A `jti` can have any length. Its hash fits into an index.
CREATE TABLE used_assertion (
    client TEXT NOT NULL,
    jti_sha256 {blob} NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (client, jti_sha256)
);

CREATE INDEX used_assertion_by_expiry ON used_assertion (expires_at);

CREATE TABLE vault (
    name TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL
);
