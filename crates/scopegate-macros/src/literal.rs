//! A scope or value literal in source code: checking it and encoding it into a type.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::{Error, LitStr, Result};

/// The maximum length of a packed literal in bytes.
const MAX_LEN: usize = 64;

/// The kind of a literal. It decides which characters are allowed and which type the literal
/// becomes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A scope-token of RFC 6749 §3.3.
    Scope,
    /// The value of a claim, such as a role.
    Value,
    /// An `acr` value. A challenge may list several, separated by spaces, so none may contain one.
    Acr,
}

/// A literal that passed the check for its kind.
pub(crate) struct Checked {
    kind: Kind,
    text: String,
    span: Span,
}

impl Checked {
    /// Checks the literal. An error points at it.
    pub(crate) fn read(literal: &LitStr, kind: Kind) -> Result<Self> {
        let (text, span) = (literal.value(), literal.span());
        match kind.problem(&text) {
            Some(problem) => Err(Error::new(span, problem)),
            None => Ok(Self { kind, text, span }),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// The text as numbers, sixteen bytes each.
    fn words(&self) -> Result<[Literal; MAX_LEN / 16]> {
        if self.text.len() > MAX_LEN {
            return Err(Error::new(self.span, self.too_long()));
        }
        let mut bytes = [0; MAX_LEN];
        bytes[..self.text.len()].copy_from_slice(self.text.as_bytes());
        Ok(std::array::from_fn(|at| {
            let word = u128::from_be_bytes(bytes.as_chunks().0[at]);
            let mut word = Literal::u128_unsuffixed(word);
            word.set_span(self.span);
            word
        }))
    }

    fn too_long(&self) -> String {
        let noun = self.kind.noun();
        let name = match self.kind {
            Kind::Scope => "LongScope",
            Kind::Value | Kind::Acr => "LongValue",
        };
        format!(
            "this {noun} is {} bytes long, but a literal may have at most {MAX_LEN} bytes: \
             declare it with `{noun}s! {{ pub {name} = \"…\"; }}` and write `{name}` here",
            self.text.len()
        )
    }
}

/// The type of a literal, as a path that is valid as a type and as an expression.
///
/// For an invalid literal, the compile error becomes the first number of the type. If it replaced
/// the whole type, rustc would treat the type as `()` and report in addition that `()` is not a
/// scope.
pub(crate) fn packed(literal: &LitStr, kind: Kind, crate_path: &TokenStream) -> TokenStream {
    let span = literal.span();
    let name = match kind {
        Kind::Scope => quote_spanned!(span=> PackedScope),
        Kind::Value | Kind::Acr => quote_spanned!(span=> PackedValue),
    };
    match Checked::read(literal, kind).and_then(|checked| checked.words()) {
        Ok(words) => quote_spanned!(span=> #crate_path::#name::<#(#words),*>),
        Err(error) => {
            let error = error.into_compile_error();
            quote_spanned!(span=> #crate_path::#name::<{ #error }, 0, 0, 0>)
        }
    }
}

impl Kind {
    /// The word for it in error messages.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Value | Self::Acr => "value",
        }
    }

    /// The error message if the text is not valid for this kind.
    fn problem(self, text: &str) -> Option<String> {
        match self {
            Self::Scope => problem_of_a_scope(text),
            Self::Value => problem_of_a_value(text),
            Self::Acr if text.contains(' ') => Some(
                "an `acr` value may not contain a space: write each value as a separate literal"
                    .to_owned(),
            ),
            Self::Acr => problem_of_a_value(text),
        }
    }
}

/// The error message if the text is not a scope: `1*( %x21 / %x23-5B / %x5D-7E )`.
fn problem_of_a_scope(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("a scope has at least one character (RFC 6749 §3.3)".to_owned());
    }
    let wrong = text.chars().find(|c| !matches!(c, '!' | '#'..='[' | ']'..='~'))?;
    let wrong = match wrong {
        ' ' => "a space (it separates scopes: write each scope as a separate literal)".to_owned(),
        '"' => "a double quote".to_owned(),
        '\\' => "a backslash".to_owned(),
        control if control.is_ascii_control() => format!("the control character {control:?}"),
        other => format!("`{}`, which is not ASCII", other.escape_debug()),
    };
    Some(format!(
        "this is not a scope, because it contains {wrong}\n\
         allowed are printable ASCII characters other than space, `\"` and `\\` (RFC 6749 §3.3)"
    ))
}

/// The error message if the text cannot be a claim value.
fn problem_of_a_value(text: &str) -> Option<String> {
    if text.trim() != text || text.is_empty() {
        return Some("a value may not be empty or begin or end with a space".to_owned());
    }
    let wrong = text.chars().find(|c| c.is_control())?;
    Some(format!("this is not a value, because it contains the control character {wrong:?}"))
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn read(text: &str) -> Result<Checked> {
        Checked::read(&LitStr::new(text, Span::call_site()), Kind::Scope)
    }

    #[test]
    fn the_grammar_equals_that_of_the_claims_crate() {
        for byte in 0..=u8::MAX {
            let text = char::from(byte).to_string();
            assert_eq!(read(&text).is_ok(), scopegate_claims::Scope::is_token(&text), "{text:?}");
        }
        assert!(read("").is_err());
    }

    #[test]
    fn the_error_names_the_character() {
        for (text, named) in [
            ("read orders", "a space"),
            ("a\"b", "a double quote"),
            ("a\\b", "a backslash"),
            ("a\nb", r"the control character '\n'"),
            ("a\u{7f}b", r"'\u{7f}'"),
            ("bücher", "`ü`"),
            ("a\u{200b}b", r"`\u{200b}`"),
        ] {
            let error = read(text).err().expect("not a scope").to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    fn packed_text(text: &str) -> String {
        packed(&LitStr::new(text, Span::call_site()), Kind::Scope, &quote!(::scopegate)).to_string()
    }

    #[test]
    fn the_error_for_more_than_64_bytes_suggests_scopes() {
        assert!(!packed_text(&"a".repeat(64)).contains("compile_error"));
        let error = packed_text(&"a".repeat(65));
        assert!(error.contains("65 bytes") && error.contains("scopes!"), "{error}");
    }

    #[test]
    fn a_packed_scope_is_big_endian_and_padded_with_zeros() {
        let first = u128::from_be_bytes(*b"ab\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        let expected = format!(":: scopegate :: PackedScope :: < {first} , 0 , 0 , 0 >");
        assert_eq!(packed_text("ab"), expected);
    }

    #[test]
    fn a_value_may_contain_spaces_and_non_ascii_letters() {
        let read = |text| Checked::read(&LitStr::new(text, Span::call_site()), Kind::Value);
        for text in ["admin", "/staff/Köln", "Domain Users", "a\"b\\c"] {
            assert!(read(text).is_ok(), "{text}");
        }
        for text in ["", " ", "admin ", "a\nb", "a\0b"] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }
}
