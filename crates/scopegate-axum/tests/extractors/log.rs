//! Captures the log of a future.

use scopegate_testkit::LogBuffer;

/// Runs a future on this thread and returns its output and the log.
pub(crate) async fn logged<T>(work: impl Future<Output = T>) -> (T, String) {
    let log = LogBuffer::default();
    // `tracing` caches per log statement whether it is enabled. With a single subscriber it asks
    // only the subscriber of the thread that reaches the statement first, and threads of other
    // tests have none. A second dispatcher makes it ask all of them.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let output = work.await;
    drop(guard);
    (output, log.text())
}
