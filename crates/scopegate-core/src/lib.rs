//! The authorization server without HTTP and without SQL
