//! What is said of a peer, and what is measured of it.

use scopegate_benches::{Contender, Setting};
use scopegate_jose::Algorithm;
use tokio::runtime::Runtime;

/// A crate that is compared, as it is set up here.
pub struct Candidate {
    /// The crate and its version.
    pub name: &'static str,
    /// What verifies its signatures, the fastest that it offers.
    pub provider: &'static str,
    /// What it can verify.
    pub algorithms: &'static [Algorithm],
    /// The wrong tokens that it accepts in every configuration.
    pub lets_pass: &'static [&'static str],
    /// Makes it ready; it may have keys to fetch.
    pub set_up: fn(&Setting, &Runtime) -> Peer,
}

/// A peer, ready to be measured.
pub struct Peer {
    /// The router that checks tokens.
    pub contender: Box<dyn Contender>,
    /// The status it answers a token with.
    pub status: Box<dyn FnMut(&str) -> u16>,
    /// The bare router that is subtracted.
    pub beside: Beside,
}

/// A router without authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    Axum08,
    Axum07,
}

/// All that are compared here.
pub const ALL: &[Algorithm] = &[Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
