//! Times and durations. Both are counted in microseconds; a time since 1970 in UTC.

use scopegate_claims::UnixTime;

use super::error::Reason;

pub(super) const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The first and the last time, as in CEL: the years 1 to 9999. Durations are limited to the same distance.
const FIRST: i64 = -62_135_596_800 * SECOND;
const LAST: i64 = 253_402_300_800 * SECOND - 1;

pub(super) fn of_unix(time: UnixTime) -> i64 {
    i64::try_from(time.as_seconds()).unwrap_or(i64::MAX).saturating_mul(SECOND).clamp(FIRST, LAST)
}

/// A time or duration that was computed. It must be in range.
pub(super) fn checked(micros: Option<i64>) -> Result<i64, Reason> {
    micros.filter(|micros| (FIRST..=LAST).contains(micros)).ok_or(Reason::BadTime)
}

/// The year, month from 1, and day of the month from 1.
pub(super) fn date(time: i64) -> (i64, i64, i64) {
    // The algorithm "civil_from_days": years begin in March, so that the leap day is the last one.
    let days = time.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// The number of days since 1970 of a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The day of the week. Sunday is 0.
pub(super) fn day_of_week(time: i64) -> i64 {
    (time.div_euclid(DAY) + 4).rem_euclid(7)
}

/// The day of the year, from 0.
pub(super) fn day_of_year(time: i64) -> i64 {
    time.div_euclid(DAY) - days(date(time).0, 1, 1)
}

/// The time since midnight.
pub(super) fn of_day(time: i64) -> i64 {
    time.rem_euclid(DAY)
}

/// Parses a time (RFC 3339 §5.6) with at most 6 digits after the second.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| digits(text.get(from..to)?);
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, separator)| bytes.get(*at) != Some(separator))
        || !matches!(bytes.get(10), Some(b'T' | b't'))
    {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let days = days(year, month, day);
    let is_date = (1..=12).contains(&month) && date(days * DAY) == (year, month, day);
    if !is_date || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, zone) = fraction(&text[19..])?;
    let offset = match zone.as_bytes() {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (digits(zone.get(1..3)?)?, digits(zone.get(4..6)?)?);
            let minutes = (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = days * 86_400 + (hour * 60 + minute - offset) * 60 + second;
    checked(Some(seconds * SECOND + fraction)).ok()
}

/// The fraction of a second at the beginning of a text, in microseconds, and the rest.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=6).contains(&length) {
        return None;
    }
    let (written, rest) = rest.split_at(length);
    Some((digits(written)? * 10_i64.pow(6 - u32::try_from(length).ok()?), rest))
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The units of a duration. `d` is beyond CEL: the catalog file has it, too.
const UNITS: [(&str, i64); 6] =
    [("us", 1), ("ms", 1000), ("s", SECOND), ("m", 60 * SECOND), ("h", 3600 * SECOND), ("d", DAY)];

/// Parses a duration such as `1h30m` or `-1.5s`.
pub(super) fn parse_duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut total: i64 = 0;
    let mut is_empty = true;
    while !rest.is_empty() {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, after) = rest.split_at(length);
        let whole = if whole.is_empty() { None } else { digits(whole) }?;
        let (micros, after) = fraction(after)?;
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        let unit = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        let part = i128::from(whole) * i128::from(unit)
            + i128::from(micros) * i128::from(unit) / i128::from(SECOND);
        total = total.checked_add(i64::try_from(part).ok()?)?;
        (rest, is_empty) = (after, false);
    }
    if is_empty { None } else { checked(Some(sign * total)).ok() }
}

/// A time as RFC 3339 writes it.
pub(super) fn show_time(time: i64) -> String {
    let (year, month, day) = date(time);
    let of_day = of_day(time);
    let (seconds, fraction) = (of_day / SECOND, show_fraction(of_day % SECOND));
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// A duration as CEL writes it: its seconds.
pub(super) fn show_duration(duration: i64) -> String {
    let sign = if duration < 0 { "-" } else { "" };
    let micros = duration.abs();
    format!("{sign}{}{}s", micros / SECOND, show_fraction(micros % SECOND))
}

fn show_fraction(micros: i64) -> String {
    if micros == 0 {
        return String::new();
    }
    format!(".{micros:06}").trim_end_matches('0').to_owned()
}
