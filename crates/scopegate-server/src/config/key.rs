//! The table of keys: what can be set, in the file and in the environment alike.

use super::draft::Draft;
use super::problem::Complaint;
use super::setting::Setting;
use super::{audit, draft, limits, listen, log, proxies, rates, store, tls};

/// All keys, one part for each concern.
pub(super) static KEYS: &[&[Key]] = &[
    draft::KEYS,
    listen::KEYS,
    tls::KEYS,
    store::KEYS,
    proxies::KEYS,
    limits::KEYS,
    rates::KEYS,
    audit::KEYS,
    log::KEYS,
];

/// Keys and tables that are planned, and refused until they do something.
pub(super) static LATER: &[&str] = &["sql"];

/// Keys that one may expect, and what to do instead.
pub(super) static ADVICE: &[(&str, &str)] = &[
    ("master_key", "write the path of a file as \"master_key_file\", or set SCOPEGATE_MASTER_KEY"),
    ("clients", "clients, servers and policies are written in a catalog file"),
    ("client", "clients, servers and policies are written in a catalog file"),
    ("server", "clients, servers and policies are written in a catalog file"),
];

/// One thing that can be set.
#[derive(Debug)]
pub struct Key {
    pub(super) path: &'static str,
    pub(super) meaning: &'static str,
    pub(super) default: &'static str,
    pub(super) set: fn(&mut Draft, &Setting<'_>) -> Result<(), Complaint>,
}

impl Key {
    /// Before the name of a variable.
    pub(super) const PREFIX: &'static str = "SCOPEGATE__";

    /// Its path in the file, such as `store.url`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// What it sets, for people.
    pub fn meaning(&self) -> &'static str {
        self.meaning
    }

    /// What holds if it is not set, for people.
    pub fn default(&self) -> &'static str {
        self.default
    }

    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("{}{}", Self::PREFIX, self.path.replace('.', "__").to_ascii_uppercase())
    }
}
