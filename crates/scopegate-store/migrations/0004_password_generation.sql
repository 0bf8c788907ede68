-- How often another password was set: what was given to a browser under an earlier one is void.
ALTER TABLE directory_user ADD COLUMN password_generation BIGINT NOT NULL DEFAULT 0;
