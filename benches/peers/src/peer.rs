//! What is declared about a peer, and what is measured.

use scopegate_benches::{Contender, Setting};
use scopegate_jose::Algorithm;
use tokio::runtime::Runtime;

/// A crate to compare with, as it is configured here.
pub struct Candidate {
    /// The crate and its version.
    pub name: &'static str,
    /// The crypto provider that verifies its signatures, the fastest that it offers.
    pub provider: &'static str,
    /// The algorithms that it can verify.
    pub algorithms: &'static [Algorithm],
    /// The wrong tokens that it accepts in every configuration.
    pub accepts: &'static [&'static str],
    /// Sets it up; it may have to fetch keys.
    pub set_up: fn(&Setting, &Runtime) -> Peer,
}

/// A peer, ready to be measured.
pub struct Peer {
    /// The router that checks tokens.
    pub contender: Box<dyn Contender>,
    /// The status of the answer to a token.
    pub status: Box<dyn FnMut(&str) -> u16>,
    /// The bare router that is subtracted from its times.
    pub beside: Beside,
}

/// A router without authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    Axum08,
    Axum07,
}

/// All algorithms that are compared here.
pub const ALL: &[Algorithm] = &[Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
