//! Positions inside of strings.

/// The offset in the file of a byte of a string's value. `at` is the offset of the string, `inside` the offset in
/// its value. If it is after the value, the offset of the closing quotes.
pub(super) fn offset(content: &[u8], at: usize, inside: usize) -> usize {
    let rest = content.get(at..).unwrap_or_default();
    let quote = match rest.first() {
        Some(quote @ (b'"' | b'\'')) => *quote,
        _ => return at,
    };
    let is_multiline = rest.starts_with(&[quote; 3]);
    let mut raw = if is_multiline { 3 } else { 1 };
    if is_multiline {
        // A line break right after the opening quotes is not part of the value.
        raw += line_break(&rest[raw..]);
    }
    let mut value = 0;
    while value < inside {
        let (written, meant) = match &rest[raw..] {
            [] => break,
            [b'\\', after @ ..] if quote == b'"' => escape(after),
            [first, ..] if *first == quote && ends(&rest[raw..], quote, is_multiline) => break,
            _ => (1, 1),
        };
        raw += written;
        value += meant;
    }
    at + raw.min(rest.len())
}

/// Whether the closing quotes are here.
fn ends(rest: &[u8], quote: u8, is_multiline: bool) -> bool {
    !is_multiline || (rest.starts_with(&[quote; 3]) && rest.get(3) != Some(&quote))
}

/// The length of a line break at the beginning.
fn line_break(rest: &[u8]) -> usize {
    match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    }
}

/// The length of an escape in the file, with its backslash, and in the value.
fn escape(after: &[u8]) -> (usize, usize) {
    let code = |digits: usize| {
        let code = after.get(1..=digits).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        (2 + digits, code.and_then(char::from_u32).map_or(1, char::len_utf8))
    };
    match after.first() {
        Some(b'x') => code(2),
        Some(b'u') => code(4),
        Some(b'U') => code(8),
        Some(byte) if byte.is_ascii_whitespace() => {
            // A backslash at the end of a line removes all white space up to the next character.
            let spaces = after.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            (1 + spaces, 0)
        }
        _ => (2, 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::de::{DeTable, DeValue};

    use super::*;

    /// The value of the key `a`, and the offset of its string.
    fn parsed(file: &str) -> (String, usize) {
        let document = DeTable::parse(file).unwrap();
        let value = document.get_ref().get("a").unwrap();
        let DeValue::String(text) = value.get_ref() else { panic!("{file} has no string") };
        (text.to_string(), value.span().start)
    }

    #[test]
    fn a_position_is_found_in_each_kind_of_string() {
        for file in [
            "a = 'b!c'",
            "b = 1\r\na = \"b!c\"",
            r#"a = "\n\\\"\t\u00e9\U0001F600!\"c""#,
            r#"a = "é😀!é""#,
            "a = '''!'''",
            "a = '''\n\nb''!'c'''",
            "a = \"\"\"\r\nb\r\n\"!\"\"\"",
            "a = \"\"\"\nb \\\n   \n  c!\\u0041\"\"\"",
            "a = '\\!'",
        ] {
            let (value, at) = parsed(file);
            let found = offset(file.as_bytes(), at, value.find('!').unwrap());
            assert_eq!(found, file.find('!').unwrap(), "{file}");
        }
    }

    #[test]
    fn the_end_of_a_value_is_its_closing_quote() {
        for (file, end) in
            [("a = ''", 5), ("a = \"bc\" # c", 7), ("a = '''b'''", 8), ("a = \"\"\"b\"\"\"\"", 9)]
        {
            let (value, at) = parsed(file);
            assert_eq!(offset(file.as_bytes(), at, value.len()), end, "{file}");
            assert_eq!(offset(file.as_bytes(), at, value.len() + 9), end, "{file}");
        }
    }

    proptest! {
        #[test]
        fn every_character_has_the_position_at_which_it_is_written(before in "[aé\"'\\\\\n\t]{0,8}") {
            let value = format!("{before}!");
            let file = toml::to_string(&std::collections::BTreeMap::from([("a", &value)])).unwrap();
            let (read, at) = parsed(&file);
            prop_assert_eq!(&read, &value);
            let found = offset(file.as_bytes(), at, before.len());
            prop_assert_eq!(found, file.find('!').unwrap(), "{}", file);
        }

        #[test]
        fn no_content_panics(content in proptest::collection::vec(any::<u8>(), 0..20), at in 0_usize..25, inside in 0_usize..25) {
            prop_assert!(offset(&content, at, inside) <= at.max(content.len()));
        }
    }
}
