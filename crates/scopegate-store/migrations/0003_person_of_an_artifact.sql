-- Of whom an artifact speaks: both are read at once.
ALTER TABLE artifact ADD COLUMN user_id TEXT;
