//! The scope literals of scopegate: scope!, scopes! and #[scoped]
