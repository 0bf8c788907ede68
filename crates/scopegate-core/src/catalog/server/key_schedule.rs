//! `[server.keys]`: when the signing keys of a server change.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ServerSpec;
use crate::catalog::check::{Field, Review};
use crate::spelling::{Quoted, show_duration};

/// When the signing keys of a server change.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct KeySchedule {
    /// Who starts a rotation.
    #[serde(default)]
    pub rotation: KeyRotation,
    /// How long a key signs before the next one takes over, if the rotation is automatic.
    #[serde(default = "default_every")]
    pub every: Duration,
    /// How long a key is published before it signs. `None`: 1 hour, or three quarters of `every` if
    /// that is shorter.
    #[serde(default)]
    pub announce: Option<Duration>,
}

/// Who starts the rotation of a signing key.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "a rotation has one of two origins")]
pub enum KeyRotation {
    /// The server, after each interval.
    #[default]
    Auto,
    /// An administrator, by `scopegate keys rotate`.
    Manual,
}

impl KeySchedule {
    /// How long a key signs if the catalog does not say it: 90 days.
    pub const DEFAULT_EVERY: Duration = Duration::from_secs(90 * 24 * 60 * 60);
    /// Minimum time that a key signs.
    pub const MIN_EVERY: Duration = Duration::from_secs(60);
    /// Maximum time that a key signs: 10 years.
    pub const MAX_EVERY: Duration = Duration::from_secs(3650 * 24 * 60 * 60);
    /// How long a key is published before it signs if the catalog does not say it: 1 hour.
    pub const DEFAULT_ANNOUNCE: Duration = Duration::from_secs(60 * 60);
    /// Minimum time that a key is published before it signs.
    pub const MIN_ANNOUNCE: Duration = Duration::from_secs(45);
    /// Maximum time that a key is published before it signs: 90 days.
    pub const MAX_ANNOUNCE: Duration = Self::DEFAULT_EVERY;

    /// How long a key is published before it signs.
    pub fn announce(&self) -> Duration {
        let usual = match self.rotation {
            KeyRotation::Auto => Self::DEFAULT_ANNOUNCE.min(self.every / 4 * 3),
            KeyRotation::Manual => Self::DEFAULT_ANNOUNCE,
        };
        self.announce.unwrap_or(usual)
    }

    /// The interval of automatic rotation. `None`: an administrator starts each rotation.
    pub fn interval(&self) -> Option<Duration> {
        match self.rotation {
            KeyRotation::Auto => Some(self.every),
            KeyRotation::Manual => None,
        }
    }

    /// Tells whether the catalog need not mention it.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for KeySchedule {
    fn default() -> Self {
        Self { rotation: KeyRotation::Auto, every: Self::DEFAULT_EVERY, announce: None }
    }
}

const fn default_every() -> Duration {
    KeySchedule::DEFAULT_EVERY
}

impl ServerSpec {
    pub(super) fn check_keys(&self, review: &mut Review<'_, '_>) {
        let KeySchedule { every, announce, .. } = self.keys;
        let field = |key| Field::of("keys").key(key);
        let what = "for the time that a key signs";
        let limits = KeySchedule::MIN_EVERY..=KeySchedule::MAX_EVERY;
        let is_right = review.time(field("every"), what, every, limits);
        let Some(announce) = announce else { return };
        let most = match self.keys.interval() {
            Some(every) if is_right => KeySchedule::MAX_ANNOUNCE.min(every),
            Some(_) | None => KeySchedule::MAX_ANNOUNCE,
        };
        let what = "for the time that a key is published before it signs";
        review.time(field("announce"), what, announce, KeySchedule::MIN_ANNOUNCE..=most);
    }
}

impl Review<'_, '_> {
    /// Tells whether a duration is within its limits.
    fn time(
        &mut self,
        field: Field,
        of: &str,
        written: Duration,
        limits: std::ops::RangeInclusive<Duration>,
    ) -> bool {
        if limits.contains(&written) {
            return true;
        }
        let relation = if written < *limits.start() { "short" } else { "long" };
        let [written, least, most] = [written, *limits.start(), *limits.end()].map(show_duration);
        let (written, least, most) = (Quoted(&written), Quoted(&least), Quoted(&most));
        self.refuse(
            field,
            format_args!("{written} is too {relation} {of}: write {least} to {most}"),
        );
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_key_is_announced_an_hour_before_it_signs_or_three_quarters_of_the_interval() {
        let seconds = Duration::from_secs;
        for (rotation, every, announce, wanted) in [
            (KeyRotation::Auto, 7_776_000, None, 3600),
            (KeyRotation::Auto, 4801, None, 3600),
            (KeyRotation::Auto, 60, None, 45),
            (KeyRotation::Auto, 60, Some(60), 60),
            (KeyRotation::Manual, 60, None, 3600),
            (KeyRotation::Manual, 60, Some(45), 45),
        ] {
            let announce = announce.map(seconds);
            let schedule = KeySchedule { rotation, every: seconds(every), announce };
            assert_eq!(schedule.announce(), seconds(wanted), "{schedule:?}");
        }
    }

    #[test]
    fn a_stored_server_without_schedule_has_the_default_one_and_does_not_mention_it() {
        let json = r#"{"name":"S","audiences":[],"algorithms":["ES256"]}"#;
        let mut spec: ServerSpec = serde_json::from_str(json).unwrap();
        assert_eq!(spec.keys, KeySchedule::default());
        assert!(!serde_json::to_string(&spec).unwrap().contains("keys"));
        spec.keys.rotation = KeyRotation::Manual;
        let written = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<ServerSpec>(&written).unwrap(), spec);
    }
}
