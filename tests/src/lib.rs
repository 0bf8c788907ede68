//! End-to-end tests of scopegate, a folder per standard. They are all under `tests/`.
