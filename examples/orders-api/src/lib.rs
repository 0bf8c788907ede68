//! The demo: an orders API whose handlers name their scopes
