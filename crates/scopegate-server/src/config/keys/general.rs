//! The keys that stand in no table.

use scopegate_claims::Issuer;
use scopegate_core::spelling::Quoted;

use crate::config::form::Form;
use crate::config::key::Key;

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "base_url",
        meaning: "the URL that clients use; it is the issuer of the org server",
        default: "that of the public listener, if it is a loopback one",
        form: Form::Text("^https?://[^/?# ][^?# ]*[^/?# ]$"),
        set: |draft, setting| {
            draft.base_url = Some(setting.parse(parse_base_url)?);
            Ok(())
        },
    },
    Key {
        path: "master_key_file",
        meaning: "the file that holds the master key; SCOPEGATE_MASTER_KEY holds the key itself",
        default: "master.key beside the store",
        form: Form::PATH,
        set: |draft, setting| {
            draft.master_key_file = Some(setting.file()?);
            Ok(())
        },
    },
    Key {
        path: "previous_master_key_file",
        meaning: "the file that holds another master key, while `keys rewrap` runs; \
                  SCOPEGATE_PREVIOUS_MASTER_KEY holds the key itself",
        default: "none",
        form: Form::PATH,
        set: |draft, setting| {
            draft.previous_master_key_file = Some(setting.file()?);
            Ok(())
        },
    },
];

/// Parses an issuer. A slash at its end is refused: the issuers of the servers are paths below it,
/// and the slash would double.
fn parse_base_url(text: &str) -> Result<Issuer, String> {
    let base = Issuer::parse(text).map_err(|error| error.to_string())?;
    match text.strip_suffix('/') {
        Some(_) => {
            let bare = Quoted(text.trim_end_matches('/'));
            Err(format!("the base URL ends in a slash: write {bare}"))
        }
        None => Ok(base),
    }
}
