//! The tables at the end.

use std::collections::BTreeSet;

use crate::Run;
use crate::catalog::SERVERS;
use crate::record::{Facts, Moment};
use crate::verifiers::Kind;

/// The maximum number of lines that are shown of the log of a node.
const MAX_LOGGED: usize = 20;

pub(crate) fn print(run: &Run) {
    run.record.read(|facts| {
        servers(run, facts);
        verifiers(facts);
        refusals(facts);
    });
    logs(run);
    run.record.read(|facts| {
        println!("\n{} unexpected", facts.unexpected.len());
        facts.unexpected.iter().for_each(|line| println!("- {line}"));
    });
}

fn servers(run: &Run, facts: &Facts) {
    println!("\n| server | keys that signed | tokens from A | from B |\n| --- | --- | --- | --- |");
    let by = |server, node| facts.tokens.get(&(server, node)).copied().unwrap_or_default();
    for (server, _) in SERVERS {
        let keys = facts.keys.get(server).map_or(0, BTreeSet::len);
        println!("| {server} | {keys} | {} | {} |", by(server, "A"), by(server, "B"));
    }
    println!("\n| node | tokens | not issued | cut by the kill |\n| --- | --- | --- | --- |");
    for node in run.cluster.nodes.iter().map(|node| node.name) {
        let tokens: u64 = SERVERS.iter().map(|(server, _)| by(server, node)).sum();
        let [failed, cut] = [&facts.not_issued, &facts.cut]
            .map(|counts| counts.get(node).copied().unwrap_or_default());
        println!("| {node} | {tokens} | {failed} | {cut} |");
    }
}

fn verifiers(facts: &Facts) {
    println!(
        "\n| verifier | accepted at once | later | just before the end | too late \
         | of the revoked key, accepted | last, s after the command | refused |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |"
    );
    for kind in Kind::ALL {
        let [at_once, later, before_end] = Moment::ALL
            .map(|moment| facts.accepted.get(&(kind, moment)).copied().unwrap_or_default());
        let (accepted, last, refused) = facts.revoked.get(&kind).map_or((0, None, 0), |revoked| {
            (revoked.accepted, revoked.last_accepted, revoked.refused)
        });
        let last = last.map_or("–".to_owned(), |last| format!("{:.0}", last.as_secs_f64()));
        let name = kind.name();
        let too_late = facts.too_late.get(&kind).copied().unwrap_or_default();
        println!(
            "| {name} | {at_once} | {later} | {before_end} | {too_late} | {accepted} | {last} \
             | {refused} |"
        );
    }
}

fn refusals(facts: &Facts) {
    println!("\n| refused by | reason | times |\n| --- | --- | --- |");
    for ((kind, reason), times) in &facts.refusals {
        println!("| {} | {reason} | {times} |", kind.name());
    }
}

/// What the nodes warned of.
fn logs(run: &Run) {
    for node in run.cluster.nodes.iter() {
        let log = node.logged();
        let lines: Vec<_> =
            log.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
        println!("\nnode {}: {} warnings and errors", node.name, lines.len());
        lines.iter().take(MAX_LOGGED).for_each(|line| println!("    {line}"));
    }
}
