//! The background tasks of a server: they follow the catalog and the keys, make keys, delete what
//! has expired, and record counted refusals.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use scopegate_core::authority::Authority;
use scopegate_core::error::CallError;
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
            Ok(()) => {
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

/// Takes the steps that are due for the keys of all active servers.
async fn take_due_steps(authority: &Authority) -> Result<(), CallError> {
    if let Err(error) = authority.reload().await {
        // The task that follows the catalog warns of it.
        tracing::debug!(error = &error as &dyn Error, "the keys cannot be compared");
        return Ok(());
    }
    let catalog = authority.catalog();
    let servers = catalog.servers().filter(|server| server.spec.status.is_active());
    for (place, server) in servers.enumerate() {
        if place % SERVERS_A_TURN == SERVERS_A_TURN - 1 {
            tokio::task::yield_now().await;
        }
        if authority.keys().is_due(server) {
            authority.keys().ensure(server).await?;
        }
    }
    Ok(())
}

/// Stops at the first failure: whatever prevents one key from being stored prevents all of them.
async fn make_missing_keys(
    authority: &Authority,
    first_keys: &watch::Sender<FirstKeys>,
) -> Result<(), CallError> {
    let catalog = authority.catalog();
    let servers = catalog.servers().filter(|server| server.spec.status.is_active());
    let mut servers: Vec<_> = servers.collect();
    servers
        .sort_unstable_by_key(|server| (!server.id.is_org(), !server.id.is_default(), &server.id));
    let (first, rest) = servers.split_at(FIRST_SERVERS.min(servers.len()));
    for server in first {
        authority.keys().ensure(server).await?;
    }
    FirstKeys::Made.tell(first_keys);
    for server in rest {
        authority.keys().ensure(server).await?;
    }
    Ok(())
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
