//! A point in time, such as `"2027-01-31T00:00:00Z"` (RFC 3339), with or without quotes.

use scopegate_claims::UnixTime;
use toml::de::DeValue;
use toml::value::{Date, Datetime, Offset, Time};

use crate::toml_reader::Node;

/// Reads a point in time.
pub(crate) fn read(node: Node<'_>) -> Option<UnixTime> {
    let written = match node.value() {
        DeValue::Datetime(written) => Some(*written),
        DeValue::String(text) => text.parse().ok(),
        _ => None,
    };
    let moment = written.and_then(since_epoch);
    if moment.is_none() {
        node.refuse(format_args!(
            "not a moment: write a day and a time from 1970 on with its offset, such as \"2027-01-31T00:00:00Z\""
        ));
    }
    moment
}

/// A point in time as it is written in a file.
pub(crate) fn text(time: UnixTime) -> String {
    let (day, second) = (time.as_seconds() / 86_400, time.as_seconds() % 86_400);
    let (year, month, day) = civil_date(day.cast_signed());
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The year, month and day of a number of days since 1970-01-01: the inverse of [`days_since_epoch`].
fn civil_date(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let era = days.div_euclid(DAYS_OF_400_YEARS);
    let day_of_era = days.rem_euclid(DAYS_OF_400_YEARS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        0..=9 => (year_of_era, month + 3),
        _ => (year_of_era + 1, month - 9),
    };
    (year + era * 400, month, day)
}

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

const DAYS_OF_400_YEARS: i64 = 146_097;

fn since_epoch(written: Datetime) -> Option<UnixTime> {
    let Datetime { date: Some(date), time: Some(time), offset: Some(offset) } = written else {
        return None;
    };
    let Time { hour, minute, second, .. } = time;
    let seconds =
        (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second.unwrap_or_default());
    let ahead = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes) * 60,
    };
    let seconds = days_since_epoch(date) * 24 * 60 * 60 + seconds - ahead;
    u64::try_from(seconds).ok().map(UnixTime::from_seconds)
}

/// The number of days in the Gregorian calendar since 1970-01-01. Years are counted from March, so that a
/// leap day is the last day of its year.
fn days_since_epoch(Date { year, month, day }: Date) -> i64 {
    let (year, month) = match month {
        1 | 2 => (i64::from(year) - 1, i64::from(month) + 9),
        _ => (i64::from(year), i64::from(month) - 3),
    };
    let before_year = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let before_month = (153 * month + 2) / 5;
    before_year + before_month + i64::from(day) - 1 - EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_time_that_is_written_is_read_again(seconds in 0..=UnixTime::MAX.as_seconds()) {
            let written: Datetime = text(UnixTime::from_seconds(seconds)).parse().unwrap();
            proptest::prop_assert_eq!(since_epoch(written), Some(UnixTime::from_seconds(seconds)));
        }
    }

    #[test]
    fn a_time_is_converted_to_seconds_since_the_epoch() {
        let seconds = |text: &str| {
            let written: Datetime = text.parse().ok()?;
            since_epoch(written).map(UnixTime::as_seconds)
        };
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T01:00:00+01:00", 0),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2000-03-01T00:00:00-00:30", 951_870_600),
            ("2027-01-15T08:00:00Z", 1_800_000_000),
            ("2027-01-31T00:00:00.5Z", 1_801_353_600),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("9999-12-31T23:59:59Z", UnixTime::MAX.as_seconds()),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for bad in [
            "2027-01-31",
            "2027-01-31T00:00:00",
            "00:00:00",
            "1969-12-31T23:59:59Z",
            "2027-02-29T00:00:00Z",
            "2027-13-01T00:00:00Z",
            "soon",
            "",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
