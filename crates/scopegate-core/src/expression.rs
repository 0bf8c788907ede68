//! Expressions: claims and conditions that an administrator writes, in a subset of CEL.
//!
//! The language is the [Common Expression Language](https://cel.dev): its operators, its macros and its rules for
//! errors. An expression is parsed once, when the catalog is loaded. It has no loops other than the macros over
//! lists and maps, no side effects, and it can read nothing but [`Inputs`], which contain no secret.
//!
//! # Limits
//!
//! | what | limit | checked |
//! | --- | --- | --- |
//! | the text | 1,024 characters | when it is parsed |
//! | nesting | 32 levels | when it is parsed |
//! | nodes of the syntax tree | 500 | when it is parsed |
//! | macros inside of macros | 2 | when it is parsed |
//! | the pattern of `matches` | a literal of 256 characters, 64 KiB compiled | when it is parsed |
//! | a list, or the input of a macro | 1,000 elements | during evaluation |
//! | work | 1,000,000 steps | during evaluation |
//! | texts, lists and maps that are made | 256 KiB | during evaluation |
//! | the result | 64 KiB of JSON | after evaluation |
//!
//! The limits on evaluation count steps and bytes, and not time, so that an expression has the same result on each
//! node. `&&` and `||` do not absorb the error of a limit.
//!
//! # Why not the crate `cel`
//!
//! Version 0.15 of the crate cannot be held to these limits:
//!
//! - Its evaluator has no hook that counts. `[s].map(x, x + x)[0]`, nested 25 times, makes a text of 335 MB. Adding
//!   900 numbers overflows an 8 MiB stack. Limits on the syntax tree alone would have to forbid useful expressions.
//! - `matches` compiles the pattern at each evaluation, up to 10 MiB, also if the pattern is the value of an attribute.
//! - `Program::compile` uses the ANTLR parser, which overflows the stack at 100 parentheses. The Pratt parser has
//!   limits, but it is not part of the documented API, and the ANTLR runtime is a dependency either way.
//! - Variables are values of its own, so that each evaluation copies all inputs. Here they are borrowed.

mod budget;
mod error;
mod evaluate;
mod function;
mod inputs;
mod lexer;
mod node;
mod operator;
mod parser;
mod pattern;
mod time;
mod types;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use scopegate_claims::{ScopeSet, UnixTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use self::budget::Work;
pub use self::error::{EvaluationError, ExpressionError};
use self::evaluate::Evaluation;
pub use self::inputs::{
    ClientInput, Inputs, RequestInput, Root, ServerInput, SessionInput, UserInput,
};
use self::node::Node;
pub use self::pattern::{Pattern, PatternError};
use self::types::Types;

/// The result that the place of an expression needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "an expression is a claim or a condition")]
pub enum Wanted {
    /// True or false.
    Boolean,
    /// Any value that JSON can represent.
    Value,
}

/// A parsed expression. Cloning it is cheap. Two expressions are equal if their texts are.
///
/// In JSON it is its text. Deserializing parses the text with [`Wanted::Value`].
#[derive(Clone)]
pub struct Expression(Arc<Parsed>);

struct Parsed {
    text: Box<str>,
    root: Node,
    reads: BTreeSet<Root>,
}

impl Expression {
    /// Maximum length of the text, in characters.
    pub const MAX_LENGTH: usize = 1024;

    /// Parses an expression and checks its names, the types that are known, and the limits.
    ///
    /// # Errors
    ///
    /// What is wrong, where, and what to write instead.
    pub fn parse(text: &str, wanted: Wanted) -> Result<Self, ExpressionError> {
        if text.chars().nth(Self::MAX_LENGTH).is_some() {
            let message = "the expression is too long: write at most 1024 characters";
            return Err(ExpressionError::new(text, 0, message.to_owned()));
        }
        let parsed = parser::parse(text).map_err(|fault| fault.in_text(text))?;
        let (root, reads) = parsed;
        let parsed = Self(Arc::new(Parsed { text: text.into(), root, reads }));
        parsed.check_gives(wanted)?;
        Ok(parsed)
    }

    /// Checks that the expression can give what its place needs.
    ///
    /// # Errors
    ///
    /// The expression always gives a value of another type.
    pub fn check_gives(&self, wanted: Wanted) -> Result<(), ExpressionError> {
        let types = self.0.root.types;
        if wanted == Wanted::Value || types.may_be(Types::BOOLEAN) {
            return Ok(());
        }
        let message = format!("the expression gives {types}: write one that is true or false");
        Err(ExpressionError::new(self.text(), 0, message))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The top-level names that the expression reads.
    pub fn reads(&self) -> &BTreeSet<Root> {
        &self.0.reads
    }

    /// Evaluates the expression to JSON.
    ///
    /// Times become the number of seconds since 1970 (NumericDate, RFC 7519 §2), durations the number of their
    /// seconds.
    ///
    /// # Errors
    ///
    /// A part has no value, a value has the wrong type, or a limit is exceeded.
    pub fn evaluate(&self, inputs: &Inputs<'_>) -> Result<serde_json::Value, EvaluationError> {
        self.evaluate_within(inputs, &Work::new())
    }

    /// [`evaluate`](Self::evaluate) with the steps that the expressions before it left.
    ///
    /// # Errors
    ///
    /// As [`evaluate`](Self::evaluate), and if no steps are left.
    pub fn evaluate_within(
        &self,
        inputs: &Inputs<'_>,
        work: &Work,
    ) -> Result<serde_json::Value, EvaluationError> {
        let mut evaluation = Evaluation::new(inputs, work.budget());
        let json = evaluation.json(&self.0.root);
        work.take(&evaluation.budget, json.as_ref().err().map(|failure| failure.reason));
        json.map_err(|failure| failure.in_text(self.text()))
    }

    /// Evaluates a condition.
    ///
    /// # Errors
    ///
    /// As [`evaluate`](Self::evaluate), and if the result is neither true nor false.
    pub fn holds(&self, inputs: &Inputs<'_>) -> Result<bool, EvaluationError> {
        self.holds_within(inputs, &Work::new())
    }

    /// [`holds`](Self::holds) with the steps that the expressions before it left.
    ///
    /// # Errors
    ///
    /// As [`holds`](Self::holds), and if no steps are left.
    pub fn holds_within(&self, inputs: &Inputs<'_>, work: &Work) -> Result<bool, EvaluationError> {
        let mut evaluation = Evaluation::new(inputs, work.budget());
        let holds = evaluation.boolean(&self.0.root);
        work.take(&evaluation.budget, holds.as_ref().err().map(|failure| failure.reason));
        holds.map_err(|failure| failure.in_text(self.text()))
    }
}

impl Expression {
    /// The value of a condition that reads nothing of a request, and so is always the same. `None` if it reads
    /// something.
    pub fn constant(&self) -> Option<Result<bool, EvaluationError>> {
        if !self.reads().is_empty() {
            return None;
        }
        let (attributes, scopes) = (BTreeMap::new(), ScopeSet::empty());
        let client = ClientInput { id: "", name: "", client_type: "", attributes: &attributes };
        let time = UnixTime::from_seconds(0);
        let inputs = Inputs {
            user: None,
            client,
            server: ServerInput { id: "", audience: "" },
            scopes: &scopes,
            request: RequestInput { grant_type: "", resource: None, address: None, time },
            session: None,
        };
        Some(self.holds(&inputs))
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Expression {}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text()).finish()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text, Wanted::Value).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
