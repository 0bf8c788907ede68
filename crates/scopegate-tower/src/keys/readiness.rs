//! The state of one issuer's keys.

use std::fmt;
use std::time::Duration;

use scopegate_claims::UnixTime;
use serde::{Serialize, Serializer};

use super::KeyRing;
use super::error::described;

/// The state of one issuer's keys; part of a layer's [`Readiness`](crate::Readiness).
#[derive(Clone, Debug, Serialize)]
pub struct IssuerReadiness {
    issuer: String,
    state: KeyState,
    keys: usize,
    #[serde(rename = "age_seconds", serialize_with = "seconds")]
    age: Option<Duration>,
    last_error: Option<String>,
    #[serde(rename = "next_refresh_seconds", serialize_with = "seconds")]
    next_refresh: Option<Duration>,
}

/// The state of an issuer's keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyState {
    /// Fixed keys, given by the program.
    Fixed,
    /// The issuer confirmed them at the last refresh.
    Fresh,
    /// Seed keys; the issuer has not answered yet.
    Seeds,
    /// The last refresh failed; the keys from before are still used.
    Stale,
    /// There are no keys: the issuer never answered, or has not answered for 24 hours.
    Unavailable,
    /// The keys were never read; no request needed them yet.
    Unread,
}

impl IssuerReadiness {
    /// The state of the keys of this issuer.
    pub(crate) fn of(issuer: &str, ring: &KeyRing, now: UnixTime) -> Self {
        let held = ring.held(now);
        let mut readiness = Self {
            issuer: issuer.to_owned(),
            state: KeyState::Fixed,
            keys: held.as_ref().map_or(0, |held| held.keys.len()),
            age: None,
            last_error: None,
            next_refresh: None,
        };
        let Some(report) = ring.report() else { return readiness };
        readiness.state = match (&report.last_error, held.is_some(), report.confirmed_at) {
            (None, false, None) => KeyState::Unread,
            (_, false, _) => KeyState::Unavailable,
            (_, true, None) => KeyState::Seeds,
            (None, true, Some(_)) => KeyState::Fresh,
            (Some(_), true, Some(_)) => KeyState::Stale,
        };
        readiness.age = report.confirmed_at.map(|at| now.since(at));
        readiness.last_error = report.last_error.map(|error| described(&*error));
        readiness.next_refresh = report.due_at.map(|at| at.since(now));
        readiness
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The state of its keys.
    pub fn state(&self) -> KeyState {
        self.state
    }

    /// How many keys are in use.
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// How long ago the issuer confirmed them, if it ever did.
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// Why the last refresh failed, if it did.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// The time until the next refresh, at the latest.
    pub fn next_refresh(&self) -> Option<Duration> {
        self.next_refresh
    }

    /// Whether tokens of this issuer can be verified.
    pub fn is_ready(&self) -> bool {
        self.keys > 0
    }
}

fn seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs()).serialize(serializer)
}

impl KeyState {
    /// The state as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Fresh => "fresh",
            Self::Seeds => "seeds",
            Self::Stale => "stale",
            Self::Unavailable => "unavailable",
            Self::Unread => "unread",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One line: `https://id.example.com: fresh, 2 keys, confirmed 31 s ago, next refresh in 540 s`.
impl fmt::Display for IssuerReadiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {} keys", self.issuer, self.state, self.keys)?;
        if let Some(age) = self.age {
            write!(f, ", confirmed {} s ago", age.as_secs())?;
        }
        if let Some(next) = self.next_refresh {
            write!(f, ", next refresh in {} s", next.as_secs())?;
        }
        if let Some(error) = &self.last_error {
            write!(f, ", last error: {error}")?;
        }
        Ok(())
    }
}
