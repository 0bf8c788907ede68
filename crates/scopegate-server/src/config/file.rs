//! Reads the file.

use std::path::Path;

use scopegate_core::spelling::{Instead, Quoted};
use toml::de::{DeTable, DeValue};

use super::ConfigText;
use super::draft::Draft;
use super::keys::{self, ADVICE, LATER};
use super::problem::{Place, Problems};
use super::setting::{Setting, Written};

/// Reads all keys of a file.
pub(super) fn read(file: &ConfigText<'_>, draft: &mut Draft, problems: &mut Problems) {
    let text = match std::str::from_utf8(file.content) {
        Ok(text) => text,
        Err(error) => {
            let place = Place::Offset(error.valid_up_to());
            return problems.refuse(place, "not UTF-8: save the file as UTF-8".to_owned());
        }
    };
    match DeTable::parse(text) {
        Ok(document) => {
            Reader { folder: file.folder, draft, problems }.read("", document.get_ref());
        }
        Err(error) => refuse_syntax(text, &error, problems),
    }
}

struct Reader<'r> {
    folder: &'r Path,
    draft: &'r mut Draft,
    problems: &'r mut Problems,
}

impl Reader<'_> {
    /// Reads a table. `prefix` is its path with a dot at the end, or empty for the whole file.
    fn read(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = format!("{prefix}{}", key.get_ref());
            let begins = format!("{path}.");
            if let Some(known) = keys::all().find(|known| known.path == path) {
                let written = Written::Toml(value.get_ref());
                let place = Place::Offset(value.span().start);
                let setting = Setting { path: known.path, written, place, folder: self.folder };
                known.apply(&setting, self.draft, self.problems);
            } else if !keys::all().any(|known| known.path.starts_with(&begins)) {
                self.refuse(prefix, key.get_ref(), key.span().start);
            } else if let DeValue::Table(table) = value.get_ref() {
                self.read(&begins, table);
            } else {
                let message = format!("{} must be a table: write [{path}]", Quoted(&path));
                self.problems.refuse(Place::Offset(value.span().start), message);
            }
        }
    }

    /// Refuses a key that is neither a known key nor a table of known keys.
    fn refuse(&mut self, prefix: &str, key: &str, at: usize) {
        let name = Quoted(key);
        let path = format!("{prefix}{key}");
        let message = if LATER.contains(&path.as_str()) {
            format!("{name} is not supported yet: leave it out")
        } else if let Some((_, advice)) = ADVICE.iter().find(|(known, _)| *known == path) {
            format!("unknown key {name}: {advice}")
        } else {
            let siblings = siblings(prefix);
            let instead = Instead { of: key, known: siblings.iter().copied() };
            match prefix.strip_suffix('.') {
                None => format!("unknown key {name}: {instead}"),
                Some(table) => format!("unknown key {name} of [{table}]: {instead}"),
            }
        };
        self.problems.refuse(Place::Offset(at), message);
    }
}

/// The keys that may stand in a table.
fn siblings(prefix: &str) -> Vec<&'static str> {
    let mut siblings: Vec<_> = keys::all()
        .filter_map(|key| key.path.strip_prefix(prefix))
        .filter_map(|rest| rest.split('.').next())
        .collect();
    siblings.dedup();
    siblings
}

/// The message of the parser says what it expected and quotes nothing, so that it cannot show a
/// secret.
fn refuse_syntax(text: &str, error: &toml::de::Error, problems: &mut Problems) {
    let span = error.span().unwrap_or_default();
    let written = text.get(span.clone()).unwrap_or_default().trim_matches(['"', '\'']);
    let message = match error.message() {
        "duplicate key" if !written.is_empty() => {
            format!("duplicate key {}: write it once", Quoted(written))
        }
        message => format!("not TOML: {message}"),
    };
    problems.refuse(Place::Offset(span.start), message);
}
