//! From the bytes of a file to its top-level table.

use toml::de::DeTable;

use super::{Problems, Shape, Table};

/// Reads the top-level table of a file of at most `max_mib` MiB. A file that is too large or that cannot be parsed
/// is reported, and `read` is not called.
pub(crate) fn read_document<T>(
    content: &[u8],
    max_mib: usize,
    shape: &'static Shape,
    problems: &Problems,
    read: impl for<'f> FnOnce(Table<'f>, &'f Problems) -> Option<T>,
) -> Option<T> {
    if content.len() > max_mib * 1024 * 1024 {
        problems.refuse(0, format_args!("the file is too large: write at most {max_mib} MiB"));
        return None;
    }
    let text = match std::str::from_utf8(content) {
        Ok(text) => text,
        Err(error) => {
            problems.refuse(error.valid_up_to(), format_args!("not UTF-8: save the file as UTF-8"));
            return None;
        }
    };
    match DeTable::parse(text) {
        Ok(document) => read(Table::root(document.get_ref(), shape, problems), problems),
        Err(error) => {
            problems.refuse_syntax(text, &error);
            None
        }
    }
}
