-- The users. Two logins that differ only in case are the same: `login_key` is in lower case.
CREATE TABLE directory_user (
    id TEXT NOT NULL PRIMARY KEY,
    login TEXT NOT NULL,
    login_key TEXT {bytewise} NOT NULL UNIQUE,
    status TEXT NOT NULL,
    owner TEXT NOT NULL,
    group_names TEXT NOT NULL,
    profile TEXT NOT NULL,
    password {blob},
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

-- A session is found by the hash of the cookie. A session that has ended is deleted.
CREATE TABLE user_session (
    id TEXT NOT NULL PRIMARY KEY,
    secret_sha256 {blob} NOT NULL UNIQUE CHECK (length(secret_sha256) = 32),
    user_id TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    idle_ends_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE INDEX user_session_of_user ON user_session (user_id);
CREATE INDEX user_session_by_idle_end ON user_session (idle_ends_at);
CREATE INDEX user_session_by_end ON user_session (ends_at);

-- All refresh tokens of a family are one row. The tokens are not stored: they are derived from the id and
-- the generation.
CREATE TABLE refresh_family (
    id TEXT NOT NULL PRIMARY KEY,
    server TEXT NOT NULL,
    client TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session TEXT,
    generation BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    idle_ends_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    revoked BIGINT NOT NULL CHECK (revoked IN (0, 1)),
    forget_at BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE INDEX refresh_family_of_user ON refresh_family (user_id);
CREATE INDEX refresh_family_of_client ON refresh_family (client);
CREATE INDEX refresh_family_of_session ON refresh_family (session) WHERE session IS NOT NULL;
CREATE INDEX refresh_family_by_end ON refresh_family (forget_at);

CREATE TABLE consent (
    server TEXT NOT NULL,
    client TEXT NOT NULL,
    user_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, server, client)
);

CREATE INDEX consent_to_client ON consent (client);

-- Codes and the like, which live for minutes. They are found by a secret, of which only the hash is stored.
-- An artifact that was used stays until it expires, so that a second use is noticed.
CREATE TABLE artifact (
    kind TEXT NOT NULL,
    id_sha256 {blob} NOT NULL CHECK (length(id_sha256) = 32),
    alias_sha256 {blob} CHECK (length(alias_sha256) = 32),
    version BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id_sha256)
);

CREATE UNIQUE INDEX artifact_by_alias ON artifact (kind, alias_sha256)
    WHERE alias_sha256 IS NOT NULL;
CREATE INDEX artifact_by_expiry ON artifact (expires_at);

-- Access tokens that were revoked individually. A row is kept until its token would have expired.
CREATE TABLE revoked_token (
    jti_sha256 {blob} NOT NULL PRIMARY KEY CHECK (length(jti_sha256) = 32),
    expires_at BIGINT NOT NULL
);

CREATE INDEX revoked_token_by_expiry ON revoked_token (expires_at);
