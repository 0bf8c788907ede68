//! The background tasks of a server: they follow the catalog and the keys, make keys, delete what
//! has expired, and record counted refusals.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use scopegate_core::authority::Authority;
use scopegate_core::error::CallError;
use scopegate_core::keys::DueWork;
use scopegate_core::store::{StoreError, Versions};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use super::CatalogWatch;
use crate::first_keys::FirstKeys;

/// The pause after the first failure. Each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How often the steps of key rotations are looked for, and the keys in memory are compared with the
/// stored ones.
const KEY_INTERVAL: Duration = Duration::from_secs(3);

/// How many authorization servers are looked at before other tasks get a turn.
const SERVERS_A_TURN: usize = 256;

/// How many RSA keys are made before all servers are looked at again: each takes about 90 ms of a core.
const SLOW_A_TURN: usize = 16;

/// How often the storage deletes what has expired. It keeps each row for 30 s after its expiry, so
/// that every row is gone within a minute of it.
const SWEEP_INTERVAL: Duration = Duration::from_secs(20);

/// How often the number of counted refusals is recorded.
const COUNT_INTERVAL: Duration = Duration::from_secs(60);

/// How often audit events that are too old are deleted.
const PRUNE_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// The process is ready when this many authorization servers have their keys. The others get theirs
/// afterwards.
const FIRST_SERVERS: usize = 64;

/// Starts the tasks. They end when the set is dropped.
pub(super) fn start(
    authority: &Arc<Authority>,
    catalog: Arc<dyn CatalogWatch>,
    audit_kept_for: Option<Duration>,
    history_kept_for: Duration,
) -> (JoinSet<()>, watch::Receiver<FirstKeys>) {
    let changed = Arc::new(Notify::new());
    let (progress, first_keys) = watch::channel(FirstKeys::BeingMade);
    let mut tasks = JoinSet::new();
    tasks.spawn(follow_catalog(Arc::clone(authority), catalog, Arc::clone(&changed)));
    tasks.spawn(follow_key_schedules(Arc::clone(authority), changed, progress));
    tasks.spawn(sweep(Arc::clone(authority)));
    tasks.spawn(record_counted_refusals(Arc::clone(authority)));
    tasks.spawn(prune_history(Arc::clone(authority), history_kept_for));
    match audit_kept_for {
        Some(keep) => drop(tasks.spawn(prune_audit(Arc::clone(authority), keep))),
        None => tracing::info!(
            "audit events are never deleted: audit.keep in scopegate.toml says how long they stay"
        ),
    }
    (tasks, first_keys)
}

async fn follow_catalog(
    authority: Arc<Authority>,
    catalog: Arc<dyn CatalogWatch>,
    changed: Arc<Notify>,
) {
    let mut pause = Pause::new();
    loop {
        let known = authority.catalog().versions();
        match load_next(&authority, &*catalog).await {
            Ok(()) => {
                let Versions { catalog, keys } = authority.catalog().versions();
                if catalog > known.catalog {
                    tracing::info!(version = catalog, "the catalog has changed");
                } else {
                    tracing::debug!(version = keys, "the signing keys have changed");
                }
                changed.notify_one();
                pause.reset();
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "the catalog cannot be read");
                pause.wait().await;
            }
        }
    }
}

async fn load_next(authority: &Authority, catalog: &dyn CatalogWatch) -> Result<(), StoreError> {
    catalog.changed_after(authority.catalog().versions()).await?;
    // Without a change there is nothing to do: another caller has reloaded meanwhile.
    authority.reload().await.map(drop)
}

/// Makes the keys that authorization servers lack, and continues their rotations: now, every few
/// seconds, and after each change of the catalog. This is a task of its own because making an RSA
/// key takes long, and a reload must not wait for it.
async fn follow_key_schedules(
    authority: Arc<Authority>,
    changed: Arc<Notify>,
    first_keys: watch::Sender<FirstKeys>,
) {
    let mut pause = Pause::new();
    let mut turns = every(KEY_INTERVAL);
    let mut are_made = false;
    loop {
        let done = match are_made {
            false => make_missing_keys(&authority, &first_keys).await,
            true => take_due_steps(&authority).await,
        };
        match done {
            Ok(Turn::MoreIsDue) => {
                are_made = true;
                pause.reset();
            }
            Ok(Turn::Done) => {
                are_made = true;
                pause.reset();
                tokio::select! {
                    () = changed.notified() => {}
                    _ = turns.tick() => {}
                }
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "a signing key was not made");
                FirstKeys::Failed(Arc::new(error)).tell(&first_keys);
                pause.wait().await;
            }
        }
    }
}

/// Whether steps are left for the next turn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Turn {
    Done,
    MoreIsDue,
}

/// Takes the steps that are due for the keys of all active servers.
///
/// RSA keys are made last, and only some in one turn. Then all servers are looked at again, so that many keys that
/// are due at once do not delay the steps of other servers.
async fn take_due_steps(authority: &Authority) -> Result<Turn, CallError> {
    if let Err(error) = authority.reload().await {
        // The task that follows the catalog warns of it.
        tracing::debug!(error = &error as &dyn Error, "the keys cannot be compared");
        return Ok(Turn::Done);
    }
    let catalog = authority.catalog();
    let servers = catalog.servers().filter(|server| server.spec.status.is_active());
    let mut due = Vec::new();
    for (place, server) in servers.enumerate() {
        if place % SERVERS_A_TURN == SERVERS_A_TURN - 1 {
            tokio::task::yield_now().await;
        }
        due.extend(authority.keys().due_work(server).map(|work| (work, server)));
    }
    let (due, turn) = in_turn(due);
    for server in due {
        authority.keys().ensure(server).await?;
    }
    Ok(turn)
}

/// What is done in one turn: first all that is quick, then at most [`SLOW_A_TURN`] of the rest.
fn in_turn<T>(due: Vec<(DueWork, T)>) -> (Vec<T>, Turn) {
    let (quick, mut slow): (Vec<_>, Vec<_>) =
        due.into_iter().partition(|(work, _)| *work == DueWork::Quick);
    let turn = if slow.len() > SLOW_A_TURN { Turn::MoreIsDue } else { Turn::Done };
    slow.truncate(SLOW_A_TURN);
    (quick.into_iter().chain(slow).map(|(_, it)| it).collect(), turn)
}

/// Makes the keys of the servers that are needed first. The others are [due](take_due_steps) afterwards.
///
/// Stops at the first failure: whatever prevents one key from being stored prevents all of them.
async fn make_missing_keys(
    authority: &Authority,
    first_keys: &watch::Sender<FirstKeys>,
) -> Result<Turn, CallError> {
    let catalog = authority.catalog();
    let servers = catalog.servers().filter(|server| server.spec.status.is_active());
    let mut servers: Vec<_> = servers.collect();
    servers
        .sort_unstable_by_key(|server| (!server.id.is_org(), !server.id.is_default(), &server.id));
    for server in servers.into_iter().take(FIRST_SERVERS) {
        authority.keys().ensure(server).await?;
    }
    FirstKeys::Made.tell(first_keys);
    Ok(Turn::MoreIsDue)
}

async fn sweep(authority: Arc<Authority>) {
    let mut turns = every(SWEEP_INTERVAL);
    loop {
        turns.tick().await;
        if let Err(error) = authority.sweep().await {
            tracing::warn!(error = &error as &dyn Error, "what has expired was not deleted");
        }
    }
}

async fn record_counted_refusals(authority: Arc<Authority>) {
    let mut turns = every(COUNT_INTERVAL);
    loop {
        turns.tick().await;
        authority.record_counted_refusals();
    }
}

async fn prune_audit(authority: Arc<Authority>, keep: Duration) {
    let mut turns = every(PRUNE_INTERVAL);
    loop {
        turns.tick().await;
        match authority.prune_audit(keep).await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "old audit events were deleted"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "old audit events were not deleted");
            }
        }
    }
}

async fn prune_history(authority: Arc<Authority>, keep: Duration) {
    let mut turns = every(PRUNE_INTERVAL);
    loop {
        turns.tick().await;
        match authority.prune_catalog_history(keep).await {
            Ok(0) => {}
            Ok(versions) => tracing::info!(versions, "old versions of the catalog were deleted"),
            Err(error) => tracing::warn!(
                error = &error as &dyn Error,
                "old versions of the catalog were not deleted"
            ),
        }
    }
}

/// The first tick is now. Ticks that were missed because one took long are skipped.
fn every(interval: Duration) -> Interval {
    let mut turns = tokio::time::interval(interval);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    turns
}

/// A pause that grows with each failure.
struct Pause(Duration);

impl Pause {
    fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = LONGEST_PAUSE.min(self.0 * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_other_servers_do_not_wait_for_many_rsa_keys() {
        let slow = |number: usize| (DueWork::Slow, number);
        let due = (0..1000).map(slow).chain([(DueWork::Quick, 1000), (DueWork::Quick, 1001)]);
        let (first, turn) = in_turn(due.collect());
        let expected: Vec<_> = [1000, 1001].into_iter().chain(0..SLOW_A_TURN).collect();
        assert_eq!((first, turn), (expected, Turn::MoreIsDue));
        let few: Vec<_> = (0..SLOW_A_TURN).map(slow).collect();
        assert_eq!(in_turn(few), ((0..SLOW_A_TURN).collect(), Turn::Done));
        assert_eq!(in_turn::<usize>(Vec::new()), (Vec::new(), Turn::Done));
    }
}
