//! The log of a test.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{io, mem};

/// A writer that keeps the log of a test in memory. Clones share the text.
///
/// A subscriber writes into a clone of it. With `tracing-subscriber`:
/// `tracing_subscriber::fmt().with_writer(move || log.clone())`.
///
/// ```
/// use scopegate_testkit::LogBuffer;
/// use std::io::Write;
///
/// let log = LogBuffer::default();
/// writeln!(log.clone(), "refused a request")?;
/// assert_eq!(log.text(), "refused a request\n");
/// assert_eq!(log.take(), "refused a request\n");
/// assert_eq!(log.text(), "");
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LogBuffer {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl LogBuffer {
    /// What was written since the last [`take`](Self::take).
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock()).into_owned()
    }

    /// What was written since the last call. The buffer is empty afterwards.
    pub fn take(&self) -> String {
        let bytes = mem::take(&mut *self.lock());
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The number of lines, since the last [`take`](Self::take), that contain all of these parts.
    pub fn count(&self, parts: &[&str]) -> usize {
        let text = self.text();
        text.lines().filter(|line| parts.iter().all(|part| line.contains(part))).count()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl io::Write for LogBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_counts_if_it_has_all_parts() {
        let log = LogBuffer::default();
        writeln!(log.clone(), "WARN a key is not used\nINFO a key is used\nWARN other").unwrap();
        assert_eq!(log.count(&["WARN", "key"]), 1);
        assert_eq!(log.count(&["key"]), 2);
        assert_eq!(log.count(&["none"]), 0);
    }
}
