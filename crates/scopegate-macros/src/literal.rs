//! A scope or value as it is written in the source: checked, and packed into a type.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::{Error, LitStr, Result};

/// How many bytes a packed literal has room for.
const ROOM: usize = 64;

/// What a literal stands for, which says what may be in it and which type it becomes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A scope-token of RFC 6749 §3.3.
    Scope,
    /// The value of a claim, such as a role.
    Value,
    /// A value of `acr`, of which a challenge may list several with spaces between them.
    Acr,
}

/// A literal that was found to be what it stands for.
pub(crate) struct Checked {
    kind: Kind,
    text: String,
    span: Span,
}

impl Checked {
    /// Checks the literal; what is wrong is reported at it.
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

    fn words(&self) -> Result<[Literal; ROOM / 16]> {
        if self.text.len() > ROOM {
            return Err(Error::new(self.span, self.too_long()));
        }
        let mut bytes = [0; ROOM];
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
            "this {noun} is {} bytes long, and a literal has room for {ROOM}: \
             declare it with `{noun}s! {{ pub {name} = \"…\"; }}` and write `{name}` here",
            self.text.len()
        )
    }
}

/// The type of a literal, as a path that is a type and a value.
///
/// A wrong literal becomes a type whose first number is the error: in the place of the whole type,
/// rustc would take an error for `()` and go on to complain that `()` is not a scope.
pub(crate) fn packed(literal: &LitStr, kind: Kind, home: &TokenStream) -> TokenStream {
    let span = literal.span();
    let name = match kind {
        Kind::Scope => quote_spanned!(span=> PackedScope),
        Kind::Value | Kind::Acr => quote_spanned!(span=> PackedValue),
    };
    match Checked::read(literal, kind).and_then(|checked| checked.words()) {
        Ok(words) => quote_spanned!(span=> #home::#name::<#(#words),*>),
        Err(error) => {
            let error = error.into_compile_error();
            quote_spanned!(span=> #home::#name::<{ #error }, 0, 0, 0>)
        }
    }
}

impl Kind {
    /// What people call it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Value | Self::Acr => "value",
        }
    }

    /// What keeps a text from being of this kind.
    fn problem(self, text: &str) -> Option<String> {
        match self {
            Self::Scope => problem_of_a_scope(text),
            Self::Value => problem_of_a_value(text),
            Self::Acr if text.contains(' ') => Some(
                "a value of `acr` holds no space: write each as a literal of its own".to_owned(),
            ),
            Self::Acr => problem_of_a_value(text),
        }
    }
}

/// What keeps a text from being a scope: `1*( %x21 / %x23-5B / %x5D-7E )`.
fn problem_of_a_scope(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("a scope has at least one character (RFC 6749 §3.3)".to_owned());
    }
    let wrong = text.chars().find(|c| !matches!(c, '!' | '#'..='[' | ']'..='~'))?;
    let wrong = match wrong {
        ' ' => "a space (it separates scopes: write each as a literal of its own)".to_owned(),
        '"' => "a double quote".to_owned(),
        '\\' => "a backslash".to_owned(),
        control if control.is_ascii_control() => format!("the control character {control:?}"),
        other => format!("`{}`, which is not ASCII", other.escape_debug()),
    };
    Some(format!(
        "this is not a scope, it holds {wrong}\n\
         allowed are printable ASCII characters other than space, `\"` and `\\` (RFC 6749 §3.3)"
    ))
}

/// What keeps a text from being a value that somebody would look for in a claim.
fn problem_of_a_value(text: &str) -> Option<String> {
    if text.trim() != text || text.is_empty() {
        return Some("a value is not empty and has no space around it".to_owned());
    }
    let wrong = text.chars().find(|c| c.is_control())?;
    Some(format!("this is not a value, it holds the control character {wrong:?}"))
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn read(text: &str) -> Result<Checked> {
        Checked::read(&LitStr::new(text, Span::call_site()), Kind::Scope)
    }

    #[test]
    fn the_grammar_is_that_of_the_claims_crate() {
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
    fn sixty_four_bytes_fit_and_one_more_is_sent_to_scopes() {
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
    fn a_value_may_hold_what_people_read() {
        let read = |text| Checked::read(&LitStr::new(text, Span::call_site()), Kind::Value);
        for text in ["admin", "/staff/Köln", "Domain Users", "a\"b\\c"] {
            assert!(read(text).is_ok(), "{text}");
        }
        for text in ["", " ", "admin ", "a\nb", "a\0b"] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }
}
