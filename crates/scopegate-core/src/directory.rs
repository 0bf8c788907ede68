//! Users as they are stored.

mod person;
pub mod standard_claims;
mod user;

pub use person::{Authentication, Person};
pub use user::{Listed, LoginMatch, NewUser, Profile, User};
