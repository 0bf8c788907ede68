//! Regular expressions within limits.

use std::fmt;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Maximum size of a compiled pattern, in bytes.
const MAX_COMPILED: usize = 64 * 1024;

/// Maximum size of what is remembered while a pattern matches, in bytes for each thread.
const MAX_CACHE: usize = 256 * 1024;

/// A regular expression. It matches in linear time. Cloning it is cheap. Two patterns are equal if their texts are.
///
/// In JSON it is its text.
#[derive(Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Maximum length of the text, in characters.
    pub const MAX_LENGTH: usize = 256;

    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong, where, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let error = |at, message: String| Err(PatternError { at, message });
        if text.chars().nth(Self::MAX_LENGTH).is_some() {
            return error(0, "the pattern is too long: write at most 256 characters".to_owned());
        }
        // The parser of `regex` itself. Only its own errors have a position.
        if let Err(problem) = regex_syntax::parse(text) {
            let (at, what) = match &problem {
                regex_syntax::Error::Parse(error) => {
                    (error.span().start.offset, error.kind().to_string())
                }
                regex_syntax::Error::Translate(error) => {
                    (error.span().start.offset, error.kind().to_string())
                }
                other => (0, other.to_string()),
            };
            let hint = "write a backslash before a character that stands for itself";
            return error(at, format!("{what}: {hint}"));
        }
        let builder =
            RegexBuilder::new(text).size_limit(MAX_COMPILED).dfa_size_limit(MAX_CACHE).build();
        match builder {
            Ok(regex) => Ok(Self(regex)),
            Err(_) => error(0, "the pattern is too large: write smaller repetitions".to_owned()),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Tells whether the pattern matches anywhere in a text. `^` and `$` match its start and its end.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.as_str()).finish()
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// What is wrong with a pattern, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PatternError {
    at: usize,
    message: String,
}

impl PatternError {
    /// The byte offset in the text.
    pub fn at(&self) -> usize {
        self.at
    }
}

/// What is wrong, and what to write instead.
impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PatternError {}
