//! What is wrong with an expression, and why an evaluation failed.

use std::fmt;

/// What is wrong with the text of an expression, where, and what to write instead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExpressionError {
    at: usize,
    character: usize,
    message: String,
}

impl ExpressionError {
    pub(super) fn new(text: &str, at: usize, message: String) -> Self {
        Self { at, character: character(text, at), message }
    }

    /// The byte offset in the text.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The position in the text in characters, from 1.
    pub fn character(&self) -> usize {
        self.character
    }

    /// What is wrong, and what to write instead.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {} of the expression: {}", self.character, self.message)
    }
}

impl std::error::Error for ExpressionError {}

/// A fault at a byte offset, before the text is at hand.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(at: usize, message: fmt::Arguments<'_>) -> Self {
        Self { at, message: message.to_string() }
    }

    pub(super) fn in_text(self, text: &str) -> ExpressionError {
        ExpressionError::new(text, self.at, self.message)
    }
}

/// Why an evaluation failed, and at which part of the expression.
///
/// It contains names from the expression, and no values of users, clients or requests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EvaluationError {
    character: usize,
    part: String,
    reason: Reason,
}

impl EvaluationError {
    /// The position of the part in the expression in characters, from 1.
    pub fn character(&self) -> usize {
        self.character
    }

    /// Why the evaluation failed: a fixed text.
    pub fn reason(&self) -> &'static str {
        self.reason.text()
    }
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { character, part, reason } = self;
        let reason = reason.text();
        write!(f, "character {character} of the expression, at {part:?}: {reason}")
    }
}

impl std::error::Error for EvaluationError {}

/// A failed evaluation, at a byte offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    pub(super) at: usize,
    pub(super) reason: Reason,
}

impl Failure {
    pub(super) fn in_text(self, text: &str) -> EvaluationError {
        let part = word_at(text, self.at).to_owned();
        EvaluationError { character: character(text, self.at), part, reason: self.reason }
    }
}

/// Why an evaluation failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reason {
    Absent,
    BadNumber,
    BadTime,
    DivisionByZero,
    NoElement,
    NoMember,
    NotBoolean,
    NotFinite,
    Overflow,
    RepeatedKey,
    ResultTooLarge,
    TooLarge,
    TooManyElements,
    TooManySteps,
    WrongType,
}

impl Reason {
    /// Tells whether a limit was exceeded. `&&` and `||` do not absorb such a failure.
    pub(super) const fn is_limit(self) -> bool {
        matches!(
            self,
            Self::ResultTooLarge | Self::TooLarge | Self::TooManyElements | Self::TooManySteps
        )
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Absent => "the request has no such value",
            Self::BadNumber => "the text is not a number",
            Self::BadTime => "the text is not a time or duration, or it is out of range",
            Self::DivisionByZero => "a division by zero",
            Self::NoElement => "the list has no element at this index",
            Self::NoMember => "there is no such member",
            Self::NotBoolean => "the value is neither true nor false",
            Self::NotFinite => "JSON has no such number",
            Self::Overflow => "the number is out of the range of 64 bits",
            Self::RepeatedKey => "the map would have a key twice",
            Self::ResultTooLarge => "the result has more than 64 KiB of JSON",
            Self::TooLarge => "the texts and lists that were made have more than 256 KiB",
            Self::TooManyElements => "the list has more than 1000 elements",
            Self::TooManySteps => "the evaluation takes more than 1000000 steps",
            Self::WrongType => "the value has the wrong type here",
        }
    }
}

/// The position of a byte offset, in characters from 1.
fn character(text: &str, at: usize) -> usize {
    1 + text.char_indices().take_while(|(start, _)| *start < at).count()
}

/// The word at a byte offset, or the one character there.
fn word_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let word = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    &rest[..word.max(first)]
}
