-- How often the password was changed. Device cookies of an earlier generation are not valid.
ALTER TABLE directory_user ADD COLUMN password_generation BIGINT NOT NULL DEFAULT 0;
