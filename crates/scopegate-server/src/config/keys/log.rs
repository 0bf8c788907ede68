//! The keys of `[log]`.

use scopegate_core::spelling::{Instead, Quoted};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;
use crate::config::form::Form;
use crate::config::key::Key;

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// Directives with commas between them, each of which ends in a level.
const LEVEL: &str = "^([^,]*=)? *(error|warn|info|debug|trace|off) *(,([^,]*=)? *(error|warn|info|debug|trace|off) *)*$";

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "log.format",
        meaning: "how the log is written: \"text\" or \"json\"",
        default: "text",
        form: Form::OneOf(&["text", "json"]),
        set: |draft, setting| {
            draft.log.format =
                setting.one_of(&[("text", LogFormat::Text), ("json", LogFormat::Json)])?;
            Ok(())
        },
    },
    Key {
        path: "log.level",
        meaning: "what is logged: a level, or directives such as \"info,scopegate_store=debug\"",
        default: "info",
        form: Form::Text(LEVEL),
        set: |draft, setting| {
            draft.log.level = setting.parse(parse_level)?;
            Ok(())
        },
    },
];

/// Each directive must end in a level: the filter would take a misspelt level for the name of a
/// crate.
fn parse_level(text: &str) -> Result<String, String> {
    for directive in text.split(',') {
        let level = directive.rsplit('=').next().unwrap_or_default().trim();
        if !LEVELS.contains(&level) {
            let instead = Instead { of: level, known: LEVELS.into_iter() };
            return Err(format!("unknown log level {}: {instead}", Quoted(level)));
        }
    }
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("{} is no log filter: write a level such as \"info\"", Quoted(text))),
    }
}
