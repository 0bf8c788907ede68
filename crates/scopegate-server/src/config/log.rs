//! What is logged, and how.

use scopegate_core::catalog_file::{Instead, Quoted};
use tracing_subscriber::EnvFilter;

use super::key::Key;

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// What is logged, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LogConfig {
    /// How an entry is written.
    pub format: LogFormat,
    /// What is logged: a level, or directives such as `info,scopegate_store=debug`.
    pub level: String,
}

/// How an entry of the log is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LogFormat {
    /// A JSON object a line.
    Json,
    /// A line for people.
    Text,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

impl LogConfig {
    /// What lets an entry pass.
    pub fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.level)
    }
}

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "log.format",
        meaning: "how the log is written: \"text\" or \"json\"",
        default: "text",
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
        set: |draft, setting| {
            draft.log.level = setting.parse(parse_level)?;
            Ok(())
        },
    },
];

/// A lone word must be a level: the filter would take a misspelt one for the name of a crate.
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
