//! Ours beside other crates that check bearer tokens, in the same rounds with the same tokens.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml
//! ```
//!
//! All check signature, `iss`, `aud`, `exp` and `nbf`, read the claims and ask for one scope of five.
//! Before the rounds each is shown to refuse what it must; what it lets pass is said in the table.

mod aliri;
mod axum_jwt_auth;
mod claims;
mod jwt_authorizer;
mod ours;
mod tower_oauth2_resource_server;

use scopegate_benches::{Contender, Raw, Setting, take_turns};
use scopegate_jose::Algorithm;

const ROUNDS: usize = 11;
const TURNS: usize = 5;

/// A peer, ready to be measured.
pub struct Peer {
    pub name: &'static str,
    pub contender: Box<dyn Contender>,
    /// The status it answers a token with.
    pub status: Box<dyn FnMut(&str) -> u16>,
}

#[tokio::main]
async fn main() {
    let mut setting = Setting::new(Algorithm::Rs256);
    let mut peers = vec![
        ours::peer(&setting),
        aliri::peer(&setting),
        axum_jwt_auth::peer(&setting),
        jwt_authorizer::peer(&setting).await,
        tower_oauth2_resource_server::peer(&setting).await,
    ];
    let good = setting.token(serde_json::json!({}));
    let refused = setting.refused();
    let mut passed = Vec::new();
    // Who cannot read the tokens cannot be compared.
    peers.retain_mut(|peer| {
        let reads = (peer.status)(&good) == 200;
        if !reads {
            println!("{} refuses a good token, and is left out", peer.name);
        }
        reads
    });
    for peer in &mut peers {
        let lets_pass = refused.iter().filter(|(_, token)| (peer.status)(token) == 200);
        passed.push(lets_pass.map(|(wrong, _)| *wrong).collect::<Vec<_>>().join(", "));
    }

    let mut bare = ours::bare();
    let mut raw = Raw::new(&setting);
    let mut contenders: Vec<&mut dyn Contender> = vec![&mut raw, &mut *bare];
    contenders.extend(peers.iter_mut().map(|peer| &mut *peer.contender as &mut dyn Contender));
    let rounds = take_turns(&mut contenders, ROUNDS, TURNS, |count| setting.tokens(count));

    println!("| RS256, first-seen token | over | request, ns | lets pass a wrong |");
    println!("| --- | --- | --- | --- |");
    for (at, (peer, passed)) in peers.iter().zip(passed).enumerate() {
        let (over, nanos) = (rounds.over(at + 2, 1, 0), rounds.nanos(at + 2));
        println!("| {} | {over:.2} | {nanos:.0} | {passed} |", peer.name);
    }
}
