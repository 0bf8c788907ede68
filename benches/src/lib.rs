//! Benchmarks of scopegate
