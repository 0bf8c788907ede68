//! The keys of `[limits]` that are about how often unauthenticated requests may write to the storage.

use std::time::Duration;

use scopegate_core::limits::Bound;
use scopegate_core::spelling::Quoted;

use crate::config::form::Form;
use crate::config::key::Key;

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "limits.pushed_requests",
        meaning: "how many requests an address may push for public clients; a client: 128 times as many",
        default: "60/m",
        form: Form::RATE,
        set: |draft, setting| {
            draft.requests.pushed_requests = setting.parse(parse_rate)?;
            Ok(())
        },
    },
    Key {
        path: "limits.device_requests",
        meaning: "how many device codes an address may ask for; a public client: 128 times as many",
        default: "60/m",
        form: Form::RATE,
        set: |draft, setting| {
            draft.requests.device_requests = setting.parse(parse_rate)?;
            Ok(())
        },
    },
];

/// The highest number in a rate. A higher one would limit nothing.
const MOST: u32 = 1_000_000;

/// The units of a rate, and their lengths in seconds.
const UNITS: [(&str, u64); 3] = [("s", 1), ("m", 60), ("h", 3600)];

/// Parses a number in a unit of time, such as `60/m`.
fn parse_rate(text: &str) -> Result<Bound, String> {
    let parts = text.split_once('/');
    let unit = parts.and_then(|(_, unit)| UNITS.iter().find(|(name, _)| *name == unit));
    let digits = parts.map(|(number, _)| number).filter(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) //
    });
    let (Some((_, seconds)), Some(digits)) = (unit, digits) else {
        return Err(format!(
            "{} is no rate: write a number for a second, a minute or an hour, such as \"60/m\"",
            Quoted(text)
        ));
    };
    // A number that does not fit into 32 bits is also too high.
    match digits.parse().unwrap_or(u32::MAX) {
        0 => Err(format!("{} lets nobody in: write at least \"1/h\"", Quoted(text))),
        most if most > MOST => {
            Err(format!("{} is no limit: write a number from 1 to {MOST}", Quoted(text)))
        }
        most => Ok(Bound { most, window: Duration::from_secs(*seconds) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_for_a_second_a_minute_or_an_hour() {
        for (text, most, seconds) in
            [("60/m", 60, 60), ("1/s", 1, 1), ("5/h", 5, 3600), ("1000000/s", MOST, 1)]
        {
            let window = Duration::from_secs(seconds);
            assert_eq!(parse_rate(text), Ok(Bound { most, window }), "{text}");
        }
        for text in ["", "60", "/m", "60/", "60/d", "60 / m", "-1/m", "+1/m", "1.5/s", "60/m/s"] {
            assert!(parse_rate(text).unwrap_err().contains("is no rate"), "{text}");
        }
        for text in ["0/m", "00/s"] {
            assert!(parse_rate(text).unwrap_err().contains("lets nobody in"), "{text}");
        }
        for text in ["1000001/h", "99999999999999999999/m"] {
            assert!(parse_rate(text).unwrap_err().contains("is no limit"), "{text}");
        }
    }
}
