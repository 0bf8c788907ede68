//! What happens to the cluster during the load, at fixed parts of the run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scopegate_claims::{Clock, SystemClock};
use serde_json::Value;

use crate::Run;
use crate::cluster::MasterKeys;
use crate::revocation::Revocation;

/// How long a killed node is away.
const AWAY: Duration = Duration::from_secs(15);

/// The authorization server whose key is revoked.
const REVOKED_OF: &str = "es256";

/// The successor must have been announced for longer than the cool-downs of the verifiers (30 s of
/// jose, 15 s of the layer) since the last change of keys. Else they refuse its tokens for the rest
/// of a cool-down, as `docs/keys.md` says.
const ANNOUNCED_FOR: u64 = 25;

pub(crate) async fn happen(run: Arc<Run>) {
    let at = async |percent: u32| {
        let time = run.begin + run.duration * percent / 100;
        tokio::time::sleep_until(time.into()).await;
    };
    enter(&run, "steady");
    at(15).await;
    enter(&run, "a node is killed");
    let [_, node] = &*run.cluster.nodes;
    node.kill();
    tokio::time::sleep(AWAY).await;
    node.start().await;
    enter(&run, "the killed node is back");
    at(35).await;
    rewrap(&run).await;
    at(60).await;
    revoke(&run).await;
}

fn enter(run: &Run, phase: &'static str) {
    println!("{:>5.0} s: {phase}", run.begin.elapsed().as_secs_f64());
    run.record.enter(phase);
}

/// The procedure of `docs/keys.md`.
async fn rewrap(run: &Run) {
    let cluster = &run.cluster;
    cluster.make_master_key("second.key");
    let give = async |keys| {
        for node in cluster.nodes.iter() {
            cluster.configure(node, keys);
            node.stop().await;
            node.start().await;
        }
    };
    enter(run, "both nodes get both master keys");
    give(MasterKeys { key: "second.key", previous: Some("first.key") }).await;
    enter(run, "keys rewrap");
    let file = cluster.path("second.key");
    print!("{}", cluster.command(&["keys", "rewrap", "--new-master-key", file.to_str().unwrap()]));
    enter(run, "both nodes lose the old master key");
    give(MasterKeys { key: "second.key", previous: None }).await;
    enter(run, "after the rewrap");
}

async fn revoke(run: &Run) {
    enter(run, "before the revoke");
    let kid = loop {
        let keys = run.cluster.command(&["keys", "list", "--server", REVOKED_OF, "--json"]);
        if let Some(kid) = signing_with_successor(&serde_json::from_str(&keys).unwrap()) {
            break kid;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    enter(run, "after the revoke");
    let begun = Instant::now();
    // Until the command has ended, both answers are right.
    let revocation = |done, cached| Revocation { kid: kid.clone(), begun, done, cached };
    run.record.revoked(revocation(begun + run.duration, Duration::ZERO));
    let text = run.cluster.command(&["keys", "revoke", &kid, "--server", REVOKED_OF, "--yes"]);
    print!("{text}");
    let cached = cached(&text).expect("the command says how long caches may keep the key");
    run.record.revoked(revocation(Instant::now(), cached));
}

/// The key that signs, if its successor has been announced for long enough.
fn signing_with_successor(keys: &Value) -> Option<String> {
    let in_phase = |phase| keys.as_array()?.iter().find(|key| key["phase"] == phase);
    let announced = in_phase("announced")?["created"].as_u64()?;
    let age = SystemClock.now().as_seconds().checked_sub(announced)?;
    (age >= ANNOUNCED_FOR).then(|| in_phase("signing")?["kid"].as_str().map(str::to_owned))?
}

/// The time that the command names: `may accept it for 35 seconds more`.
fn cached(text: &str) -> Option<Duration> {
    let (_, rest) = text.split_once("may accept it for ")?;
    let (amount, _) = rest.split_once(" more")?;
    let (number, unit) = amount.split_once(' ')?;
    let number: u64 = number.parse().ok()?;
    let seconds = if unit.starts_with("minute") { 60 } else { 1 };
    Some(Duration::from_secs(number * seconds))
}
