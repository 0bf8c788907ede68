//! Benchmarks of scopegate; they are all under `benches/`.
