//! Reads the environment.

use std::ffi::OsString;
use std::path::Path;

use scopegate_core::spelling::{Instead, Quoted};

use super::draft::Draft;
use super::key::Key;
use super::keys::{self, LATER};
use super::problem::{Place, Problems};
use super::setting::{Setting, Written};

/// Reads the variables that begin with [`Key::PREFIX`]. They override what the file says.
pub(super) fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    draft: &mut Draft,
    problems: &mut Problems,
) {
    for (name, value) in variables {
        let name = name.to_string_lossy().into_owned();
        if !name.starts_with(Key::PREFIX) {
            continue;
        }
        let place = Place::Variable(name.clone());
        let Some(key) = keys::all().find(|key| key.variable() == name) else {
            problems.refuse(place, refusal(&name));
            continue;
        };
        match value.to_str() {
            Some(text) => {
                let written = Written::Text(text);
                let setting = Setting { path: key.path, written, place, folder: Path::new("") };
                key.apply(&setting, draft, problems);
            }
            None => problems.refuse(place, format!("{} is not UTF-8", Quoted(key.path))),
        }
    }
}

fn refusal(name: &str) -> String {
    let table = name[Key::PREFIX.len()..].split("__").next().unwrap_or_default();
    if LATER.iter().any(|later| later.eq_ignore_ascii_case(table)) {
        return "not supported yet: leave it out".to_owned();
    }
    let known: Vec<String> = keys::all().map(Key::variable).collect();
    let known = known.iter().map(String::as_str);
    format!("there is no such key: {}", Instead { of: name, known })
}
