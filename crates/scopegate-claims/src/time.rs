//! Points in time as tokens encode them: the NumericDate of RFC 7519 §2.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whole seconds since 1970-01-01T00:00:00Z, up to the year 9999.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The last second of the year 9999.
    pub const MAX: Self = Self(253_402_300_799);

    /// A point in time. Values above [`MAX`](Self::MAX) become `MAX`.
    pub const fn from_seconds(seconds: u64) -> Self {
        if seconds > Self::MAX.0 { Self::MAX } else { Self(seconds) }
    }

    /// Seconds since the epoch.
    pub const fn as_seconds(self) -> u64 {
        self.0
    }

    /// This time plus a duration, in whole seconds, at most [`MAX`](Self::MAX).
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self::from_seconds(self.0.saturating_add(duration.as_secs()))
    }

    /// This time minus a duration, in whole seconds, at least the epoch.
    #[must_use]
    pub const fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.as_secs()))
    }

    /// The time since an earlier point; zero if that point is later than this one.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0)
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

/// Reads a JSON number in range. Fractions of a second are cut off. A string is refused.
impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumericDate;

        impl Visitor<'_> for NumericDate {
            type Value = UnixTime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds since 1970 as a number, up to the year 9999")
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<UnixTime, E> {
                if seconds > UnixTime::MAX.0 {
                    return Err(E::invalid_value(de::Unexpected::Unsigned(seconds), &self));
                }
                Ok(UnixTime(seconds))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<UnixTime, E> {
                match u64::try_from(seconds) {
                    Ok(seconds) => self.visit_u64(seconds),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(seconds), &self)),
                }
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<UnixTime, E> {
                // NaN fails both comparisons. An f64 represents the bound exactly, so the cast is
                // safe.
                if seconds >= 0.0 && seconds <= UnixTime::MAX.0 as f64 {
                    return Ok(UnixTime(seconds as u64));
                }
                Err(E::invalid_value(de::Unexpected::Float(seconds), &self))
            }
        }

        deserializer.deserialize_any(NumericDate)
    }
}

/// The source of the current time: the system, or a clock that a test sets.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> UnixTime;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixTime::from_seconds(elapsed.as_secs())
    }
}

/// A clock for tests that stands still until it is set. Clones share the same time.
///
/// ```
/// use std::time::Duration;
/// use scopegate_claims::{Clock, ManualClock, UnixTime};
///
/// let clock = ManualClock::at(UnixTime::from_seconds(1_000));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().as_seconds(), 1_060);
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// A clock that is set to this time.
    pub fn at(now: UnixTime) -> Self {
        Self(Arc::new(AtomicU64::new(now.0)))
    }

    /// Sets the clock.
    pub fn set(&self, now: UnixTime) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves the clock forward, in whole seconds.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_in_range() {
        let parse = |json: &str| serde_json::from_str::<UnixTime>(json).map(UnixTime::as_seconds);
        assert_eq!(parse("0").unwrap(), 0);
        assert_eq!(parse("1700000000.9").unwrap(), 1_700_000_000);
        assert_eq!(parse("1.7e9").unwrap(), 1_700_000_000);
        assert_eq!(parse("253402300799").unwrap(), UnixTime::MAX.as_seconds());
        for bad in [
            "\"1700000000\"",
            "-1",
            "-0.5",
            "253402300800",
            "18446744073709551616",
            "1e300",
            "null",
            "true",
            "[]",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn arithmetic_stays_in_range() {
        assert_eq!(UnixTime::MAX.plus(Duration::MAX), UnixTime::MAX);
        assert_eq!(UnixTime::from_seconds(5).minus(Duration::from_secs(9)).as_seconds(), 0);
        assert_eq!(UnixTime::from_seconds(5).since(UnixTime::from_seconds(9)), Duration::ZERO);
    }
}
