//! Reads the fields of a JSON object and collects their mistakes.

use std::ops::RangeInclusive;

use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::problem::{At, Mistake, Problem};

/// The longest string, in characters.
const MAX_TEXT: usize = 100;

/// The fields that were not read yet, and the mistakes in the others.
///
/// A wrong field reads as an empty value, so that reading continues and all mistakes are found.
/// [`finish`](Self::finish) then refuses the object.
pub(super) struct Fields {
    left: Map<String, Value>,
    known: Vec<&'static str>,
    mistakes: Vec<Mistake>,
}

impl Fields {
    pub(super) fn of(object: Map<String, Value>) -> Self {
        Self { left: object, known: Vec::new(), mistakes: Vec::new() }
    }

    /// Reads a string of printable characters.
    pub(super) fn text(&mut self, name: &'static str) -> String {
        match self.take(name) {
            Some(Value::String(text)) if is_readable(&text) => return text,
            Some(_) => self.refuse(name, format!("write a text of 1 to {MAX_TEXT} characters")),
            None => self.refuse(name, "missing".to_owned()),
        }
        String::new()
    }

    /// Reads a whole number.
    pub(super) fn number(&mut self, name: &'static str, range: RangeInclusive<u32>) -> u32 {
        let Some(value) = self.take(name) else {
            self.refuse(name, "missing".to_owned());
            return 0;
        };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| range.contains(number)).unwrap_or_else(|| {
            let (low, high) = range.into_inner();
            self.refuse(name, format!("write a whole number from {low} to {high}"));
            0
        })
    }

    /// Refuses the object if it has mistakes or unknown fields.
    pub(super) fn finish(mut self) -> Result<(), Problem> {
        let unknown = format!("unknown: an order has {}", self.known.join(", "));
        for (name, _) in std::mem::take(&mut self.left) {
            self.refuse(&name, unknown.clone());
        }
        if self.mistakes.is_empty() {
            return Ok(());
        }
        let (status, detail) = (StatusCode::UNPROCESSABLE_ENTITY, "The order has mistakes");
        Err(Problem::with_mistakes(status, detail, self.mistakes))
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name)
    }

    fn refuse(&mut self, name: &str, detail: String) {
        self.mistakes.push(Mistake { at: At::Field(name.to_owned()), detail });
    }
}

fn is_readable(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= MAX_TEXT
        && !text.chars().any(char::is_control)
}
