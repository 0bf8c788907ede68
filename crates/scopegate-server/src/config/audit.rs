//! How long what was decided is remembered.

use std::time::Duration;

use scopegate_core::catalog_file::{Quoted, parse_duration};

use super::key::Key;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// As long as anybody must keep anything.
const LONGEST: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);

/// How long what was decided is remembered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct AuditConfig {
    /// Audit events that are older are deleted; none: all are kept.
    pub keep: Option<Duration>,
}

pub(super) static KEYS: &[Key] = &[Key {
    path: "audit.keep",
    meaning: "how long audit events are kept, such as \"90d\"; older ones are deleted",
    default: "for ever",
    set: |draft, setting| {
        draft.audit.keep = Some(setting.parse(parse_keep)?);
        Ok(())
    },
}];

fn parse_keep(text: &str) -> Result<Duration, String> {
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
