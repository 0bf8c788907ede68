//! The authorization server over HTTP: the scopegate binary and a library to embed
