//! Tests from decisions that happened.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use scopegate_core::authority::Authority;
use scopegate_core::catalog::UserId;
use scopegate_core::policy_tests::{Recorded, recorded};
use scopegate_core::store::{AuditFilter, StoredEvent, UserKey};

use crate::cli::failure::CliError;
use crate::cli::{Workplace, console};

/// How many events are read at once.
const PAGE: u32 = 1000;

/// Prints tests for the decisions of the last time.
pub(super) async fn print(place: &Workplace, since: Duration) -> Result<ExitCode, CliError> {
    let authority = place.authority().await?;
    let written = write(&authority, since).await;
    authority.close().await;
    let Recorded { text, count, without_user, .. } = written?;
    if without_user > 0 {
        console::notice(&format!("{without_user} decisions are left out: their users are gone"));
    }
    if count == 0 {
        console::notice("there are no decisions of the catalog in this time");
        return Ok(ExitCode::SUCCESS);
    }
    console::result(text.trim_end())?;
    console::notice(&format!("{count} tests, for each different decision one"));
    Ok(ExitCode::SUCCESS)
}

async fn write(authority: &Authority, since: Duration) -> Result<Recorded, CliError> {
    let now = authority.clock().now();
    let since = now.as_seconds().saturating_sub(since.as_secs());
    let since = Some(scopegate_claims::UnixTime::from_seconds(since));
    let mut filter = AuditFilter { since, ..AuditFilter::default() };
    let mut events = Vec::new();
    loop {
        let page = authority.store().audit_events(&filter, PAGE).await;
        let page = page.map_err(|error| CliError::failed(&error))?;
        let Some(last) = page.last() else { break };
        filter.before = Some(last.id);
        // A newer version may have written an event that this one cannot read.
        events.extend(page.iter().filter_map(|event: &StoredEvent| event.read().ok()));
    }
    let mut logins = HashMap::new();
    let decisions = events.iter().filter_map(|event| event.decision());
    for id in decisions.filter_map(|decision| decision.user.as_deref()) {
        if logins.contains_key(id) {
            continue;
        }
        let user = match UserId::parse(id) {
            Err(_) => None,
            Ok(id) => {
                let user = authority.store().user(UserKey::Id(&id)).await;
                user.map_err(|error| CliError::failed(&error))?
            }
        };
        logins.insert(id.to_owned(), user.map(|user| user.login));
    }
    // The oldest comes first, as in a log.
    Ok(recorded(events.iter().rev(), &|id| logins.get(id).cloned().flatten()))
}
