//! Our layer compared with other crates that check bearer tokens, in the same rounds with the same
//! tokens.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml
//! ```
//!
//! Each checks signature, `iss`, `aud`, `exp` and `nbf`, reads the claims and requires one scope of
//! five, as far as it can. Before it is timed, it is checked to refuse all wrong tokens, except
//! those that it accepts in every configuration; these are listed in the table, and checked too.
//! Keys are parsed and fetched before the timed rounds.

mod aliri;
mod axum_0_7;
mod axum_0_8;
mod axum_jwt_auth;
mod axum_keycloak_auth;
mod claims;
mod huskarl_axum;
mod jwt_authorizer;
mod oauth_resource_server;
mod ours;
mod peer;
mod tokens;
mod tower_oauth2_resource_server;

use std::io::{self, Write};

use peer::{ALL, Beside, Candidate, Peer};
use scopegate_benches::{Contender, Raw, Setting, take_turns};
use tokio::runtime::Runtime;

const ROUNDS: usize = 11;
const TURNS: usize = 5;

const CANDIDATES: &[Candidate] = &[
    ours::AROUND,
    ours::INSIDE,
    aliri::CANDIDATE,
    axum_jwt_auth::CANDIDATE,
    axum_keycloak_auth::CANDIDATE,
    huskarl_axum::CANDIDATE,
    jwt_authorizer::CANDIDATE,
    oauth_resource_server::CANDIDATE,
    tower_oauth2_resource_server::CANDIDATE,
];

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    // Some peers need a runtime. It does not drive the measured requests, none of which has to
    // wait.
    let runtime = Runtime::new()?;
    let _entered = runtime.enter();
    for algorithm in ALL {
        let mut setting = Setting::new(*algorithm);
        let able = CANDIDATES.iter().filter(|one| one.algorithms.contains(algorithm));
        let mut peers: Vec<_> = able.map(|one| (one, (one.set_up)(&setting, &runtime))).collect();
        let mistaken: Vec<_> =
            peers.iter_mut().flat_map(|(one, peer)| mistakes(&mut setting, one, peer)).collect();
        assert!(mistaken.is_empty(), "peers do not behave as declared: {mistaken:#?}");
        first_seen(&mut setting, &mut peers, &mut out)?;
        repeat(&mut setting, &mut peers, &mut out)?;
    }
    Ok(())
}

/// Checks that a peer behaves as declared. Returns what it answers otherwise.
fn mistakes(setting: &mut Setting, candidate: &Candidate, peer: &mut Peer) -> Vec<String> {
    let algorithm = setting.algorithm().name();
    let good = ("nothing", tokens::tokens(setting, 1).remove(0));
    let all = tokens::refused(setting).into_iter().chain([good]);
    let mut mistaken = Vec::new();
    for (wrong, token) in all {
        let expected = match wrong {
            "nothing" => 200,
            _ if candidate.accepts.contains(&wrong) => 200,
            "scope" => 403,
            _ => 401,
        };
        let status = (peer.status)(&token);
        if status != expected {
            let name = candidate.name;
            mistaken.push(format!("{name}, {algorithm}: {status} to a token with {wrong} wrong"));
        }
    }
    mistaken
}

type Peers = [(&'static Candidate, Peer)];

fn first_seen(setting: &mut Setting, peers: &mut Peers, out: &mut impl Write) -> io::Result<()> {
    let (mut raw, mut bare_8, mut bare_7) = (Raw::new(setting), axum_0_8::bare(), axum_0_7::bare());
    let mut contenders: Vec<&mut dyn Contender> = vec![&mut raw, &mut *bare_8, &mut *bare_7];
    contenders.extend(peers.iter_mut().map(|(_, peer)| &mut *peer.contender as &mut dyn Contender));
    let rounds = take_turns(&mut contenders, ROUNDS, TURNS, |count| tokens::tokens(setting, count));
    let name = setting.algorithm().name();
    writeln!(
        out,
        "| {name}, first-seen token | over | request, ns | verified by | accepts a wrong |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- |")?;
    for (at, (candidate, peer)) in (3..).zip(peers.iter()) {
        let Candidate { name, provider, accepts, .. } = candidate;
        let (over, nanos) = (rounds.over(at, bare(peer), 0), rounds.nanos(at));
        let accepts = accepts.join(", ");
        writeln!(out, "| {name} | {over:.2} | {nanos:.0} | {provider} | {accepts} |")?;
    }
    writeln!(out, "\nRaw verification: {:.0} ns.\n", rounds.nanos(0))
}

fn repeat(setting: &mut Setting, peers: &mut Peers, out: &mut impl Write) -> io::Result<()> {
    let (mut bare_8, mut bare_7) = (axum_0_8::bare(), axum_0_7::bare());
    let mut contenders: Vec<&mut dyn Contender> = vec![&mut *bare_8, &mut *bare_7];
    contenders.extend(peers.iter_mut().map(|(_, peer)| &mut *peer.contender as &mut dyn Contender));
    let token = tokens::tokens(setting, 1).remove(0);
    let rounds = take_turns(&mut contenders, ROUNDS, TURNS, |count| vec![token.clone(); count]);
    writeln!(out, "| {}, repeat token | added / bare | request, ns |", setting.algorithm().name())?;
    writeln!(out, "| --- | --- | --- |")?;
    for (at, (candidate, peer)) in (2..).zip(peers.iter()) {
        let bare = bare(peer) - 1;
        let (added, nanos) = (rounds.over(at, bare, bare), rounds.nanos(at));
        writeln!(out, "| {} | {added:.2} | {nanos:.0} |", candidate.name)?;
    }
    writeln!(out)
}

/// The index of the bare router that is subtracted; raw verification has index 0.
fn bare(peer: &Peer) -> usize {
    match peer.beside {
        Beside::Axum08 => 1,
        Beside::Axum07 => 2,
    }
}
