//! Durations such as `10m` and `1h30m`.

use std::time::Duration;

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// A regular expression for the texts that [`parse`] accepts, for JSON Schemas. It does not limit the numbers.
pub const PATTERN: &str = "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$";

/// Parses numbers with units, the largest unit first, each unit once: `10m`, `1h30m`.
pub fn parse(text: &str) -> Option<Duration> {
    let mut units = UNITS.into_iter();
    let mut seconds: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() || text.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit())?;
        let number: u64 = rest[..end].parse().ok()?;
        let unit = rest[end..].chars().next()?;
        let (_, length) = units.find(|(name, _)| *name == unit)?;
        seconds = seconds.checked_add(number.checked_mul(length)?)?;
        rest = &rest[end + unit.len_utf8()..];
    }
    Some(Duration::from_secs(seconds))
}

/// Parses a duration that may be shorter than a second: `500ms`, or as [`parse`].
pub(crate) fn parse_short(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            digits.parse().ok().map(Duration::from_millis)
        }
        _ => parse(text),
    }
}

/// Formats a duration that may be shorter than a second.
pub(crate) fn show_short(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => show(duration),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// Formats a duration with the largest unit that gives a whole number, which is not 0.
pub fn show(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let whole = |(_, length): &(char, u64)| seconds > 0 && seconds.is_multiple_of(*length);
    let (unit, length) = UNITS.into_iter().find(whole).unwrap_or(('s', 1));
    format!("{}{unit}", seconds / length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_with_units_add_up() {
        for (text, seconds) in [
            ("10m", 600),
            ("1h30m", 5400),
            ("3600s", 3600),
            ("1d", 86_400),
            ("0s", 0),
            ("1h1s", 3601),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn ambiguous_durations_are_refused() {
        for text in [
            "",
            "10",
            "m",
            "10 m",
            "10M",
            "-10m",
            "+10m",
            "1.5h",
            "10m10m",
            "30m1h",
            "10m5",
            "10µ",
            "10é",
            "99999999999999999999s",
            "9999999999999999999d",
            "1w",
            "1h ",
            " 1h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_duration_is_shown_in_the_largest_unit_that_is_exact() {
        assert_eq!(show(Duration::ZERO), "0s");
        assert_eq!(show(Duration::from_secs(300)), "5m");
        assert_eq!(show(Duration::from_secs(86_400)), "1d");
        assert_eq!(show(Duration::from_secs(30 * 86_400)), "30d");
        assert_eq!(show(Duration::from_secs(90_000)), "25h");
        assert_eq!(show(Duration::from_secs(61)), "61s");
    }

    proptest! {
        #[test]
        fn no_input_causes_a_panic(text in "[0-9dhms é]{0,30}") {
            let _ = parse(&text);
        }
    }
}
