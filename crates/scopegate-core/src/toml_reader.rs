//! Reading TOML by hand: values that know where they stand, and problems with their places.
//!
//! The tables of a file have a `Shape`. What is wrong is noted in `Problems` while the file is read, so
//! that one reading finds all problems.

mod place;
mod problem;
mod reader;
mod shape;

pub use self::place::Places;
pub(crate) use self::problem::Problems;
pub use self::problem::{FileErrors, FileProblem, FileSource};
pub(crate) use self::reader::{Node, Table, Text};
pub(crate) use self::shape::Shape;
