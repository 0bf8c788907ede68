//! A parser for challenges (RFC 9110 §11.6.1), written from the grammar without code of scopegate.

/// Parses one `Bearer` challenge. The result is `None` for anything else, or for several
/// challenges.
pub fn read_challenge(text: &str) -> Option<Vec<(String, String)>> {
    let rest = text.strip_prefix("Bearer")?;
    let mut parameters = Vec::new();
    if rest.is_empty() {
        return Some(parameters);
    }
    let mut rest = rest.strip_prefix(' ')?;
    loop {
        let (name, after) = rest.split_once('=')?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            return None;
        }
        let (value, after) = quoted_string(after)?;
        parameters.push((name.to_owned(), value));
        if after.is_empty() {
            return Some(parameters);
        }
        rest = after.strip_prefix(", ")?;
    }
}

fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut characters = text.strip_prefix('"')?.char_indices();
    let mut value = String::new();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 2..])),
            '\\' => value.push(characters.next()?.1),
            ' '..='~' => value.push(character),
            _ => return None,
        }
    }
    None
}
