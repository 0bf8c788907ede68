//! The answer of a hook.

use std::fmt;

use serde_json::Value;

use super::failure::HookFailure;
use super::patch::Patch;

/// The answer of a hook.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a hook changes tokens or refuses them")]
pub enum HookAnswer {
    /// Changes of the tokens. An empty patch changes nothing.
    Patch(Patch),
    /// The request must be refused, whatever the failure mode of the hook is.
    Refuse(Summary),
}

impl HookAnswer {
    /// Changes nothing.
    pub fn unchanged() -> Self {
        Self::Patch(Patch::default())
    }

    /// Refuses the request. The client gets the text as `error_description`.
    pub fn refuse(text: &str) -> Self {
        Self::Refuse(Summary::of(text))
    }

    /// Reads the body of an answer in Okta's format.
    ///
    /// # Errors
    ///
    /// [`HookFailure`] if it is not JSON, not of the documented form, or if an operation is wrong.
    pub fn of_okta(body: &[u8]) -> Result<Self, HookFailure> {
        let answer: Value =
            serde_json::from_slice(body).map_err(|_| HookFailure::Unreadable("it is no JSON"))?;
        let Value::Object(mut answer) = answer else {
            return Err(HookFailure::Unreadable("it is no JSON object"));
        };
        // Whatever else the answer has: an error refuses.
        match answer.get("error") {
            None | Some(Value::Null) => {}
            Some(error) => {
                let text = error.get("errorSummary").and_then(Value::as_str).unwrap_or_default();
                return Ok(Self::Refuse(Summary::of(text)));
            }
        }
        match answer.remove("commands") {
            None | Some(Value::Null) => Ok(Self::unchanged()),
            Some(commands) => Patch::of_commands(commands).map(Self::Patch),
        }
    }
}

impl From<Patch> for HookAnswer {
    fn from(patch: Patch) -> Self {
        Self::Patch(patch)
    }
}

/// The text of a hook that refuses, for the client: at most 256 characters that RFC 6749 §5.2 allows.
#[derive(Clone, Eq, PartialEq)]
pub struct Summary(String);

impl Summary {
    /// The maximum length, in characters.
    const MAX_LENGTH: usize = 256;

    /// The text if the hook gives none. It is Okta's.
    const DEFAULT: &str = "The callback service returned an error.";

    /// Leaves out the characters that an `error_description` cannot have, and cuts the rest.
    pub fn of(text: &str) -> Self {
        let is_allowed = |letter: &char| matches!(letter, ' '..='!' | '#'..='[' | ']'..='~');
        let text: String = text.chars().filter(is_allowed).take(Self::MAX_LENGTH).collect();
        match text.trim() {
            "" => Self(Self::DEFAULT.to_owned()),
            text => Self(text.to_owned()),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Does not show the text, which may be about a person.
impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Summary(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(text: &str) -> String {
        Summary::of(text).as_str().to_owned()
    }

    #[test]
    fn a_summary_has_only_the_characters_of_rfc_6749_and_256_at_most() {
        assert_eq!(summary("Not in the ledger."), "Not in the ledger.");
        assert_eq!(summary("a \"quoted\"\r\n\\word\u{e9}\u{7f}"), "a quotedword");
        assert_eq!(summary(&"x".repeat(300)).len(), 256);
        assert_eq!(summary(&"é".repeat(300)), "The callback service returned an error.");
        assert_eq!(summary(" \t "), "The callback service returned an error.");
        assert_eq!(summary("~}][#! "), "~}][#!");
    }

    #[test]
    fn an_error_refuses_whatever_else_the_answer_has() {
        for (body, text) in [
            (r#"{"error":{"errorSummary":"No."}}"#, "No."),
            (r#"{"error":{"errorSummary":"No."},"commands":[]}"#, "No."),
            (r#"{"error":{},"commands":"wrong"}"#, Summary::DEFAULT),
            (r#"{"error":{"errorSummary":7}}"#, Summary::DEFAULT),
            (r#"{"error":"text"}"#, Summary::DEFAULT),
        ] {
            let answer = HookAnswer::of_okta(body.as_bytes()).unwrap();
            assert_eq!(answer, HookAnswer::refuse(text), "{body}");
        }
        let none = HookAnswer::of_okta(br#"{"error":null,"debugContext":{"a":1}}"#).unwrap();
        assert_eq!(none, HookAnswer::unchanged());
    }

    #[test]
    fn an_answer_of_another_form_is_unreadable() {
        for body in [
            "",
            "null",
            "[]",
            "7",
            "<html>",
            "{",
            r#"{"commands":{}}"#,
            r#"{"commands":["x"]}"#,
            r#"{"commands":[{"type":"com.okta.access.patch"}]}"#,
            r#"{"commands":[{"type":"com.okta.access.patch","value":[{"op":"add"}]}]}"#,
        ] {
            let answer = HookAnswer::of_okta(body.as_bytes());
            assert!(matches!(answer, Err(HookFailure::Unreadable(_))), "{body}: {answer:?}");
        }
        for body in ["{}", r#"{"commands":null}"#, r#"{"commands":[]}"#] {
            assert_eq!(HookAnswer::of_okta(body.as_bytes()).unwrap(), HookAnswer::unchanged());
        }
    }
}
