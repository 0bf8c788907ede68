//! Splits the text of an expression into tokens.

use super::error::Fault;
use crate::spelling::Quoted;

/// A token and the byte offset at which it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: TokenKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    End,
    Float(f64),
    /// The digits of an integer. A sign before them is a token of its own.
    Integer(u64),
    Name(String),
    Symbol(&'static str),
    Text(String),
}

/// Longer symbols before their prefixes.
const SYMBOLS: [&str; 25] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",",
    "(", ")", "[", "]", "{", "}", "=",
];

/// Splits a text into tokens. The last one is [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_ascii_whitespace() {
            at += 1;
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else {
            let (kind, length) = token(rest, first).map_err(|mut fault| {
                fault.at += at;
                fault
            })?;
            tokens.push(Token { at, kind });
            at += length;
        }
    }
    tokens.push(Token { at, kind: TokenKind::End });
    Ok(tokens)
}

/// The first token of a text, and its length in bytes.
fn token(rest: &str, first: char) -> Result<(TokenKind, usize), Fault> {
    match first {
        '"' | '\'' => quoted(rest, 0, first, false),
        '0'..='9' => number(rest),
        'a'..='z' | 'A'..='Z' | '_' => {
            let length = run(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let quote = rest[length..].chars().next().filter(|next| matches!(next, '"' | '\''));
            match (&rest[..length], quote) {
                ("r" | "R", Some(quote)) => quoted(rest, 1, quote, true),
                ("b" | "B" | "br" | "rb", Some(_)) => Err(Fault::new(
                    0,
                    format_args!("bytes are not supported: write a text without the `b`"),
                )),
                (name, _) => Ok((TokenKind::Name(name.to_owned()), length)),
            }
        }
        _ => {
            let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
            let shown = &rest[..first.len_utf8()];
            let symbol = symbol.ok_or_else(|| {
                let shown = Quoted(shown);
                let hint = "write texts in quotes, and `&&`, `||` or `!` for and, or, not";
                Fault::new(0, format_args!("unexpected character {shown}: {hint}"))
            })?;
            if *symbol == "=" {
                return Err(Fault::new(0, format_args!("`=` is no operator: write `==`")));
            }
            Ok((TokenKind::Symbol(symbol), symbol.len()))
        }
    }
}

/// The number of bytes at the beginning that have a property.
fn run(text: &str, has: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| has(*byte)).count()
}

fn number(rest: &str) -> Result<(TokenKind, usize), Fault> {
    let digits = |at: usize| run(&rest[at..], |byte| byte.is_ascii_digit());
    let mut length = digits(0);
    let mut is_float = false;
    if rest.starts_with("0x") || rest.starts_with("0X") {
        length = 2 + run(&rest[2..], |byte| byte.is_ascii_hexdigit());
    } else {
        if rest[length..].starts_with('.') && digits(length + 1) > 0 {
            is_float = true;
            length += 1 + digits(length + 1);
        }
        if rest[length..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                is_float = true;
                length += 1 + sign + exponent;
            }
        }
    }
    let written = &rest[..length];
    let tail = run(&rest[length..], |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let kind = if tail > 0 {
        None
    } else if is_float {
        written.parse().ok().filter(|value: &f64| value.is_finite()).map(TokenKind::Float)
    } else {
        match written.get(2..).filter(|_| written.starts_with("0x") || written.starts_with("0X")) {
            Some(digits) => u64::from_str_radix(digits, 16).ok().map(TokenKind::Integer),
            None => written.parse().ok().map(TokenKind::Integer),
        }
    };
    let shown = Quoted(&rest[..length + tail]);
    let kind = kind.ok_or_else(|| {
        Fault::new(0, format_args!("{shown} is no number: write one of 64 bits, such as 42 or 1.5"))
    })?;
    Ok((kind, length))
}

/// A text in quotes. `opening` is the offset of the first quote.
fn quoted(
    rest: &str,
    opening: usize,
    quote: char,
    is_raw: bool,
) -> Result<(TokenKind, usize), Fault> {
    let mut text = String::new();
    let begin = opening + 1;
    let mut letters = rest[begin..].char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            _ if letter == quote => return Ok((TokenKind::Text(text), begin + at + 1)),
            '\n' | '\r' => break,
            '\\' if !is_raw => {
                let escape = escaped(&rest[begin + at + 1..]);
                let (letter, length) = escape.ok_or_else(|| {
                    let hint = "write `\\\\` for a backslash, or `r` before the quotes";
                    Fault::new(begin + at, format_args!("unknown escape: {hint}"))
                })?;
                text.push(letter);
                let end = at + 1 + length;
                while letters.clone().next().is_some_and(|(next, _)| next < end) {
                    letters.next();
                }
            }
            _ => text.push(letter),
        }
    }
    Err(Fault::new(0, format_args!("a text without its end: write {quote} after it")))
}

/// The character of an escape, and the length of what follows the backslash in bytes.
fn escaped(rest: &str) -> Option<(char, usize)> {
    let code = |from: usize, digits: usize, radix: u32| {
        let digits_of = rest.get(from..from + digits)?;
        let is_number = digits_of.bytes().all(|byte| char::from(byte).is_digit(radix));
        let code = u32::from_str_radix(digits_of, radix).ok().filter(|_| is_number)?;
        Some((char::from_u32(code)?, from + digits))
    };
    let simple = |letter| Some((letter, 1));
    match rest.chars().next()? {
        letter @ ('\\' | '"' | '\'' | '`' | '?') => simple(letter),
        'a' => simple('\u{7}'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\u{b}'),
        'x' | 'X' => code(1, 2, 16),
        'u' => code(1, 4, 16),
        'U' => code(1, 8, 16),
        '0'..='3' => code(0, 3, 8),
        _ => None,
    }
}
