//! The storage of scopegate: each statement once, for SQLite and PostgreSQL
