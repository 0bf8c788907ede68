//! What every measurement shares: the tokens, who is measured, and how.
//!
//! [`Contender`]s take the same tokens in turn, a few at a time, so that a machine that slows down
//! slows all of them down, and ratios within a round hold.

#![deny(missing_docs)]

mod contender;
mod rounds;
mod setting;
mod threads;

pub use contender::{Contender, Raw, Served, finish};
pub use rounds::{Rounds, Spread, take_turns};
pub use setting::{AUDIENCE, ISSUER, SCOPE, Setting};
pub use threads::{Scaling, scaling};
