//! What is logged, and how.

use tracing_subscriber::EnvFilter;

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
    /// One JSON object per line.
    Json,
    /// One line of text.
    Text,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

impl LogConfig {
    /// The filter that decides which entries are logged.
    pub fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.level)
    }
}
