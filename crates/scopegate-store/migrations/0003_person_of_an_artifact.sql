-- The user of an artifact, so that both are read by one statement. Older codes do not have it. They live for
-- minutes, so they are deleted; the families that they began do not need them.
ALTER TABLE artifact ADD COLUMN user_id TEXT;
DELETE FROM artifact WHERE kind = 'code';
