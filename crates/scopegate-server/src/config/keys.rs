//! The table of keys: what can be set, in the file and in the environment alike.

mod audit;
mod catalog;
mod general;
pub(super) mod hooks;
pub(super) mod limits;
mod listen;
mod log;
mod pkcs11;
mod proxies;
mod rates;
mod store;
mod tls;

use super::key::Key;

/// All keys in the order of the documentation, one part for each concern.
static KEYS: &[&[Key]] = &[
    general::KEYS,
    listen::KEYS,
    tls::KEYS,
    store::KEYS,
    pkcs11::KEYS,
    proxies::KEYS,
    limits::KEYS,
    rates::KEYS,
    audit::KEYS,
    catalog::KEYS,
    hooks::KEYS,
    log::KEYS,
];

/// Keys and tables that are planned. They are refused until they do something.
pub(super) static LATER: &[&str] = &[];

/// Keys that an administrator may expect here, and what to do instead.
pub(super) static ADVICE: &[(&str, &str)] = &[
    ("sql", "write the databases of hooks in [hooks.connections]"),
    ("hook", "hooks are written in a catalog file; their databases in [hooks.connections]"),
    ("master_key", "write the path of a file as \"master_key_file\", or set SCOPEGATE_MASTER_KEY"),
    (
        "previous_master_key",
        "write the path of a file as \"previous_master_key_file\", or set SCOPEGATE_PREVIOUS_MASTER_KEY",
    ),
    ("keys.pkcs11.pin", "write the path of a file as \"pin_file\", or set SCOPEGATE_PKCS11_PIN"),
    ("clients", "clients, servers and policies are written in a catalog file"),
    ("client", "clients, servers and policies are written in a catalog file"),
    ("server", "clients, servers and policies are written in a catalog file"),
];

/// All keys, in the order of the documentation.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().copied().flatten()
}
