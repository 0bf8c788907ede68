//! End-to-end tests of scopegate, a folder per standard
