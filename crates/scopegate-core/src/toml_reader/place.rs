//! Converts byte offsets to lines and columns.

use std::collections::BTreeMap;

/// The lines and columns of some byte offsets in a text.
#[derive(Debug)]
pub struct Places(BTreeMap<usize, (usize, usize)>);

impl Places {
    /// Converts all offsets in one pass over the text.
    pub fn find(content: &[u8], offsets: impl Iterator<Item = usize>) -> Self {
        let mut places: BTreeMap<usize, (usize, usize)> =
            offsets.map(|offset| (offset, (0, 0))).collect();
        // Editors do not show a byte order mark, so it does not count as a column.
        let mut at = if content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let (mut line, mut column) = (1, 1);
        for (&offset, place) in &mut places {
            let passed = &content[at..offset.clamp(at, content.len())];
            at += passed.len();
            line += passed.iter().filter(|&&byte| byte == b'\n').count();
            column = match passed.iter().rposition(|&byte| byte == b'\n') {
                None => column + characters(passed),
                Some(newline) => 1 + characters(&passed[newline + 1..]),
            };
            *place = (line, column);
        }
        Self(places)
    }

    /// The line and column, from 1, of one of the offsets that were given to [`find`](Self::find).
    pub fn of(&self, offset: usize) -> (usize, usize) {
        self.0.get(&offset).copied().unwrap_or((1, 1))
    }
}

/// Counts characters by their first bytes, which also works for bytes that are not UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(content: &str, offset: usize) -> (usize, usize) {
        Places::find(content.as_bytes(), [offset].into_iter()).of(offset)
    }

    #[test]
    fn columns_are_counted_in_characters() {
        let text = "é = 1\r\nüü = 2\n";
        assert_eq!(place(text, 0), (1, 1));
        assert_eq!(place(text, text.find('1').unwrap()), (1, 5));
        assert_eq!(place(text, text.find('2').unwrap()), (2, 6));
        assert_eq!(place(text, text.len()), (3, 1));
        assert_eq!(place("\u{feff}a", 3), (1, 1));
        assert_eq!(place("\u{feff}", 0), (1, 1));
    }

    proptest! {
        #[test]
        fn a_place_equals_a_simple_count(text in "[aé\n]{0,40}", at in 0_usize..40, other in 0_usize..40) {
            let boundary = |at: usize| text.char_indices().map(|(at, _)| at).nth(at).unwrap_or(text.len());
            let (at, other) = (boundary(at), boundary(other));
            let before = &text[..at];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let places = Places::find(text.as_bytes(), [other, at, other].into_iter());
            prop_assert_eq!(places.of(at), (line, column));
        }
    }
}
