//! Reads TOML files without serde, so that each value has its position and each problem is reported there.
//!
//! The tables of a file have a `Shape`. Problems are collected in `Problems` while the file is read, so
//! that all problems of a file are reported together.

mod document;
mod place;
mod problem;
mod reader;
mod shape;
mod string;

pub(crate) use self::document::read_document;
pub use self::place::Places;
pub(crate) use self::problem::Problems;
pub use self::problem::{FileErrors, FileProblem, FileSource};
pub(crate) use self::reader::{Node, Table, Text};
pub(crate) use self::shape::Shape;
