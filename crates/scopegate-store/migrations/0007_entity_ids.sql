-- An entity keeps its id and the times of its first and its newest change. A row of a program of before has
-- none of them: its id follows from its key, on every node.
ALTER TABLE catalog_entity ADD COLUMN id TEXT;
ALTER TABLE catalog_entity ADD COLUMN created_at BIGINT;
ALTER TABLE catalog_entity ADD COLUMN updated_at BIGINT;
