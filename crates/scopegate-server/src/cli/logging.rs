//! The log, on the standard error.

use std::io::IsTerminal;

use scopegate_server::config::{LogConfig, LogFormat};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;

/// Logs what a server does.
pub(super) fn start_for_server(log: &LogConfig) {
    start(log.format, log.filter());
}

/// Shows warnings only, so that the output of a command is mainly its result.
pub(super) fn start_for_command(log: &LogConfig) {
    start(log.format, EnvFilter::default().add_directive(LevelFilter::WARN.into()));
}

fn start(format: LogFormat, filter: EnvFilter) {
    let subscriber = Subscriber::builder()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // This fails only if a log was started before. The first one stays.
    let _ = match format {
        LogFormat::Json => tracing::subscriber::set_global_default(subscriber.json().finish()),
        _ => tracing::subscriber::set_global_default(subscriber.finish()),
    };
}
