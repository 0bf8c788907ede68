//! When a rule applies: days of the week and times of the day in a time zone.

use std::collections::BTreeSet;
use std::fmt;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, civil};
use scopegate_claims::UnixTime;
use serde::{Deserialize, Serialize};

/// A period that repeats each week, by the clocks of a time zone.
///
/// On each of the days it begins at `from`. It ends before `to`: on the same day, or on the next one if `to` is
/// not after `from`. When the clocks are changed, the period begins and ends by the changed clocks.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct Hours {
    /// The days on which the period begins. None: each day.
    #[serde(default)]
    pub days: BTreeSet<Day>,
    /// The first minute.
    pub from: ClockTime,
    /// The minute after the last one.
    pub to: ClockTime,
    /// The name of the time zone in the IANA database.
    pub time_zone: String,
}

impl Hours {
    /// The time zone, from the database that is built in. It does not depend on the machine.
    pub fn zone(&self) -> Option<TimeZone> {
        TimeZoneDatabase::bundled().get(&self.time_zone).ok()
    }

    /// Tells whether a time is inside, by the clocks of `zone`. `None` if the calendar does not reach that far.
    pub fn contain(&self, zone: &TimeZone, now: UnixTime) -> Option<bool> {
        let (day, time) = local_time(zone, now)?;
        let begins = |day: Day| self.days.is_empty() || self.days.contains(&day);
        let (is_after_start, is_before_end) = (self.from <= time, time < self.to);
        Some(match self.from < self.to {
            true => begins(day) && is_after_start && is_before_end,
            // The period spans midnight, so that it may have begun on the day before.
            false => begins(day) && is_after_start || begins(day.before()) && is_before_end,
        })
    }
}

/// The names of all time zones, for suggestions.
pub(super) fn zone_names() -> Vec<String> {
    TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect()
}

/// The day and the time that the clocks of a time zone show.
pub(crate) fn local_time(zone: &TimeZone, now: UnixTime) -> Option<(Day, ClockTime)> {
    let seconds = i64::try_from(now.as_seconds()).ok()?;
    let local = zone.to_datetime(Timestamp::from_second(seconds).ok()?);
    Some((Day::from(local.weekday()), ClockTime::of(local.time())))
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "a week has seven days")]
#[expect(missing_docs, reason = "they are the days")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    /// All days, with their names in a catalog file.
    pub const ALL: [(&'static str, Self); 7] = [
        ("mon", Self::Mon),
        ("tue", Self::Tue),
        ("wed", Self::Wed),
        ("thu", Self::Thu),
        ("fri", Self::Fri),
        ("sat", Self::Sat),
        ("sun", Self::Sun),
    ];

    /// The name in a catalog file.
    pub const fn as_str(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    const fn before(self) -> Self {
        Self::ALL[(self as usize + 6) % 7].1
    }
}

impl From<civil::Weekday> for Day {
    fn from(day: civil::Weekday) -> Self {
        match day {
            civil::Weekday::Monday => Self::Mon,
            civil::Weekday::Tuesday => Self::Tue,
            civil::Weekday::Wednesday => Self::Wed,
            civil::Weekday::Thursday => Self::Thu,
            civil::Weekday::Friday => Self::Fri,
            civil::Weekday::Saturday => Self::Sat,
            civil::Weekday::Sunday => Self::Sun,
        }
    }
}

/// A time of the day, in minutes, written as `08:00`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClockTime(u16);

impl ClockTime {
    /// Parses two digits for the hour, a colon and two digits for the minute: `00:00` to `23:59`.
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let number = |text: &str, most: u16| -> Option<u16> {
            let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| is_number && *number <= most)
        };
        Some(Self(number(hour, 23)? * 60 + number(minute, 59)?))
    }

    fn of(time: civil::Time) -> Self {
        let minutes = i32::from(time.hour()) * 60 + i32::from(time.minute());
        Self(u16::try_from(minutes).unwrap_or_default())
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for ClockTime {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a time of the day")
    }
}

impl From<ClockTime> for String {
    fn from(time: ClockTime) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the hours contain a moment, which is given as in RFC 3339.
    fn contain(days: &[Day], from: &str, to: &str, zone: &str, moment: &str) -> bool {
        let hours = Hours {
            days: days.iter().copied().collect(),
            from: ClockTime::parse(from).unwrap(),
            to: ClockTime::parse(to).unwrap(),
            time_zone: zone.to_owned(),
        };
        let moment: Timestamp = moment.parse().unwrap();
        let now = UnixTime::from_seconds(moment.as_second().try_into().unwrap());
        hours.contain(&hours.zone().unwrap(), now).unwrap()
    }

    #[test]
    fn a_period_includes_its_first_minute_and_excludes_its_end() {
        // 2026-11-30 is a Monday.
        let at = |time: &str| {
            let moment = format!("2026-11-30T{time}Z");
            contain(&[Day::Mon], "08:00", "18:00", "UTC", &moment)
        };
        assert!(at("08:00:00") && at("12:00:00") && at("17:59:59"));
        assert!(!at("07:59:59") && !at("18:00:00"));
        assert!(!contain(&[Day::Tue], "08:00", "18:00", "UTC", "2026-11-30T12:00:00Z"));
        assert!(contain(&[], "08:00", "18:00", "UTC", "2026-11-30T12:00:00Z"));
    }

    #[test]
    fn a_period_that_ends_before_it_begins_spans_midnight() {
        // It begins on Monday, and ends on Tuesday.
        let at = |moment: &str| contain(&[Day::Mon], "22:00", "06:00", "UTC", moment);
        assert!(at("2026-11-30T22:00:00Z") && at("2026-12-01T05:59:59Z"));
        assert!(!at("2026-11-30T21:59:59Z") && !at("2026-12-01T06:00:00Z"));
        assert!(!at("2026-11-30T05:00:00Z"), "Sunday's night is not Monday's");
        assert!(!at("2026-12-01T22:00:00Z"), "Tuesday's night is not Monday's");
        // From Sunday to Monday the week begins anew.
        assert!(contain(&[Day::Sun], "22:00", "06:00", "UTC", "2026-11-30T05:00:00Z"));
        // The same time twice is a whole day.
        let day = |moment: &str| contain(&[Day::Mon], "09:00", "09:00", "UTC", moment);
        assert!(day("2026-11-30T09:00:00Z") && day("2026-12-01T08:59:59Z"));
        assert!(!day("2026-11-30T08:59:59Z") && !day("2026-12-01T09:00:00Z"));
    }

    #[test]
    fn hours_follow_the_clocks_of_their_time_zone_through_daylight_saving_time() {
        let at = |moment: &str| contain(&[], "08:00", "18:00", "Europe/Berlin", moment);
        // In winter Berlin is one hour ahead of UTC, in summer two.
        assert!(!at("2026-01-15T06:59:59Z") && at("2026-01-15T07:00:00Z"));
        assert!(at("2026-01-15T16:59:59Z") && !at("2026-01-15T17:00:00Z"));
        assert!(!at("2026-07-15T05:59:59Z") && at("2026-07-15T06:00:00Z"));
        assert!(at("2026-07-15T15:59:59Z") && !at("2026-07-15T16:00:00Z"));
        // On 2026-03-29 the clocks go from 02:00 to 03:00, at 01:00 UTC.
        let gap = |moment: &str| contain(&[], "02:30", "03:30", "Europe/Berlin", moment);
        assert!(!gap("2026-03-29T00:59:59Z") && gap("2026-03-29T01:00:00Z"));
        assert!(gap("2026-03-29T01:29:59Z") && !gap("2026-03-29T01:30:00Z"));
        // On 2026-10-25 they go from 03:00 back to 02:00, at 01:00 UTC: the period occurs twice.
        let twice = |moment: &str| contain(&[], "02:15", "02:45", "Europe/Berlin", moment);
        assert!(twice("2026-10-25T00:15:00Z") && !twice("2026-10-25T00:45:00Z"));
        assert!(!twice("2026-10-25T01:14:59Z") && twice("2026-10-25T01:15:00Z"));
        assert!(!twice("2026-10-25T01:45:00Z"));
        // The day of the week is that of the time zone: on Monday evening in UTC it is Tuesday in Tokyo.
        let in_tokyo =
            |day| contain(&[day], "00:00", "23:59", "Asia/Tokyo", "2026-11-30T20:00:00Z");
        assert!(in_tokyo(Day::Tue) && !in_tokyo(Day::Mon));
    }

    #[test]
    fn a_time_of_the_day_has_two_digits_each() {
        for good in ["00:00", "08:05", "23:59"] {
            assert_eq!(ClockTime::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "8:00", "08:0", "24:00", "23:60", "0800", "08:00:00", "+8:00", "08:+1"] {
            assert_eq!(ClockTime::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_have_the_names_of_the_catalog_file_and_follow_each_other() {
        for (index, (name, day)) in Day::ALL.into_iter().enumerate() {
            assert_eq!((day.as_str(), day as usize), (name, index));
            assert_eq!(serde_json::to_value(day).unwrap(), name);
            assert_eq!(Day::ALL[(index + 1) % 7].1.before(), day);
        }
    }

    #[test]
    fn an_unknown_time_zone_is_not_found() {
        let hours = |zone: &str| Hours {
            days: BTreeSet::new(),
            from: ClockTime(0),
            to: ClockTime(0),
            time_zone: zone.to_owned(),
        };
        for good in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"] {
            assert!(hours(good).zone().is_some(), "{good}");
        }
        for bad in ["", "Berlin", "Europe/Berlni", "+01:00", "../UTC"] {
            assert!(hours(bad).zone().is_none(), "{bad}");
        }
    }
}
