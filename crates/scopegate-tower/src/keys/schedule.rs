//! Computes when to refresh the keys.

use std::time::Duration;

/// After a refresh, successful or not, requests cannot trigger another one for this long.
pub(crate) const COOL_DOWN: Duration = Duration::from_secs(15);

/// After a wrong signature has started a refresh, another one cannot for this long.
pub(crate) const SIGNATURE_COOL_DOWN: Duration = Duration::from_secs(60);

/// How long keys may be used without being confirmed by the issuer.
pub(crate) const STALE: Duration = Duration::from_secs(24 * 3600);

const DEFAULT: Duration = Duration::from_secs(600);
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(3600);
pub(crate) const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// The waiting time after a successful refresh, from the freshness that the issuer declared.
///
/// `jitter`, a random byte, shortens it by up to an eighth. So keys are refreshed before they
/// expire, and not by all services at the same moment.
pub(crate) fn after_success(fresh_for: Option<Duration>, jitter: u8) -> Duration {
    shorten(fresh_for.unwrap_or(DEFAULT).clamp(SHORTEST, LONGEST), jitter)
}

/// The waiting time after this many failures in a row.
pub(crate) fn after_failure(failures: u32, jitter: u8) -> Duration {
    let doubled = COOL_DOWN.saturating_mul(1 << failures.saturating_sub(1).min(8));
    shorten(doubled.min(LONGEST_RETRY), jitter).max(COOL_DOWN)
}

fn shorten(wait: Duration, jitter: u8) -> Duration {
    wait - wait / 8 * u32::from(jitter) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waiting_time_follows_the_issuer_within_bounds() {
        for (says, waits) in
            [(None, 600), (Some(0), 60), (Some(300), 300), (Some(900), 900), (Some(86_400), 3600)]
        {
            let wait = after_success(says.map(Duration::from_secs), 0);
            assert_eq!(wait, Duration::from_secs(waits), "{says:?}");
        }
    }

    #[test]
    fn jitter_refreshes_before_expiry() {
        for jitter in 0..=255 {
            let wait = after_success(Some(Duration::from_secs(800)), jitter);
            assert!((700..=800).contains(&wait.as_secs()), "{jitter}: {wait:?}");
        }
        assert_eq!(after_success(Some(Duration::from_secs(800)), 255).as_secs(), 700);
    }

    #[test]
    fn failures_back_off_to_a_minute_and_keep_the_cool_down() {
        let waits = |jitter| {
            [1, 2, 3, 4, 99, u32::MAX].map(|failures| after_failure(failures, jitter).as_secs())
        };
        assert_eq!(waits(0), [15, 30, 60, 60, 60, 60]);
        assert_eq!(waits(255), [15, 26, 52, 52, 52, 52]);
    }
}
