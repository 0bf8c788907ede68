//! Points in time as text.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_core::spelling::parse_duration;

const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];

/// A point in time, and how far away it is: `2026-01-31 12:00:00 UTC, in 5 minutes`.
pub(super) fn show(time: UnixTime, now: UnixTime) -> String {
    let date = date(time);
    let distance = time.since(now).max(now.since(time)).as_secs();
    let amount = amount(distance);
    match time.cmp(&now) {
        std::cmp::Ordering::Less => format!("{date}, {amount} ago"),
        std::cmp::Ordering::Equal => format!("{date}, now"),
        std::cmp::Ordering::Greater => format!("{date}, in {amount}"),
    }
}

/// A duration on the command line, such as `24h` or `90d`.
pub(super) fn parse_age(text: &str) -> Result<Duration, &'static str> {
    parse_duration(text).ok_or("write a time such as 30m, 24h or 90d")
}

/// A point in time in RFC 3339, for JSON.
pub(super) fn rfc3339(time: UnixTime) -> String {
    let (date, second) = date_and_second(time.as_seconds());
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{date}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The day, for a table.
pub(super) fn day(time: UnixTime) -> String {
    date_and_second(time.as_seconds()).0
}

/// A point in time to the second: `2026-01-31 12:00:00 UTC`.
pub(super) fn date(time: UnixTime) -> String {
    let (date, second) = date_and_second(time.as_seconds());
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{date} {hour:02}:{minute:02}:{second:02} UTC")
}

/// A duration in the largest unit that fits.
pub(super) fn amount(seconds: u64) -> String {
    let fits = |(length, _): &(u64, &str)| seconds >= *length;
    let (length, name) = UNITS.into_iter().find(fits).unwrap_or((1, "second"));
    let count = seconds / length;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// The date in the proleptic Gregorian calendar and the second of the day, by counting 400-year cycles from March 1st, 0000.
fn date_and_second(seconds: u64) -> (String, u64) {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (format!("{year:04}-{month:02}-{day:02}"), second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_gregorian_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_700_000_000, "2023-11-14 22:13:20 UTC"),
            (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(date(UnixTime::from_seconds(seconds)), text);
        }
        assert_eq!(rfc3339(UnixTime::from_seconds(1_700_000_000)), "2023-11-14T22:13:20Z");
    }

    #[test]
    fn a_duration_is_shown_in_one_unit() {
        let at = UnixTime::from_seconds;
        let told = |time, now| show(at(time), at(now)).split_once(", ").unwrap().1.to_owned();
        assert_eq!(told(100, 100), "now");
        assert_eq!(told(101, 100), "in 1 second");
        assert_eq!(told(100, 3700), "1 hour ago");
        assert_eq!(told(100 + 2 * 86_400, 100), "in 2 days");
    }
}
