//! The keys of `[catalog]`.

use super::audit::parse_keep;
use crate::config::form::Form;
use crate::config::key::Key;

pub(super) static KEYS: &[Key] = &[Key {
    path: "catalog.keep",
    meaning: "how long earlier versions of the catalog are kept, such as \"400d\"",
    default: "400d",
    form: Form::Duration,
    set: |draft, setting| {
        draft.history.keep = setting.parse(parse_keep)?;
        Ok(())
    },
}];
