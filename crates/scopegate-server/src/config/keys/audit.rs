//! The keys of `[audit]`.

use std::time::Duration;

use scopegate_core::spelling::{Quoted, parse_duration};

use crate::config::form::Form;
use crate::config::key::Key;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A hundred years: no rule on record keeping asks for more.
const LONGEST: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);

pub(super) static KEYS: &[Key] = &[Key {
    path: "audit.keep",
    meaning: "how long audit events are kept, such as \"90d\"; older ones are deleted",
    default: "for ever",
    form: Form::Duration,
    set: |draft, setting| {
        draft.audit.keep = Some(setting.parse(parse_keep)?);
        Ok(())
    },
}];

pub(super) fn parse_keep(text: &str) -> Result<Duration, String> {
    let written = Quoted(text);
    match parse_duration(text) {
        None => Err(format!("{written} is no duration: write a number of days, such as \"90d\"")),
        Some(shorter) if shorter < DAY => {
            Err(format!("{written} is too short for an audit: write \"1d\" or more"))
        }
        Some(longer) if longer > LONGEST => Err(format!(
            "{written} is longer than a hundred years: write \"36500d\" or less, \
             or leave it out to keep all"
        )),
        Some(keep) => Ok(keep),
    }
}
