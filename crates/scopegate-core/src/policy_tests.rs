//! Policy tests: what requests must give, in a file beside the catalog.
//!
//! A file `catalog.tests.toml` is read (`file`) and checked against a catalog. Each test describes a request, which
//! is decided as a real one ([`explain`](crate::explain)): nothing is signed and nothing is written. The
//! explanation is compared with what the test expects (`run`). Tests can also be written from decisions that
//! happened (`recorded`).

mod expectation;
mod file;
mod recorded;
mod run;

pub use self::expectation::{Expectation, Granted, Refused};
pub use self::file::{Known, PolicyTest, TestFile};
pub use self::recorded::{Recorded, recorded};
pub use self::run::{Difference, TestResult};

#[cfg(test)]
mod tests;
