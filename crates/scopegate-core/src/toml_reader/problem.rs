//! The problems of a file, with their positions.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Range;

use super::place::Places;
use super::string;
use crate::spelling::Quoted;

/// The name and the content of a file.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct FileSource<'a> {
    /// The name that is shown with each problem: the path as the administrator wrote it.
    pub name: &'a str,
    /// The bytes of the file. If they are not UTF-8, that is reported like any other problem.
    pub content: &'a [u8],
}

/// Maximum number of problems that are kept. Further ones are only counted.
const MAX_KEPT: usize = 100;

/// An error in a file, or a warning about something that is allowed, but probably a mistake.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FileProblem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what to write instead. It contains no secret.
    pub message: String,
}

/// All problems of a file, in the order of the file.
///
/// `Display` writes one line for each problem, `file:line:column: what is wrong: what to write instead`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileErrors {
    file: String,
    problems: Vec<FileProblem>,
    more: usize,
}

impl FileErrors {
    /// The first 100 problems.
    pub fn problems(&self) -> &[FileProblem] {
        &self.problems
    }
}

impl fmt::Display for FileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let FileProblem { line, column, message } = problem;
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{}:{line}:{column}: {message}", self.file)?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\n{}: and {more} more", self.file),
        }
    }
}

impl std::error::Error for FileErrors {}

/// Collects problems while a file is read.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    kept: RefCell<Vec<Kept>>,
    warnings: RefCell<Vec<Kept>>,
    more: Cell<usize>,
}

/// A problem whose position is a byte offset.
#[derive(Debug)]
struct Kept {
    at: usize,
    message: String,
    /// If the problem is inside of the string at `at`, the byte offset in its value.
    inside: Option<usize>,
    /// For a duplicate, the offset of the first occurrence.
    first: Option<usize>,
}

impl Problems {
    /// Reports a problem. The message is only formatted if it is kept.
    pub(crate) fn refuse(&self, at: usize, message: fmt::Arguments<'_>) {
        self.keep(at, message, None, None);
    }

    /// Reports a problem inside of the string at `at`. `inside` is the byte offset in the value of the string.
    pub(crate) fn refuse_inside(&self, at: usize, inside: usize, message: fmt::Arguments<'_>) {
        self.keep(at, message, Some(inside), None);
    }

    /// Reports what is allowed, but probably a mistake.
    pub(crate) fn warn(&self, at: usize, message: fmt::Arguments<'_>) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < MAX_KEPT {
            warnings.push(Kept { at, message: message.to_string(), inside: None, first: None });
        }
    }

    /// Reports a duplicate. `first` is the offset of the first occurrence.
    pub(crate) fn refuse_repeated(&self, at: usize, first: usize, message: fmt::Arguments<'_>) {
        self.keep(at, message, None, Some(first));
    }

    /// Reports that the file is not valid TOML.
    ///
    /// The parser's message says what it expected and quotes nothing, so it contains no secret.
    pub(crate) fn refuse_syntax(&self, text: &str, error: &toml::de::Error) {
        let span = error.span().unwrap_or_default();
        let written = text.get(span.clone()).unwrap_or_default();
        match error.message() {
            "duplicate key" if !written.is_empty() => {
                let key = written.trim_matches(['"', '\'']);
                let key = Quoted(key);
                self.refuse(span.start, format_args!("duplicate key {key}: write it once"));
            }
            message => {
                let message = message.trim_end_matches(", expected nothing");
                self.refuse(span.start, format_args!("not TOML: {message}"));
            }
        }
    }

    /// Tells whether a problem was reported within a part of the file.
    pub(crate) fn is_within(&self, part: &Range<usize>) -> bool {
        self.kept.borrow().iter().any(|problem| part.contains(&problem.at))
    }

    /// Adds to the number of problems that are not kept.
    pub(crate) fn count_more(&self, more: usize) {
        self.more.set(self.more.get() + more);
    }

    fn keep(
        &self,
        at: usize,
        message: fmt::Arguments<'_>,
        inside: Option<usize>,
        first: Option<usize>,
    ) {
        let mut kept = self.kept.borrow_mut();
        if kept.len() < MAX_KEPT {
            kept.push(Kept { at, message: message.to_string(), inside, first });
        } else {
            self.more.set(self.more.get() + 1);
        }
    }

    /// Converts the offsets to lines and columns. Returns the problems as the error, or the warnings if there
    /// are no problems.
    pub(crate) fn resolve(self, source: &FileSource<'_>) -> Result<Vec<FileProblem>, FileErrors> {
        let kept = self.kept.into_inner();
        if kept.is_empty() {
            return Ok(placed(self.warnings.into_inner(), source));
        }
        Err(FileErrors {
            file: source.name.to_owned(),
            problems: placed(kept, source),
            more: self.more.get(),
        })
    }
}

/// The problems with lines and columns, in the order of the file.
fn placed(mut kept: Vec<Kept>, source: &FileSource<'_>) -> Vec<FileProblem> {
    for problem in &mut kept {
        if let Some(inside) = problem.inside {
            problem.at = string::offset(source.content, problem.at, inside);
        }
    }
    kept.sort_by_key(|problem| problem.at);
    let offsets = kept.iter().flat_map(|problem| [Some(problem.at), problem.first]).flatten();
    let places = Places::find(source.content, offsets);
    let problems = kept.into_iter().map(|Kept { at, mut message, first, .. }| {
        let (line, column) = places.of(at);
        if let Some(first) = first {
            message.push_str(&format!(", the first one is in line {}", places.of(first).0));
        }
        FileProblem { line, column, message }
    });
    problems.collect()
}
