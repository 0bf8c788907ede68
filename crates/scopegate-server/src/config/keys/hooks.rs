//! The keys of `[hooks]`.

use std::collections::BTreeMap;

use scopegate_core::spelling::{Instead, Quoted};
use scopegate_store::StoreUrl;
use toml::de::DeValue;

use crate::config::form::Form;
use crate::config::key::Key;
use crate::config::problem::{Complaint, Place};
use crate::config::setting::{Setting, Written};

pub(in crate::config) const CONNECTIONS: &str = "hooks.connections";

/// Maximum number of connections.
const MAX_CONNECTIONS: usize = 50;

/// The keys of a connection.
const KEYS_OF_CONNECTION: [&str; 1] = ["url"];

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "hooks.deadline",
        meaning: "the longest time of all token hooks of a request together",
        default: "3s",
        form: Form::Duration,
        set: |draft, setting| {
            draft.hooks.deadline = setting.duration("1s"..="15s")?;
            Ok(())
        },
    },
    Key {
        path: CONNECTIONS,
        meaning: "the databases that SQL hooks may query: NAME = { url = \"postgres://…\" }; \
                  in the environment NAME=URL, separated by spaces",
        default: "none",
        form: Form::Connections,
        set: |draft, setting| {
            draft.hooks.connections = connections(setting)?;
            Ok(())
        },
    },
];

fn connections(setting: &Setting<'_>) -> Result<BTreeMap<String, StoreUrl>, Complaint> {
    let mut connections = BTreeMap::new();
    match setting.written {
        Written::Text(text) => {
            for entry in text.split_whitespace() {
                // The entry may have a password, so that it is not shown.
                let shape = "write NAME=URL, separated by spaces, such as billing=postgres://…";
                let (name, url) = entry.split_once('=').ok_or_else(|| setting.refuse(shape))?;
                add(&mut connections, setting, name, url)?;
            }
        }
        Written::Toml(DeValue::Table(table)) => {
            for (name, value) in table {
                let setting =
                    Setting { place: Place::Offset(value.span().start), ..setting.clone() };
                let DeValue::Table(keys) = value.get_ref() else {
                    return Err(setting.refuse("a connection is a table: write { url = \"…\" }"));
                };
                for key in keys.keys() {
                    if !KEYS_OF_CONNECTION.contains(&&**key.get_ref()) {
                        let known = KEYS_OF_CONNECTION.into_iter();
                        let (name, instead) =
                            (Quoted(key.get_ref()), Instead { of: key.get_ref(), known });
                        let place = Place::Offset(key.span().start);
                        let message = format!("unknown key {name}: {instead}");
                        return Err(Complaint { place, message });
                    }
                }
                let url = keys.get("url").map(toml::Spanned::get_ref);
                let Some(DeValue::String(url)) = url else {
                    let message = "missing key \"url\": write { url = \"postgres://…\" }";
                    return Err(setting.refuse(message));
                };
                add(&mut connections, &setting, name.get_ref(), url)?;
            }
        }
        Written::Toml(_) => {
            let shape = "\"hooks.connections\" must be a table: write [hooks.connections] and then \
                         NAME = { url = \"postgres://…\" }";
            return Err(setting.refuse(shape));
        }
    }
    if connections.len() > MAX_CONNECTIONS {
        let message = format!("too many connections: write at most {MAX_CONNECTIONS}");
        return Err(setting.refuse(message));
    }
    Ok(connections)
}

fn add(
    connections: &mut BTreeMap<String, StoreUrl>,
    setting: &Setting<'_>,
    name: &str,
    url: &str,
) -> Result<(), Complaint> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if name.is_empty() || name.len() > 100 || !name.chars().all(is_plain) {
        let message = format!("{} is no name: write letters, digits, `-` or `_`", Quoted(name));
        return Err(setting.refuse(message));
    }
    let url = StoreUrl::parse(url).map_err(|problem| setting.refuse(problem.to_string()))?;
    // A relative path begins in the folder of the file.
    let url = match url.sqlite_path() {
        Some(path) => StoreUrl::sqlite(setting.folder.join(path)),
        None => url,
    };
    match connections.insert(name.to_owned(), url) {
        None => Ok(()),
        Some(_) => Err(setting.refuse(format!("duplicate connection {}", Quoted(name)))),
    }
}
