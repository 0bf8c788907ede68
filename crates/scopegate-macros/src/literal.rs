//! A scope as it is written in the source: checked, and packed into a type.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::{Error, LitStr, Result};

/// How many bytes `PackedScope` has room for.
const ROOM: usize = 64;

/// A literal that is a scope-token of RFC 6749 §3.3.
pub(crate) struct ScopeLiteral {
    text: String,
    span: Span,
}

impl ScopeLiteral {
    /// Checks the literal; what is wrong is reported at it.
    pub(crate) fn read(literal: &LitStr) -> Result<Self> {
        let (text, span) = (literal.value(), literal.span());
        match problem(&text) {
            Some(problem) => Err(Error::new(span, problem)),
            None => Ok(Self { text, span }),
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
        format!(
            "this scope is {} bytes long, and a literal has room for {ROOM}: \
             declare it with `scopes! {{ pub LongScope = \"…\"; }}` and write `LongScope` here",
            self.text.len()
        )
    }
}

/// The `PackedScope` of a literal, as a path that is a type and a value.
///
/// A wrong literal becomes a `PackedScope` whose first number is the error: in the place of the whole
/// type, rustc would take an error for `()` and go on to complain that `()` is not a scope.
pub(crate) fn packed(literal: &LitStr, home: &TokenStream) -> TokenStream {
    let span = literal.span();
    match ScopeLiteral::read(literal).and_then(|scope| scope.words()) {
        Ok(words) => quote_spanned!(span=> #home::PackedScope::<#(#words),*>),
        Err(error) => {
            let error = error.into_compile_error();
            quote_spanned!(span=> #home::PackedScope::<{ #error }, 0, 0, 0>)
        }
    }
}

/// What keeps a text from being a scope: `1*( %x21 / %x23-5B / %x5D-7E )`.
fn problem(text: &str) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn read(text: &str) -> Result<ScopeLiteral> {
        ScopeLiteral::read(&LitStr::new(text, Span::call_site()))
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
        packed(&LitStr::new(text, Span::call_site()), &quote!(::scopegate)).to_string()
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
}
