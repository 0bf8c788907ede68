//! What all measurements share: the tokens, the contenders, and the rounds.
//!
//! [`Contender`]s process the same tokens in turns, a few at a time. A machine that slows down then
//! slows all of them down, and ratios within a round stay valid.

#![deny(missing_docs)]

mod contender;
mod rounds;
mod setting;
mod threads;

pub use contender::{Contender, Raw, Served, finish};
pub use rounds::{Rounds, Spread, take_turns};
pub use setting::{AUDIENCE, ISSUER, SCOPE, Setting};
pub use threads::{Scaling, scaling};
