//! What is wrong with a file, and where.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Range;

use super::place::Places;
use crate::spelling::Quoted;

/// The text of a file and what it is called.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers make it")]
pub struct FileSource<'a> {
    /// What problems are shown under: the path as the administrator wrote it.
    pub name: &'a str,
    /// What the file holds; anything but UTF-8 is a problem like others, with its place.
    pub content: &'a [u8],
}

/// So many problems are kept; the others are counted.
const MAX_KEPT: usize = 100;

/// Something that is wrong with a file, or a warning: what is right, but hardly meant so.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FileProblem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what to write instead. It shows no secret.
    pub message: String,
}

/// All that is wrong with a file, in the order of the file.
///
/// Shown, each problem is one line, `file:line:column: what is wrong: what to write instead`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileErrors {
    file: String,
    problems: Vec<FileProblem>,
    more: usize,
}

impl FileErrors {
    /// The first hundred problems.
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

/// Where problems are collected while a file is read.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    kept: RefCell<Vec<Kept>>,
    warnings: RefCell<Vec<Kept>>,
    more: Cell<usize>,
}

/// A problem whose place is still an offset.
#[derive(Debug)]
struct Kept {
    at: usize,
    message: String,
    /// Where the thing occurs that this one repeats.
    first: Option<usize>,
}

impl Problems {
    /// Notes a problem. The message is made only if it is kept.
    pub(crate) fn refuse(&self, at: usize, message: fmt::Arguments<'_>) {
        self.keep(at, message, None);
    }

    /// Notes what is right, but hardly meant so.
    pub(crate) fn warn(&self, at: usize, message: fmt::Arguments<'_>) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < MAX_KEPT {
            warnings.push(Kept { at, message: message.to_string(), first: None });
        }
    }

    /// Notes that something repeats what stands elsewhere.
    pub(crate) fn refuse_repeated(&self, at: usize, first: usize, message: fmt::Arguments<'_>) {
        self.keep(at, message, Some(first));
    }

    /// Notes that the file is no TOML.
    ///
    /// The parser's message names what it expected and quotes nothing, so it can show no secret.
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

    /// Tells whether there is a problem within a part of the file.
    pub(crate) fn is_within(&self, part: &Range<usize>) -> bool {
        self.kept.borrow().iter().any(|problem| part.contains(&problem.at))
    }

    /// Counts problems that are not kept.
    pub(crate) fn count_more(&self, more: usize) {
        self.more.set(self.more.get() + more);
    }

    fn keep(&self, at: usize, message: fmt::Arguments<'_>, first: Option<usize>) {
        let mut kept = self.kept.borrow_mut();
        if kept.len() < MAX_KEPT {
            kept.push(Kept { at, message: message.to_string(), first });
        } else {
            self.more.set(self.more.get() + 1);
        }
    }

    /// Turns offsets into lines and columns: of the problems, or of the warnings if there is no problem.
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

/// What was noted, in the order of the file.
fn placed(mut kept: Vec<Kept>, source: &FileSource<'_>) -> Vec<FileProblem> {
    kept.sort_by_key(|problem| problem.at);
    let offsets = kept.iter().flat_map(|problem| [Some(problem.at), problem.first]).flatten();
    let places = Places::find(source.content, offsets);
    let problems = kept.into_iter().map(|Kept { at, mut message, first }| {
        let (line, column) = places.of(at);
        if let Some(first) = first {
            message.push_str(&format!(", the first one is in line {}", places.of(first).0));
        }
        FileProblem { line, column, message }
    });
    problems.collect()
}
